"""The figures of a plan, which its run keeps beside the operations: how many lines, how much money."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from invoices.sync import plan, remote
from invoices.sync.read import Listed
from invoices.sync.states import AGREEMENT_KINDS, OperationState


def figures(planned: Sequence[plan.Planned], listed: Listed) -> dict[str, object]:
    """What the run keeps of its plan beside the operations."""
    reference = {"field": listed.reference.field, "id": listed.reference.custom_field_id}
    return {
        "total": sum(counts(one) for one in planned),
        "plan": {
            "totals": totals(planned),
            "kinds": kinds(planned),
            "reference": reference,
            "installation": remote.installation(),
        },
    }


def counts(one: plan.Planned) -> bool:
    """Whether the run's progress counts it: neither a step nor work on an agreement."""
    return one.kind not in AGREEMENT_KINDS and not one.is_step


def kinds(planned: Iterable[plan.Planned]) -> dict[str, int]:
    """How many of each are to be sent; "unchanged" sends nothing."""
    sent = (one for one in planned if one.state == OperationState.PLANNED)
    return dict(Counter("unchanged" if one.unchanged else one.kind.value for one in sent))


def totals(planned: Iterable[plan.Planned]) -> dict[str, dict[str, object]]:
    """Per state and currency: how many lines, revenue and cost (as text, exact)."""
    counts: Counter[tuple[str, str]] = Counter()
    money: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for one in planned:
        if one.line and not one.is_step:
            group = (one.state.value, one.line.currency)
            counts[group] += 1
            money[group][0] += one.line.total_price
            money[group][1] += one.line.total_cost
    told: dict[str, dict[str, object]] = {}
    for (state, currency), n in sorted(counts.items()):
        revenue, cost = money[state, currency]
        told.setdefault(state, {})[currency] = {
            "lines": n,
            "revenue": str(revenue),
            "cost": str(cost),
        }
    return told
