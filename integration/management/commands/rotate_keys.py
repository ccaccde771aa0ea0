"""`rotate_keys`: puts every stored secret under the first key of FIELD_ENCRYPTION_KEY."""

from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import models, transaction

from mapping.commands import Report, ReportingCommand
from wire.fields import EncryptedTextField


class Command(ReportingCommand):
    help = (
        "Encrypt every stored secret anew, under the first key of FIELD_ENCRYPTION_KEY. Put the new "
        "key first and the old one after a comma, restart, run this, then take the old one away."
    )
    could_not_run = (ImproperlyConfigured,)

    def report(self, **_options: Any) -> Report:
        """All of them or none: with one that can't be read, nothing is written."""
        with transaction.atomic():
            count = sum(_rotate(model) for model in apps.get_models())
        return Report(
            sentence=f"{count} stored secrets are under the first key now; the older keys can go.",
            data={"secrets": count},
        )


def _rotate(model: type[models.Model]) -> int:
    names = [field.name for field in model._meta.fields if isinstance(field, EncryptedTextField)]
    count = 0
    for row in model._default_manager.select_for_update().order_by("pk") if names else ():
        row.save(update_fields=names)  # reading decrypts with any key, writing takes the first
        count += sum(bool(getattr(row, name)) for name in names)
    return count
