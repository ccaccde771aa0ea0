"""One row of a plan in words: what it is about, what changes, why, and what came of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invoices.causes import cause_of
from invoices.models import InvoiceLine, Operation, SyncRun
from invoices.queries.fixes import Fix, fixes_of_line, line_address
from invoices.queries.rows import CREATE_AGREEMENT
from invoices.queries.runs import OUTCOMES, kind_words, outcome_of
from invoices.sync.cautions import Caution
from invoices.sync.image_fields import field_changes
from invoices.sync.images import AdditionImage
from invoices.sync.states import Intent, OperationKind, OperationState
from psa_connectwise.links import agreement_urls
from psa_connectwise.models import Product

S = OperationState
# Of an agreement to be made, or whose billing start moves.
AGREEMENT_LABELS = {
    "name": "Name",
    "start": "Bills from",
    "start_date": "Start date",
    "bill_start_date": "Bills from",
}
KIND_WORDS = {Intent.AGREEMENT.value: "Agreement"}
DONE = {Intent.END: "Ended", Intent.REMOVE: "Removed", Intent.AGREEMENT: "Made"}
STATE_WORDS = {S.PLANNED: "To be sent", S.CLAIMED: "Being sent", S.UNKNOWN: "Not confirmed"}
Image = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One field, as it is and as it will be; `before` is "" where it has no before."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One row of the page."""

    operation: Operation
    label: str
    customer: str
    subject: str
    line: InvoiceLine | None
    url: str
    agreement: str
    agreement_url: str  # in ConnectWise
    new_agreement: bool
    product: str
    changes: Sequence[Change]  # what differs
    image: Sequence[Change]  # all of it, where everything is new or goes
    warnings: Sequence[Caution]
    fixes: Sequence[Fix]
    outcome: str
    outcome_words: str
    problem: str
    # In a preview that follows another: what is not as it was shown there.
    differs: str = ""


def plan_rows(run: SyncRun, operations: Sequence[Operation]) -> list[PlanRow]:
    """The rows of these operations; as many queries for one as for all."""
    names, urls = _product_names(operations), agreement_urls()
    differs = _told_before(run, operations)
    return [
        plan_row(run, one, names=names, urls=urls, differs=differs.get(one.line_id, ""))
        for one in operations
    ]


def plan_row(
    run: SyncRun,
    one: Operation,
    *,
    names: Mapping[int, str],
    urls: Callable[[int], str],
    differs: str,
) -> PlanRow:
    """`names` of products and `urls` of agreements are by their ids in ConnectWise."""
    before, after = _images(one)
    whole = before is None or after is None
    changes = _changes(before, after, names)
    agreement, is_new = _agreement(one)
    line = one.line or (one.posting.line if one.posting else None)
    url = urls(one.agreement.connectwise_id) if one.agreement else ""
    return PlanRow(
        operation=one,
        label=KIND_WORDS.get(one.intent) or kind_words(one.intent, is_draft=run.is_draft),
        customer=one.organization.name if one.organization else "",
        subject=_subject(one, line),
        line=one.line,
        url=line_address(one.line) if one.line else "",
        agreement=agreement,
        agreement_url=url,
        new_agreement=is_new,
        product=_product(one, after or before, names),
        changes=[] if whole else changes,
        image=changes if whole else [],
        warnings=[Caution.from_json(told) for told in one.warnings],
        fixes=_fixes(one, url),
        outcome=outcome_of(one.state),
        outcome_words=outcome_words(run, one),
        problem=one.last_error if one.state in (S.FAILED, S.UNKNOWN, S.WITHDRAWN) else "",
        differs=differs,
    )


def outcome_words(run: SyncRun, one: Operation) -> str:
    """Where it stands, as its badge says it."""
    state = S(one.state)
    if state in STATE_WORDS:
        return STATE_WORDS[state]
    if state != S.DONE:
        return OUTCOMES[outcome_of(one.state)][0]
    if run.is_undo:
        return "Taken back"
    if one.kind == OperationKind.UPDATE_AGREEMENT:
        return "Changed"
    return DONE.get(Intent(one.intent), "Synced")


def _images(one: Operation) -> tuple[Image | None, Image | None]:
    """Of a move: the Addition that goes, and the one that comes."""
    step = one.waits_for if one.waits_for and one.waits_for.is_step else None
    return (step.before if step else one.before), one.after


def _changes(before: Image | None, after: Image | None, names: Mapping[int, str]) -> list[Change]:
    """Every field of the one side that there is, or what differs between both."""
    if "product_id" not in (after or before or {}):
        return _agreement_changes(before or {}, after or {})
    told = field_changes(_addition(before), _addition(after), names)
    return [
        Change(one.label, one.before if before and after else "", one.after or one.before)
        for one in told
        if one.changed
    ]


def _agreement_changes(before: Image, after: Image) -> list[Change]:
    return [
        Change(AGREEMENT_LABELS[name], str(before.get(name) or ""), str(after[name]))
        for name in after
        if name in AGREEMENT_LABELS and after[name] and after[name] != before.get(name)
    ]


def _addition(image: Image | None) -> AdditionImage | None:
    return AdditionImage.from_json(image) if image else None


def _subject(one: Operation, line: InvoiceLine | None) -> str:
    if one.own_agreement:
        return f"Contract {one.own_agreement.contract_id}"
    return (line.subscription_name or line.offer_name) if line else one.reason


def _agreement(one: Operation) -> tuple[str, bool]:
    """Its name, and whether it is still to be made."""
    if one.agreement:
        return one.agreement.name, False
    before = one.waits_for
    while before is not None:
        if before.own_agreement:
            return before.own_agreement.contract_id, True
        before = before.waits_for
    if one.own_agreement:
        return one.own_agreement.contract_id, True
    if one.line and one.line.create_agreement:
        return CREATE_AGREEMENT, False
    return (one.line.agreement_name if one.line else ""), False


def _product(one: Operation, image: Image | None, names: Mapping[int, str]) -> str:
    if image and "product_id" in image:
        return names.get(image["product_id"], "")
    return one.line.product_name if one.line else ""


def _fixes(one: Operation, agreement_url: str) -> list[Fix]:
    """What helps a line that would fail, or has failed."""
    if one.line is None or one.undoes_id or one.state not in (S.REFUSED, S.FAILED):
        return []
    code = one.reason_code if one.state == S.REFUSED else one.line.error_code
    found = fixes_of_line(code, one.line)
    if agreement_url and cause_of(code).in_connectwise:
        found.append(Fix("Open in ConnectWise", agreement_url))
    return found


def _product_names(operations: Iterable[Operation]) -> dict[int, str]:
    """By ConnectWise's id, of every image on the page."""
    images = (image for one in operations for image in _images(one) if image)
    ids = {image["product_id"] for image in images if "product_id" in image}
    found = Product.objects.filter(connectwise_id__in=ids)
    return dict(found.values_list("connectwise_id", "name"))


def _told_before(run: SyncRun, operations: Iterable[Operation]) -> dict[int | None, str]:
    """By line: why the run before this one did not send what it had shown."""
    if run.follows_id is None:
        return {}
    lines = [one.line_id for one in operations if one.line_id]
    rows = Operation.objects.filter(
        run=run.follows_id, line__in=lines, state=S.SKIPPED, is_step=False
    )
    return dict(rows.values_list("line", "reason"))
