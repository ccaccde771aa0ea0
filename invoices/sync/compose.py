"""From a line to the Addition it becomes or changes (P25, P43–P45). Pure."""

from dataclasses import replace
from datetime import date

from invoices.amounts import Amounts, amounts_to_send, as_price, plain
from invoices.charge_dates import FROM_RULE, FROM_USER, end_date_to_send
from invoices.sync.facts import Line, Owned, Product
from invoices.sync.images import AdditionImage, one_line


def image_of(
    line: Line, product: Product, price_decimals: int, *, end_by: date | None = None
) -> AdditionImage:
    """The Addition a line becomes; `end_by` ends it where nothing else does (P45)."""
    amounts = amounts_to_send(
        quantity=line.quantity,
        unit_price=line.unit_price,
        unit_cost=line.unit_cost,
        total_price=line.total_price,
        total_cost=line.total_cost,
        price_decimals=price_decimals,
    )
    end = end_date_to_send(
        charge_type=line.charge_type,
        custom=line.custom,
        start=line.start,
        end=line.end,
        end_source=line.end_source,
        platform_end=line.platform_end,
    ).value
    return AdditionImage(
        product_id=product.id,
        quantity=amounts.quantity,
        unit_price=amounts.unit_price,
        unit_cost=amounts.unit_cost,
        effective_date=line.start,
        cancelled_date=end_by if end is None else end,
        invoice_description=invoice_description(line, amounts),
        taxable=product.taxable,
    )


def updated_image(
    line: Line, owned: Owned, current: AdditionImage, wanted: AdditionImage
) -> AdditionImage:
    """What the subscription's Addition says from this line on.

    Its Effective Date stays, and its end too unless a user or a rule set one; the line that opened
    it may still change both.
    """
    if owned.line_id == line.id:
        return wanted
    end = current.cancelled_date
    if _end_was_set(line) or (end is None and wanted.cancelled_date is not None):
        end = wanted.cancelled_date
    if end is not None:
        # The start stays that of the first month, and no end before it is ever sent (P25).
        end = max(end, current.effective_date)
    return replace(wanted, effective_date=current.effective_date, cancelled_date=end)


def _end_was_set(line: Line) -> bool:
    by_user = line.end_source == FROM_USER and line.end is not None
    # A rule's "no date" is a word as well: it takes an earlier end away. An empty end of a user's
    # means the automatic one (P30), which leaves the Addition's end alone.
    return by_user or line.end_source == FROM_RULE


def invoice_description(line: Line, amounts: Amounts) -> str:
    """ "Subscription Name - Charge Type", and the true quantity and price behind a lump (P44)."""
    text = f"{line.subject} - {line.charge_type_shown}"
    if amounts.lump:
        text += f" ({plain(line.quantity)} × {as_price(line.unit_price)} {line.currency})"
    return one_line(text)
