"""The plan shown is the plan executed (P39): holds a preview's rows against a plan made just now.

What is the same is sent. What differs is not: it is set aside with the difference, and planned
again in a preview of its own. What would send nothing any more is taken over as it is now.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db import connection, transaction
from django.db.models.functions import Now

from invoices.models import Operation, SyncRun
from invoices.sync import plan
from invoices.sync.facts import WAITS_FOR_A_YES
from invoices.sync.images import AdditionImage, differences
from invoices.sync.keeping import (
    keep_closed,
    mark_refused,
    move_on,
    standing,
)
from invoices.sync.plan_figures import figures
from invoices.sync.plan_log import log_refused
from invoices.sync.read import Listed
from invoices.sync.states import AGREEMENT_KINDS, GIVEN_UP, OperationState, RunState

T = TypeVar("T")
BATCH = 1000
S = OperationState
AGAIN = "planned_again"
GONE = "It was posted, changed or taken out of the plan meanwhile."

# What is planned for one line, one Addition or one agreement: its operations in their order.
Chain = list[Operation]
Fresh = list[plan.Planned]


def keep_to_what_was_shown(run: SyncRun, planned: Sequence[plan.Planned], listed: Listed) -> None:
    """Sets the run going with the rows that still hold."""
    # An agreement of another run that came to nothing: whoever waits for it is planned again.
    run.operations.filter(state=S.PLANNED, waits_for__state__in=GIVEN_UP).update(waits_for=None)
    fresh = _by_subject((_subject(one), one) for one in planned)
    shown = _by_subject((_subject_of_row(row), row) for row in _rows(run))
    ended = set(run.scope.get("ends", ()))
    changed: list[Operation] = []
    for subject, chain in shown.items():
        changed += _hold(chain, fresh.get(subject, []), listed, ended)
    kept = [one for subject in shown for one in fresh.get(subject, [])]
    with transaction.atomic():
        move_on(run, RunState.RUNNING, **{**figures(kept, listed), "total": run.total})
        Operation.objects.bulk_update(
            changed,
            ["state", "reason", "reason_code", "line_version", "addition_id", "before", "intent"],
            batch_size=BATCH,
        )
        _note_highest_ids(run, listed)
        _drop_needless_agreements(run)
        keep_closed(kept)
        mark_refused(run)
    log_refused(run, kept)


def _rows(run: SyncRun) -> Iterable[Operation]:
    slot = ("own_agreement__company", "own_agreement")
    return run.operations.select_related("agreement", "posting", *slot).order_by("pk")


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a row is about, the same in both plans."""

    line: int | None = None
    key: str = ""
    slot: tuple[int, str, str] | None = None


def _subject(one: plan.Planned) -> _Subject:
    if one.kind in AGREEMENT_KINDS and one.slot:
        return _Subject(slot=(one.slot.company_id, one.slot.currency, one.slot.contract_id))
    return _Subject(line=one.line.id) if one.line else _Subject(key=one.key)


def _subject_of_row(row: Operation) -> _Subject:
    own = row.own_agreement
    if own:
        return _Subject(slot=(own.company.connectwise_id, own.currency, own.contract_id))
    return _Subject(line=row.line_id) if row.line_id else _Subject(key=row.key)


def _by_subject(pairs: Iterable[tuple[_Subject, T]]) -> dict[_Subject, list[T]]:
    found: dict[_Subject, list[T]] = {}
    for subject, one in pairs:
        found.setdefault(subject, []).append(one)
    return found


def _hold(chain: Chain, now: Fresh, listed: Listed, ended: set[str]) -> list[Operation]:
    """The rows of one subject that have to be written, if any."""
    # Of a move, the half that is made.
    main = chain[-1]
    if main.own_agreement_id:
        return []  # dropped where nothing waits for it any more
    if not now:
        return _set_aside(chain, "changed", GONE) if main.state == S.PLANNED else []
    if len(chain) == len(now) and all(
        _is_same(row, one, ended) for row, one in zip(chain, now, strict=True)
    ):
        pairs = zip(chain, now, strict=True)
        return [row for row, one in pairs if _bring_up_to_date(row, one, listed)]
    if len(chain) == len(now) == 1 and _stands_there(main, now[0]):
        return [_leave_as_it_is(main, now[0])]
    if now[-1].state != S.PLANNED:
        return _take_over(chain, now[-1])
    return _set_aside(chain, AGAIN, f"Planned again: {_difference(main, now[-1])}.")


def _is_same(row: Operation, one: plan.Planned, ended: set[str]) -> bool:
    place = row.agreement.connectwise_id if row.agreement else None
    # An end was listed as skipped; with its yes, the plan of now sends it.
    ticked = _waits(row) and one.key in ended and one.state == S.PLANNED
    told = (row.state, row.reason_code) == (one.state, one.code)
    # What a person read was the reason: refused for another one, the row isn't as it was shown.
    words = one.state != S.REFUSED or row.reason == one.reason
    return (
        not _is_unready(row, one)
        and (row.kind, row.key, place) == (one.kind, one.key, one.agreement_id)
        and row.subscription_id == one.subscription_id
        and (ticked or (told and words))
        and _same_image(row.before, one.before)
        and _same_image(row.after, one.image)
    )


def _is_unready(row: Operation, one: plan.Planned) -> bool:
    """Something has to be done first that was not shown: to its agreement, or by another undo."""
    return row.waits_for_id is None and (one.follows or one.agreement_work is not None)


def _stands_there(row: Operation, one: plan.Planned) -> bool:
    """Somebody has written by hand just what was shown: nothing is left to be sent."""
    return (
        (row.state, row.key) == (one.state, one.key)
        and one.unchanged
        and _same_image(row.after, one.image)
    )


def _leave_as_it_is(row: Operation, one: plan.Planned) -> Operation:
    assert one.before
    row.before, row.intent, row.reason = one.before.to_json(), one.intent, one.reason
    row.reason_code, row.line_version = one.code, one.line.version if one.line else None
    return row


def _waits(row: Operation) -> bool:
    return row.state == S.SKIPPED and row.reason_code in WAITS_FOR_A_YES


def _same_image(kept: dict[str, object] | None, image: AdditionImage | None) -> bool:
    if kept is None or image is None:
        return kept is None and image is None
    return not differences(AdditionImage.from_json(kept), image)


def _bring_up_to_date(row: Operation, one: plan.Planned, listed: Listed) -> bool:
    """What the claim and the call go by; True where the row has to be written."""
    values = {
        "state": one.state,
        "reason": one.reason,
        "reason_code": one.code,
        "line_version": one.line.version if one.line else None,
        "addition_id": one.addition_id or standing(one, listed),
    }
    differs = [name for name, value in values.items() if getattr(row, name) != value]
    for name in differs:
        setattr(row, name, values[name])
    return bool(differs)


def _take_over(chain: Chain, now: plan.Planned) -> list[Operation]:
    """It sends nothing any more, and says why as things stand now."""
    for row in chain:
        row.state, row.reason, row.reason_code = now.state, now.reason, now.code
        row.line_version = now.line.version if now.line else None
    return chain


def _set_aside(chain: Chain, code: str, reason: str) -> list[Operation]:
    for row in chain:
        row.state, row.reason, row.reason_code = S.SKIPPED, reason, code
    return chain


def _difference(row: Operation, one: plan.Planned) -> str:
    """In words, what is not as it was shown."""
    if row.state != S.PLANNED:
        return "it would be posted now"
    if _is_unready(row, one) and one.agreement_work is None:
        return "something newer would have to be taken back first"
    if _is_unready(row, one):
        made = "be made" if one.slot else "bill from an earlier day"
        return f"its agreement would have to {made} first"
    if row.kind != one.kind:
        return f"it would be {one.intent.value}, not {row.intent}"
    if row.after is not None and one.image is not None:
        told = differences(AdditionImage.from_json(row.after), one.image)
        if told:
            return "; ".join(str(each) for each in told)
    if row.before is not None and one.before is not None:
        told = differences(AdditionImage.from_json(row.before), one.before)
        if told:
            return "before the change, " + "; ".join(str(each) for each in told)
    if row.subscription_id != one.subscription_id:
        return "another line keeps its subscription's Addition, or none does any more"
    return "it would go to another agreement"


def _note_highest_ids(run: SyncRun, listed: Listed) -> None:
    """Where settling looks from, as of now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE invoices_operation operation SET highest_id_before = known.highest
              FROM unnest(%s::int[], %s::int[]) known(connectwise_id, highest)
              JOIN psa_connectwise_agreement agreement USING (connectwise_id)
             WHERE operation.run_id = %s AND operation.agreement_id = agreement.id
               AND operation.state = 'planned'
            """,
            [list(listed.highest_ids), list(listed.highest_ids.values()), run.pk],
        )


def _drop_needless_agreements(run: SyncRun) -> None:
    """What waited for it was set aside, or finds it made by now."""
    waited_for = run.operations.filter(state=S.PLANNED, waits_for__isnull=False)
    run.operations.filter(state=S.PLANNED, own_agreement__isnull=False).exclude(
        pk__in=waited_for.values("waits_for")
    ).update(state=S.WITHDRAWN, finished_at=Now())
