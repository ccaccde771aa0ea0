"""What loads and runs have in common: somebody or something asked for them."""

from enum import StrEnum

from django.conf import settings
from django.db import models

from invoices.sync.states import Origin


def choices(enum: type[StrEnum]) -> list[tuple[str, str]]:
    """An enumeration of pure code as the choices of a column."""
    return [(member.value, member.value.replace("_", " ")) for member in enum]


class Requested(models.Model):
    """Work that a person, a command or the schedule asked for."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    origin = models.CharField(max_length=8, choices=choices(Origin), default=Origin.PERSON)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)  # by mail, where the schedule began it

    class Meta:
        abstract = True

    @property
    def by(self) -> str:
        """Who asked for it, as people read it."""
        return self.user.username if self.user else self.get_origin_display()
