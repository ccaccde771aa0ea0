"""What a line does to the Additions that stand there already (P45). Pure.

A recurring line keeps its subscription's one persistent Addition over the months; everything else
has an Addition of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from invoices.sync.cautions import Caution, CautionCode
from invoices.sync.facts import Closing, Contender, Directory, Line, Owned, Refusal
from invoices.sync.images import AdditionImage, differences
from invoices.sync.states import PostingState

SECOND = Caution(
    CautionCode.SECOND_LINE,
    "The subscription has another recurring line in this period; this one ends with its start month.",
)
EARLIER = Caution(
    CautionCode.LATER_PERIOD,
    "A later period keeps this subscription's Addition; this line ends with its start month.",
)
NAMELESS = Caution(
    CautionCode.NO_SUBSCRIPTION,
    "It recurs, but names no subscription for the next month to go on with; it ends with its start "
    "month.",
)


class Way(Enum):
    """How a line gets there."""

    CREATE = "create"
    UPDATE = "update"
    MOVE = "move"  # the old one ends or goes, a new one is made


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of one line; `current` is what its Addition says now."""

    way: Way
    persistent: bool = False
    bounded: Caution | None = None  # why it ends with its start month
    owned: Owned | None = None
    current: AdditionImage | None = None
    changed: str = ""  # what was changed in ConnectWise since, in words
    closes: Closing | None = None


def owners(contenders: Iterable[Contender]) -> dict[str, int]:
    """Per subscription the line that owns the persistent one: Cycle Fee, then latest start."""
    best: dict[str, Contender] = {}
    for one in contenders:
        rival = best.get(one.subscription_id)
        if rival is None or _claim(one) > _claim(rival):
            best[one.subscription_id] = one
    return {subscription: one.line_id for subscription, one in best.items()}


def _claim(one: Contender) -> tuple[bool, date, int]:
    # The last makes it one and the same line in every plan, in whatever order rows come.
    return (one.charge_type == "Cycle Fee", one.start, -one.line_id)


def contender(line: Line) -> Contender:
    """What rivals for its subscription's persistent Addition are compared by."""
    return Contender(
        line_id=line.id,
        subscription_id=line.subscription_id,
        charge_type=line.charge_type,
        start=line.start,
    )


def decide(
    line: Line,
    agreement_id: int | None,
    directory: Directory,
    period_owners: Mapping[str, int],
    *,
    overwrite: bool,
) -> Decision | Refusal:
    """`agreement_id` is None where a new agreement is to be made for it."""
    own = directory.own.get(line.id)
    latest = directory.latest_periods.get(line.subscription_id)
    earlier = latest is not None and line.period < latest
    alone = NAMELESS if line.nameless else None
    if own:
        # Posted as an Addition of its own before; it stays one, also where it would own now.
        bounded = (EARLIER if earlier else SECOND) if line.recurring else alone
        return _carry_on(line, agreement_id, own, directory, overwrite=overwrite, bounded=bounded)
    if not line.recurring:
        return Decision(way=Way.CREATE, bounded=alone)
    owned = directory.owned.get(line.subscription_id)
    if owned and owned.last_line_id == line.id:
        # It wrote the persistent one last, and does so again: no rival has written since.
        return _carry_on(line, agreement_id, owned, directory, overwrite=overwrite)
    if earlier:
        return Decision(way=Way.CREATE, bounded=EARLIER)
    # Another line of this month has written it already, be it the worse claim.
    taken = owned is not None and owned.last_period == line.period
    if taken or period_owners.get(line.subscription_id) != line.id:
        return Decision(way=Way.CREATE, bounded=SECOND)
    if owned is None:
        return Decision(way=Way.CREATE, persistent=True)
    return _carry_on(line, agreement_id, owned, directory, overwrite=overwrite)


def _carry_on(
    line: Line,
    agreement_id: int | None,
    owned: Owned,
    directory: Directory,
    *,
    overwrite: bool,
    bounded: Caution | None = None,
) -> Decision | Refusal:
    """With an Addition that stands there: change it, move it, or make a new one."""
    if owned.busy or owned.addition_id is None or owned.image is None:
        return Refusal(
            "addition_busy", "Its Addition is being posted or checked. Sync again later."
        )
    # Not listed, as in a preview from our books, it is taken to be as we wrote it last.
    current = directory.found.get(owned.key, owned.image)
    if current is None:
        return _again(owned, overwrite=overwrite, bounded=bounded)
    changed = "; ".join(str(one) for one in differences(owned.image, current))
    way = _way(line, agreement_id, owned, current)
    if way != Way.UPDATE and changed and not overwrite:
        return changed_in_connectwise(owned, changed)
    return Decision(
        way=way,
        persistent=bool(owned.subscription_id),
        bounded=bounded,
        owned=owned,
        current=current,
        changed="" if overwrite else changed,
        closes=Closing(owned.key, PostingState.ENDED, current) if way == Way.CREATE else None,
    )


def _way(line: Line, agreement_id: int | None, owned: Owned, current: AdditionImage) -> Way:
    """What ended before the line starts is not revived; only its own line may change that."""
    end = current.cancelled_date
    if end and end < line.start and owned.line_id != line.id:
        return Way.CREATE
    stays = agreement_id == owned.agreement_id and line.product_id == current.product_id
    return Way.UPDATE if stays else Way.MOVE


def _again(owned: Owned, *, overwrite: bool, bounded: Caution | None) -> Decision | Refusal:
    """It was deleted by hand: made again where a person says so."""
    if not overwrite:
        return Refusal(
            "changed_in_connectwise",
            f"Changed in ConnectWise: Addition {owned.addition_id}: nothing carries our reference "
            "any more. Nothing was sent. Retry this line to make it again.",
        )
    return Decision(
        way=Way.CREATE,
        persistent=bool(owned.subscription_id),
        bounded=bounded,
        owned=owned,
        closes=Closing(owned.key, PostingState.REMOVED),
    )


def changed_in_connectwise(owned: Owned, what: str) -> Refusal:
    """Writing over it is a person's choice (docs/posting.md, 1)."""
    return Refusal(
        "changed_in_connectwise",
        f"Changed in ConnectWise: Addition {owned.addition_id}: {what}. Nothing was sent. "
        "Retry this line to write over it, or correct the Addition there.",
    )
