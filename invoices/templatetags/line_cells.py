"""The rows of the grid, made in Python: Django's templates take five times as long for the 5,000 cells
of a page of 200.

A cell's inside is one function per column. Whatever comes from elsewhere passes `escape`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from invoices.queries.columns import ShownColumn
from invoices.queries.rows import Row
from mapping.markup import amount, icon, quantity, source_badge

register = template.Library()

Inside = Callable[[Row], str]


@register.simple_tag
def line_rows(rows: Iterable[Row]) -> SafeString:
    return mark_safe("\n".join([line_row(row) for row in rows]))


@register.simple_tag
def line_row(row: Row, *, out_of_band: object = False) -> SafeString:
    """One line; `out_of_band` swaps it where it stands."""
    line, ticked = row.line, " checked" if row.is_selected else ""
    css = ' class="is-selected"' if row.is_selected else ""
    swap = ' hx-swap-oob="true"' if out_of_band else ""
    label = escape(f"Select {line.organization_name}, {line.offer_name}")
    closed = "" if row.is_editable else " disabled"
    cells = "".join([_cell(row, shown) for shown in row.layout.columns])
    return mark_safe(
        f'<tr id="line-{line.pk}" data-version="{line.version}"{css}{swap}>'
        f'<td class="stick-left"><input type="checkbox" class="tick" value="{line.pk}"'
        f' aria-label="{label}"{ticked}{closed}></td>'
        f'{cells}<td class="stick-right">{_actions(row)}</td></tr>'
    )


@register.simple_tag
def line_cell(row: Row, shown: ShownColumn) -> SafeString:
    """One cell, also in a row under edit."""
    return mark_safe(_cell(row, shown))


def _actions(row: Row) -> str:
    """What may be done with the line, and why the rest may not."""
    closed = "" if row.is_open else _closed(row)
    edit = _edit(row) if row.is_editable else ""
    sync = _sync(row) if row.may_sync else ""
    return f'<div class="row-actions">{closed}{edit}{sync}</div>'


def _cell(row: Row, shown: ShownColumn) -> str:
    column = shown.column
    css = f' class="{shown.css}"' if shown.css else ""
    more = f' data-tip="{_sent(row)}"' if column.key == "end" else MARKS.get(column.key, "")
    return f"<td{css}{more}>{INSIDE[column.key](row)}</td>"


def _text(field: str) -> Inside:
    return lambda row: f'<span class="cut">{escape(getattr(row.line, field))}</span>'


def _number(field: str) -> Inside:
    def inside(row: Row) -> str:
        value = getattr(row.line, field)
        return "" if value is None else str(value)

    return inside


def _money(field: str) -> Inside:
    def inside(row: Row) -> str:
        value: Decimal = getattr(row.line, field)
        return f'{amount(value)}<span class="currency">{escape(row.line.currency)}</span>'

    return inside


def _day(value: date | None, badge: str) -> str:
    text = value.isoformat() if value else NO_DATE
    return f'<div class="badged"><span>{text}</span>{source_badge(badge)}</div>' if badge else text


def _sent(row: Row) -> str:
    """The end date that ConnectWise will get, and why (P25)."""
    sent = row.end_to_send
    day = sent.value.isoformat() if sent.value else "no end date"
    return escape(f"Sent: {day}. {sent.why}")


def _charge_type(row: Row) -> str:
    return _badged(row.charge_type, "System Updated" if row.charge_type_renamed else "")


def _agreement(row: Row) -> str:
    if not row.agreement:
        return '<span class="empty-value">Not chosen</span>'
    return _badged(row.agreement, row.agreement_badge, new=row.line.create_agreement)


def _badged(text: str, badge: str, *, new: bool = False) -> str:
    cut = f'<span class="cut{" is-new" if new else ""}">{escape(text)}</span>'
    return f'<div class="badged">{cut}{source_badge(badge)}</div>' if badge else cut


def _mapped(part: str) -> Inside:
    """A company or a product; a click on one that isn't chosen opens its picker (P30)."""

    def inside(row: Row) -> str:
        if getattr(row.line, f"{part}_id"):
            return f'<span class="cut">{escape(getattr(row.line, f"{part}_name"))}</span>'
        if not row.is_editable:
            return '<span class="empty-value">Not mapped</span>'
        return (
            f'<button type="button" class="select-link" hx-get="{row.path}edit/?focus={part}"'
            f' hx-target="#line-{row.line.pk}" hx-swap="outerHTML">Click to select</button>'
        )

    return inside


def _mapping(row: Row) -> str:
    if row.line.is_mapped:
        return f'<span class="badge-status is-mapped">{icon("link")}Mapped</span>'
    return f'<span class="badge-status is-unmapped">{icon("unlink")}Unmapped</span>'


def _status(row: Row) -> str:
    """Status in PSA, which opens the line's receipt, why, and what the Platform says (P27)."""
    css, symbol, word = STATUSES[row.line.psa_status]
    reason = escape(row.status_reason)
    tip = f' data-tip="{reason}"' if reason else ""
    why = f'<span class="cut status-reason">{reason}</span>' if reason else ""
    changed = _warning("changed", *CHANGED) if row.line.changed_on_platform else ""
    gone = _warning("ghost", *GONE) if row.line.gone else ""
    return (
        f'<div class="status-cell"><button type="button" class="status-button"'
        f' id="status-{row.line.pk}" hx-get="{row.path}receipt/" hx-target="#dialog-body"'
        f' data-dialog{tip}><span class="badge-status {css}">{icon(symbol)}{word}</span>{why}'
        f"</button>{changed}{gone}</div>"
    )


def _warning(symbol: str, word: str, tip: str) -> str:
    return (
        f'<span class="badge-source is-warning" tabindex="0" data-tip="{tip}">'
        f"{icon(symbol)}{word}</span>"
    )


def _closed(row: Row) -> str:
    why = escape(row.why_closed)
    return (
        f'<span class="icon-button is-closed" tabindex="0" role="img" aria-label="{why}"'
        f' data-tip="{why}">{icon("lock")}</span>'
    )


def _edit(row: Row) -> str:
    return (
        f'<button type="button" class="icon-button" id="edit-{row.line.pk}"'
        f' aria-label="Edit mapping" title="Edit mapping" hx-get="{row.path}edit/"'
        f' hx-target="#line-{row.line.pk}" hx-swap="outerHTML">{icon("pencil")}</button>'
    )


def _sync(row: Row) -> str:
    why = row.why_not_synced
    return (
        f'<button type="button" class="icon-button" id="sync-{row.line.pk}"'
        f' aria-label="Sync Invoice Line" title="{why or "Sync Invoice Line"}"'
        f' hx-post="{row.path}sync/" hx-target="#dialog-body" data-dialog data-sync'
        f"{' disabled' if why else ''}>{icon('upload')}</button>"
    )


NO_DATE = '<span class="empty-value">None</span>'
STATUSES = {
    "synced": ("is-synced", "success", "Synced"),
    "error": ("is-error", "error", "Error"),
    "not_synced": ("is-not-synced", "circle", "Not Synced"),
}
CHANGED = (
    "Changed on the Platform",
    "The Platform has other values for this line since it was synced.",
)
GONE = (
    "Gone from the Platform",
    "The Platform didn&#x27;t list this line at the last complete load. It is kept, and not posted.",
)
# The ids follow the names that are picked in a row under edit.
MARKS = {"company_id": ' data-id-of="company"', "product_id": ' data-id-of="product"'}
INSIDE: Mapping[str, Inside] = {
    "invoice_date": lambda row: row.line.invoice_date.isoformat(),
    "invoice_number": _text("invoice_number"),
    "organization": _text("organization_name"),
    "reference": _text("organization_reference"),
    "contract": _text("contract_id"),
    "offer": _text("offer_name"),
    "offer_id": _text("offer_platform_id"),
    "subscription": _text("subscription_name"),
    "vendor": _text("vendor_name"),
    "billing_cycle": _text("billing_cycle"),
    "commitment_term": _text("commitment_term"),
    "quantity": lambda row: quantity(row.line.quantity),
    "cost": _money("unit_cost"),
    "revenue": _money("unit_price"),
    "total_cost": _money("total_cost"),
    "total_revenue": _money("total_price"),
    "start": lambda row: _day(row.line.charge_start_date, row.start_badge),
    "end": lambda row: _day(row.line.charge_end_date, row.end_badge),
    "charge_type": _charge_type,
    "company": _mapped("company"),
    "company_id": _number("company_connectwise_id"),
    "agreement": _agreement,
    "product": _mapped("product"),
    "product_id": _number("product_connectwise_id"),
    "mapping": _mapping,
    "status": _status,
}
