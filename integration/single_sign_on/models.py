"""Which person of the provider is which user."""

from django.contrib.auth.models import User
from django.db import models


class Identity(models.Model):
    """A person as the provider knows them: an e-mail address may change, the subject never does."""

    user = models.ForeignKey(User, models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    linked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints = (
            models.UniqueConstraint(fields=["issuer", "subject"], name="one_user_per_subject"),
            models.UniqueConstraint(fields=["issuer", "user"], name="one_subject_per_user"),
        )

    def __str__(self) -> str:
        return f"{self.user} at {self.issuer}"
