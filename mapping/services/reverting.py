"""Takes changes of mappings back, whole or not at all; what that will change is told first (P13).

A change can be taken back while its mapping still is what the change made of it. Taking it back is
a change like any other: it fills lines, leaves its history, and can be taken back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import transaction

from mapping.models import MappingChange, Organization
from mapping.queries.history import Picture, mapped_now, newest_changes, where
from mapping.services.choices import (
    AgreementChoice,
    By,
    CompanyChoice,
    MappingRefused,
    ProductChoice,
    is_same,
)
from mapping.services.mappings import set_agreements, set_companies, set_products
from psa_connectwise.models import Agreement, Company, Product

Kind = MappingChange.Kind
Choice = CompanyChoice | ProductChoice | AgreementChoice


# How many of them the dialog lists.
SHOWN = 1000


class RevertRefused(Exception):
    """Something stands in the way, or what was shown has changed; the plan tells what."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change and what taking it back means: `why_not` is "" where it can be done."""

    change: MappingChange
    is_done: bool  # it is as it was before already
    why_not: str
    lines: int = 0


@dataclass(frozen=True, kw_only=True)
class RevertPlan:
    """What taking changes back will do."""

    steps: Sequence[Step]

    @property
    def blocked(self) -> list[Step]:
        """What stands in the way: one of these, and nothing is taken back."""
        return [step for step in self.steps if step.why_not]

    @property
    def to_do(self) -> list[Step]:
        """What a yes would change; what is as it was already is left alone."""
        return [step for step in self.steps if not step.is_done and not step.why_not]

    @property
    def shown(self) -> list[Step]:
        """What stands in the way first; a dialog is no place for thousands."""
        return sorted(self.steps, key=lambda step: not step.why_not)[:SHOWN]

    @property
    def more(self) -> int:
        """How many the dialog doesn't list."""
        return max(0, len(self.steps) - SHOWN)

    @property
    def lines(self) -> int:
        """How many unsynced lines would be filled otherwise."""
        return sum(step.lines for step in self.steps)

    @property
    def is_possible(self) -> bool:
        """All of it or nothing: one that is blocked blocks the rest."""
        return bool(self.to_do) and not self.blocked

    @property
    def mark(self) -> str:
        """Changes whenever something else would be done."""
        steps = [(step.change.pk, step.is_done, step.why_not) for step in self.steps]
        return sha256(repr(steps).encode()).hexdigest()


def plan_revert(changes: Iterable[MappingChange]) -> RevertPlan:
    """What taking these back will do, with the number of lines; nothing is kept."""
    steps = _steps(list(changes))
    to_do = [step.change for step in steps if not step.is_done and not step.why_not]
    if any(step.why_not for step in steps) or not to_do:
        return RevertPlan(steps=steps)
    refused: dict[int, str] = {}
    lines: dict[int, int] = {}
    with transaction.atomic():
        # Exactly what will be done, and then not done.
        for made in _apply(to_do, user=None, refused=refused):
            lines[made.reverts_id or 0] = made.lines_affected
        transaction.set_rollback(True)
    return RevertPlan(steps=[_told(step, refused, lines) for step in steps])


@transaction.atomic
def revert_changes(
    changes: Iterable[MappingChange], *, mark: str, user: User
) -> list[MappingChange]:
    """Take them back as the plan with this mark said; raises `RevertRefused` and changes nothing."""
    wanted = list(changes)
    # Whoever maps one of these waits, or is waited for and seen.
    organizations = {change.organization_id for change in wanted if change.organization_id}
    locked = Organization.objects.select_for_update(no_key=True)
    list(locked.filter(pk__in=organizations).order_by("pk"))
    plan = plan_revert(wanted)
    if not plan.is_possible or plan.mark != mark:
        raise RevertRefused
    return _apply([step.change for step in plan.to_do], user=user, refused={})


def _steps(changes: list[MappingChange]) -> list[Step]:
    now = mapped_now(changes)
    newest = newest_changes(changes)
    return [_step(change, now[change.pk], newest.get(change.pk)) for change in changes]


def _step(change: MappingChange, now: Picture, newest: MappingChange | None) -> Step:
    # "Create new agreement" becomes the agreement that was made: nobody changed anything.
    was_made = bool((change.after or {}).get("create")) and now is not None and newest == change
    if is_same(now, change.after) or was_made:
        return Step(change=change, is_done=False, why_not="")
    if is_same(now, change.before):
        return Step(change=change, is_done=True, why_not="")
    return Step(change=change, is_done=False, why_not=_later(change, newest))


def _later(change: MappingChange, newest: MappingChange | None) -> str:
    """Who changed it since, and what to do."""
    if newest is None or newest.pk == change.pk:
        return "It was changed since, and nobody can say by whom. Map it on its tab."
    who = newest.user.get_username() if newest.user else "a command"
    day = f"{newest.created_at:%Y-%m-%d %H:%M}"
    return (
        f"{who} changed it later ({day}, {newest.get_origin_display()}). Revert that change first."
    )


def _told(step: Step, refused: dict[int, str], lines: dict[int, int]) -> Step:
    pk = step.change.pk
    return Step(
        change=step.change,
        is_done=step.is_done,
        why_not=refused.get(pk, ""),
        lines=lines.get(pk, 0),
    )


def _apply(
    changes: list[MappingChange], *, user: User | None, refused: dict[int, str]
) -> list[MappingChange]:
    """Set everything to what it was before; what may not be is told in `refused`, by the change."""
    by = By(user=user, origin=MappingChange.Origin.REVERT, batch=uuid4() if changes[1:] else None)
    choices = {change.pk: choice for change, choice in _choices(changes)}
    for pk, choice in choices.items():
        try:
            choice.check()
        except MappingRefused as why:
            refused[pk] = str(why)
    allowed: list[Any] = [choice for pk, choice in choices.items() if pk not in refused]
    made = [
        *set_companies([one for one in allowed if isinstance(one, CompanyChoice)], by=by),
        *set_products([one for one in allowed if isinstance(one, ProductChoice)], by=by),
        *set_agreements([one for one in allowed if isinstance(one, AgreementChoice)], by=by),
    ]
    taken_back = {where(change): change for change in changes}
    for one in made:
        one.reverts = taken_back[where(one)]
    MappingChange.objects.bulk_update(made, ["reverts"], batch_size=1000)
    return made


def _choices(changes: list[MappingChange]) -> list[tuple[MappingChange, Choice]]:
    """What it was before, as a choice; a record that isn't here any more is not chosen."""
    companies = _before(changes, Kind.ORGANIZATION, Company)
    products = _before(changes, Kind.OFFER, Product)
    agreements = _before(changes, Kind.AGREEMENT, Agreement)
    found: list[tuple[MappingChange, Choice]] = []
    for change in changes:
        organization, offer, pk = change.organization_id, change.offer_id, _id(change.before)
        if change.kind == Kind.ORGANIZATION and organization:
            company = companies.get(pk)
            found.append((change, CompanyChoice(organization_id=organization, company=company)))
        elif change.kind == Kind.OFFER and offer:
            product = products.get(pk)
            choice = ProductChoice(offer_id=offer, product=product, organization_id=organization)
            found.append((change, choice))
        elif organization:
            chosen = AgreementChoice(
                organization_id=organization,
                contract_id=change.contract_id,
                offer_id=offer,
                agreement=agreements.get(pk),
                create_agreement=bool((change.before or {}).get("create")),
            )
            found.append((change, chosen))
    return found


def _before(changes: list[MappingChange], kind: Kind, model: type[Any]) -> dict[int, Any]:
    wanted = {_id(change.before) for change in changes if change.kind == kind}
    records: dict[int, Any] = model.objects.in_bulk(wanted)
    return records


def _id(picture: Picture) -> int:
    value = (picture or {}).get("id")
    return value if isinstance(value, int) else 0
