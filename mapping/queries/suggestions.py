"""The suggestions that are shown: the best of each record, the runner-up, and who else claims it (P11)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from mapping.models import OfferSuggestion, OrganizationSuggestion
from mapping.queries.offered import offered
from mapping.similarity import SURE
from mapping.tabs import Mapped, Tab, Target

Shown = OrganizationSuggestion | OfferSuggestion
# Who is less alike than this claims nothing.
CLAIMS = 90


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a record may be; `mapped` and `proposed` name others that have or claim the same target."""

    best: Shown
    runner_up: Shown | None
    mapped: tuple[str, ...] = ()
    proposed: tuple[str, ...] = ()

    @property
    def record(self) -> Mapped:
        return self.best.record

    @property
    def target(self) -> Target:
        return self.best.target

    @property
    def is_sure(self) -> bool:
        return self.best.score >= SURE

    @property
    def conflict(self) -> str:
        """Who else claims it, in a sentence; "" when nobody does."""
        told = [
            f"{_listed(names)} {words}"
            for names, words in ((self.mapped, "mapped to it"), (self.proposed, "suggested for it"))
            if names
        ]
        return f"{' and '.join(told)} too." if told else ""

    @property
    def explained(self) -> str:
        """The reason, the conflict and the runner-up in sentences."""
        words = [f"{self.best.reason}.", self.conflict]
        if other := self.runner_up:
            named = f"{other.target.name} (ID {other.target.connectwise_id})"
            words.append(f"Runner-up: {named}, {other.score} %: {other.reason}.")
        return " ".join(filter(None, words))


def live(tab: Tab) -> "QuerySet[Any]":
    """Suggestions that may still be accepted: not dismissed, of what is unmapped, of what is offered."""
    mapped = {f"record__{tab.field}__isnull": True}
    return tab.suggestion_model._default_manager.filter(
        offered(tab.field, "target__"), dismissed_at__isnull=True, **mapped
    )


def proposals(tab: Tab, records: Collection[int]) -> dict[int, Proposal]:
    """What these records may be, with the same few queries for any number of them."""
    return _proposals(tab, live(tab).filter(record__in=records))


def sure_proposals(tab: Tab) -> list[Proposal]:
    """Every record's best suggestion that is sure enough to be accepted with the others, by name."""
    sure = live(tab).filter(score__gte=SURE).values("record")
    found = _proposals(tab, live(tab).filter(record__in=sure).select_related("record"))
    return sorted(found.values(), key=lambda one: (one.record.name.casefold(), one.record.pk))


def suggestion_counts(tab: Tab) -> tuple[int, int]:
    """How many records have a suggestion, and how many a sure one."""
    counted = live(tab).aggregate(
        all=Count("record", distinct=True),
        sure=Count("record", distinct=True, filter=Q(score__gte=SURE)),
    )
    return counted["all"], counted["sure"]


def _proposals(tab: Tab, rows: "QuerySet[Any]") -> dict[int, Proposal]:
    found: dict[int, list[Shown]] = defaultdict(list)
    for row in rows.select_related("target").order_by("record_id", "place"):
        found[row.record_id].append(row)
    targets = {places[0].target_id for places in found.values()}
    mapped, proposed = _claims(tab, targets)
    return {
        record: Proposal(
            best=best,
            runner_up=others[0] if others else None,
            mapped=tuple(mapped[best.target_id]),
            proposed=tuple(name for pk, name in proposed[best.target_id] if pk != record),
        )
        for record, (best, *others) in found.items()
    }


def _claims(
    tab: Tab, targets: Collection[int]
) -> tuple[Mapping[int, list[str]], Mapping[int, list[tuple[int, str]]]]:
    """Who is mapped to these targets, and whose best suggestion they are; many offers are one product."""
    mapped: dict[int, list[str]] = defaultdict(list)
    proposed: dict[int, list[tuple[int, str]]] = defaultdict(list)
    if tab.shares_targets or not targets:
        return mapped, proposed
    owners = tab.model._default_manager.filter(**{f"{tab.field}__in": targets}).order_by("name")
    for target, name in owners.values_list(tab.field, "name"):
        mapped[target].append(name)
    better = live(tab).filter(record=OuterRef("record"), place__lt=OuterRef("place"))
    best = live(tab).filter(~Exists(better), target__in=targets, score__gte=CLAIMS)
    for target, pk, name in best.order_by("record__name").values_list(
        "target", "record", "record__name"
    ):
        proposed[target].append((pk, name))
    return mapped, proposed


def _listed(names: Iterable[str], limit: int = 3) -> str:
    """ "A is", "A, B and C are", "A, B, C and 4 others are"."""
    listed = list(names)
    shown = listed[:limit]
    if more := len(listed) - len(shown):
        return f"{', '.join(shown)} and {more} other{'s' if more > 1 else ''} are"
    if len(shown) == 1:
        return f"{shown[0]} is"
    return f"{', '.join(shown[:-1])} and {shown[-1]} are"
