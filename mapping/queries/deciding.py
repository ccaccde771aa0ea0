"""What suggestions are worked out from: unmapped records, offered targets, earlier decisions (P11)."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from mapping.models import MappingChange
from mapping.names import same_key
from mapping.queries.offered import offered
from mapping.similarity import Subject
from mapping.tabs import Tab

Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A record of ConnectWise as it is compared."""

    connectwise_id: int
    name: str
    identifier: str


def subjects(tab: Tab) -> dict[int, Subject]:
    """Everything unmapped, by its id."""
    unmapped = tab.model._default_manager.filter(**{f"{tab.field}__isnull": True})
    return {pk: _subject(tab, *values) for pk, *values in unmapped.values_list(*_columns(tab))}


def offered_targets(tab: Tab) -> dict[int, Target]:
    """What may be chosen: nothing deleted, inactive or missing."""
    rows = tab.target_model._default_manager.filter(offered(tab.field))
    return {
        pk: Target(connectwise_id=number, name=name, identifier=identifier)
        for pk, number, name, identifier in rows.values_list(
            "pk", "connectwise_id", "name", "identifier"
        )
    }


def decisions(tab: Tab) -> dict[str, tuple[int, str]]:
    """What a name was mapped to elsewhere: its key → the target and the Platform's id of who has it.

    Names that were decided in two ways say nothing.
    """
    mapped = tab.model._default_manager.filter(**{f"{tab.field}__isnull": False})
    found: dict[str, tuple[int, str]] = {}
    torn: set[str] = set()
    # In one order, so that a reason names the same record in each refresh.
    rows = mapped.order_by("pk").values_list(*_columns(tab), f"{tab.field}_id", "platform_id")
    for _, *values, target, platform_id in rows:
        key = decision_key(_subject(tab, *values))
        if found.setdefault(key, (target, platform_id))[0] != target:
            torn.add(key)
    return {key: value for key, value in found.items() if key not in torn}


def decision_key(subject: Subject) -> str:
    """Equal for offers of one vendor that are called the same but for what doesn't count."""
    return f"{same_key(subject.name, subject.kind)} | {subject.vendor.casefold()}"


def undone(tab: Tab, records: Iterable[int]) -> dict[Pair, str]:
    """Which mapping a person took away from what is unmapped now, and who did."""
    found: dict[Pair, str] = {}
    kind, own = _history(tab)
    changes = (
        MappingChange.objects.filter(own, kind=kind, after__isnull=True, before__isnull=False)
        .filter(**{f"{tab.line_column}__in": list(records)})
        .order_by("pk")
    )
    for record, before, who in changes.values_list(tab.line_column, "before", "user__username"):
        found[record, before["id"]] = f"unmapped by {who or 'a command'} before"
    return found


def dismissed(tab: Tab) -> set[Pair]:
    """What a person said no to: it is never suggested for that record again."""
    rows = tab.suggestion_model._default_manager.filter(dismissed_at__isnull=False)
    return set(rows.values_list("record_id", "target_id"))


def _history(tab: Tab) -> tuple[MappingChange.Kind, Q]:
    if tab.kind == "organization":
        return MappingChange.Kind.ORGANIZATION, Q()
    return MappingChange.Kind.OFFER, Q(organization=None)


def _columns(tab: Tab) -> tuple[str, ...]:
    return ("pk", "name", tab.code_field, *(["vendor_name"] if tab.kind == "offer" else []))


def _subject(tab: Tab, name: str, code: str, vendor: str = "") -> Subject:
    return Subject(tab.kind, name, code, vendor, tab.code_name)
