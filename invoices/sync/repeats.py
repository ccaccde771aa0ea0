"""What ConnectWise refused is not sent again by the schedule before something changed (P48).

A person's Sync or Retry sends it again.
"""

from collections.abc import Sequence
from dataclasses import replace

from invoices.models import InvoiceLine, Operation
from invoices.sync.facts import Planned
from invoices.sync.images import AdditionImage, differences
from invoices.sync.states import OperationState
from invoices.sync.wanted_agreements import without_needless


def leave_refused(planned: Sequence[Planned]) -> list[Planned]:
    """Skips the lines whose last try ConnectWise refused just so."""
    refused = _last_refused({one.line.id for one in planned if one.line})
    stay = {
        one.line.id
        for one in planned
        if one.line and not one.is_step and _is_repeat(one, refused.get(one.line.id))
    }
    return without_needless(
        _skip(one) if one.line and one.line.id in stay else one for one in planned
    )


def _last_refused(line_ids: set[int]) -> dict[int, Operation]:
    """By line, its newest operation that ConnectWise refused, where the line still stands in Error."""
    lines = InvoiceLine.objects.filter(pk__in=line_ids, psa_status=InvoiceLine.Status.ERROR)
    newest = (
        # PostgreSQL's DISTINCT ON keeps the first row of each line in this order: the newest.
        Operation.objects.filter(line__in=lines, state=OperationState.FAILED, is_step=False)
        .select_related("agreement")
        .order_by("line", "-pk")
        .distinct("line")
    )
    return {one.line_id: one for one in newest if one.line_id}


def _is_repeat(one: Planned, refused: Operation | None) -> bool:
    if refused is None or one.state != OperationState.PLANNED or one.image is None:
        return False
    place = refused.agreement.connectwise_id if refused.agreement else None
    return (
        (refused.kind, refused.key, place) == (one.kind, one.key, one.agreement_id)
        and refused.after is not None
        and not differences(AdditionImage.from_json(refused.after), one.image)
    )


def _skip(one: Planned) -> Planned:
    return replace(
        one,
        state=OperationState.SKIPPED,
        code="refused_before",
        reason="ConnectWise refused just this before. It is sent again by Sync or Retry, or once "
        "something changed.",
    )
