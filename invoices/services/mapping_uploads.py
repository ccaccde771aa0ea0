"""Uploaded files of mappings: what one would change is kept as it was shown, and done only so."""

import logging
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from invoices.mapping_rows import BadMappingFile
from invoices.mapping_text import UnreadableFile, text_of
from invoices.services.mapping_files import ImportChanged, Imported, import_mappings
from mapping.models import MappingFile, Offer, Organization
from mapping.queries.history import where

logger = logging.getLogger(__name__)

MAX_BYTES = settings.FILE_UPLOAD_MAX_MEMORY_SIZE
# Every mapping of the largest reseller, in a few seconds.
MAX_LINES = 20_000
KEPT = timedelta(days=7)
SPLIT = "Split it, and import one part after the other."
TOO_LARGE = f"The file is larger than {MAX_BYTES / 1024**2:.0f} MB. {SPLIT}"


def take_file(*, name: str, data: bytes, user: User) -> MappingFile:
    """Keep an uploaded file with what it would change; raises `UnreadableFile` for what is no such file."""
    if len(data) > MAX_BYTES:
        raise UnreadableFile(TOO_LARGE)
    if not data.strip():
        raise UnreadableFile("The file is empty. Choose another one.")
    text, is_guessed = text_of(data)
    lines = text.count("\n")
    if lines > MAX_LINES:
        raise UnreadableFile(
            f"The file has {lines:,} lines, of {MAX_LINES:,} that are taken at once. {SPLIT}"
        )
    MappingFile.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    file = MappingFile(
        # The end of a long name tells more than its begin; PostgreSQL takes no NUL.
        name=name.replace("\0", "")[-255:],
        text=text,
        is_guessed=is_guessed,
        user=user,
    )
    _show(file)
    return file


def import_file(*, pk: int, mark: str, user: User) -> Imported:
    """Do what was shown under this mark; raises `ImportChanged`, and then the file shows it anew."""
    try:
        with transaction.atomic():
            file = MappingFile.objects.select_for_update().get(pk=pk)
            if file.batch or not file.mark:
                raise ImportChanged
            imported = import_mappings(text=file.text, user=user, mark=mark)
            file.batch = imported.batch
            file.save(update_fields=["batch"])
    except (ImportChanged, BadMappingFile) as changed:
        file = MappingFile.objects.get(pk=pk)
        if not file.batch:
            _show(file)
        raise ImportChanged from changed
    logger.info("%s: %s mappings imported", file.name, f"{len(imported.changes):,}")
    return imported


def _show(file: MappingFile) -> None:
    """Work out what the file would change now."""
    file.shown_at, file.changes, file.faults, file.mark = timezone.now(), [], [], ""
    try:
        imported = import_mappings(text=file.text, user=file.user, dry_run=True)
    except BadMappingFile as bad:
        file.faults = [fault._asdict() for fault in bad.faults]
    else:
        file.mappings, file.changes = imported.mappings, _told(imported)
        # Without a change there is nothing to import.
        file.mark = imported.mark if imported.changes else ""
    if file.pk is None:
        file.save()
    else:  # whoever imports it meanwhile writes its batch
        file.save(update_fields=["shown_at", "mappings", "changes", "faults", "mark"])


def _told(imported: Imported) -> list[dict[str, object]]:
    """The changes with the names that they are shown by."""
    changes = imported.changes
    organizations = _names(Organization, {one.organization_id for one in changes})
    offers = _names(Offer, {one.offer_id for one in changes})
    return [
        {
            "line": imported.line_of[where(one)],
            "kind": one.kind,
            "organization": organizations.get(one.organization_id, ""),
            "offer": offers.get(one.offer_id, ""),
            "contract_id": one.contract_id,
            "before": one.before,
            "after": one.after,
            "lines": one.lines_affected,
        }
        for one in changes
    ]


def _names(model: type[Organization] | type[Offer], ids: set[int | None]) -> dict[int | None, str]:
    found = model._default_manager.filter(pk__in=[one for one in ids if one])
    return dict(found.values_list("pk", "name"))
