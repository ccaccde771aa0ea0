"""The rows of the Organizations and Products grids, made in Python: Django's templates take too long
for a page of 200 with suggestions. Whatever comes from elsewhere passes `escape`.
"""

from collections.abc import Iterable

from django import template
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from mapping.markup import amount, icon
from mapping.numbers import numbered
from mapping.queries.rows import MAPPED, UNMAPPED, MappingRow
from mapping.queries.suggestions import Proposal
from mapping.tabs import Tab

register = template.Library()


@register.simple_tag
def mapping_rows(rows: Iterable[MappingRow], tab: Tab, may_edit: bool) -> SafeString:
    """Every row of the page; nobody is offered what they may not do."""
    path = reverse(f"mapping:{tab.key}")
    return mark_safe("\n".join([_row(row, tab, path, may_edit=may_edit) for row in rows]))


@register.simple_tag
def platform_cells(row: MappingRow) -> SafeString:
    """What the Platform says of the record, and the money that waits; also in a row under edit."""
    name, *others = [f'<span class="cut">{escape(text)}</span>' for text in row.cells]
    cells = [_badged(name, _state(row)), *others]
    return mark_safe(f'<td>{"</td><td>".join(cells)}</td><td class="num">{_waiting(row)}</td>')


def _row(row: MappingRow, tab: Tab, path: str, *, may_edit: bool) -> str:
    mine = f"{path}{row.pk}/"
    if row.proposal:
        target = _proposal(row, row.proposal, mine, may_edit=may_edit)
    else:
        number = row.target.connectwise_id if row.target else ""
        inside = _target(row, tab, mine, may_edit=may_edit)
        target = f'<td class="group-start editable">{inside}</td><td class="num">{number}</td>'
    return (
        f'<tr id="mapping-{row.pk}">{platform_cells(row)}{target}'
        f'<td class="group-start">{_status(row)}</td>'
        f'<td class="stick-right">{_actions(row, tab, mine, may_edit=may_edit)}</td></tr>'
    )


def _badged(name: str, badge: str) -> str:
    """The name gives way before the badge does."""
    return f'<div class="badged">{name}{badge}</div>' if badge else name


def _state(row: MappingRow) -> str:
    return f'<span class="badge-source is-warning">{escape(row.state)}</span>' if row.state else ""


def _waiting(row: MappingRow) -> str:
    """The largest sum; the others, and the number of lines, in the tip."""
    if row.waiting is None:
        return ""
    sums = [(amount(revenue), escape(currency)) for currency, revenue in row.waiting.revenue]
    lines = numbered(row.waiting.lines, "unsynced line")
    tip = f"{lines}: {', '.join(f'{revenue} {currency}' for revenue, currency in sums)}"
    more = f'<span class="currency">+{len(sums) - 1}</span>' if sums[1:] else ""
    revenue, currency = sums[0]
    return (
        f'<span class="waiting" data-tip="{tip}">{revenue}'
        f' <span class="currency">{currency}</span>{more}</span>'
    )


def _target(row: MappingRow, tab: Tab, path: str, *, may_edit: bool) -> str:
    if row.target is None:
        return _select(row, path) if may_edit else '<span class="empty-value">Not mapped</span>'
    name = f'<span class="cut">{escape(row.target.name)}</span>'
    if not row.warning:
        return name
    tip = escape(f"This {tab.target_noun} is {row.warning}.")
    badge = (
        f'<span class="badge-source is-warning is-gone" tabindex="0" data-tip="{tip}">'
        f"{icon('warning')}{escape(row.warning)}</span>"
    )
    return _badged(name, badge)


def _select(row: MappingRow, path: str) -> str:
    return f'<button type="button" class="select-link"{_edits(row, path)}>Click to select</button>'


def _edits(row: MappingRow, path: str) -> str:
    return f' hx-get="{path}edit/" hx-target="#mapping-{row.pk}" hx-swap="outerHTML"'


def _proposal(row: MappingRow, proposal: Proposal, path: str, *, may_edit: bool) -> str:
    """What an unmapped record may be: yes, no, how sure, what, who else, why, or another one."""
    target = proposal.target
    name, why = escape(target.name), escape(proposal.explained)
    named = f"{name}, ConnectWise ID {target.connectwise_id}, for {escape(row.record.name)}"
    more = (
        f' id="accept-{row.pk}" class="icon-button is-accept" data-accept'
        f' aria-describedby="why-{row.pk}"'
    )
    accept = _answer(row, proposal, f"{path}accept/", f"Accept {named}", "check", more)
    dismiss = _answer(row, proposal, f"{path}dismiss/", f"Dismiss {named}", "x", DISMISS)
    sure = " is-sure" if proposal.is_sure else ""
    return (
        f'<td class="group-start editable" colspan="2"><div class="proposal" data-tip="{why}">'
        f"{accept + dismiss if may_edit else ''}"
        f'<span class="score{sure}">{proposal.best.score} %</span>'
        f'<span class="proposal-name cut">{name}</span>'
        f'<span class="quiet num">ID {target.connectwise_id}</span>{_conflict(proposal)}'
        f'<span class="proposal-why cut" id="why-{row.pk}">{why}</span>'
        f"{_select(row, path) if may_edit else ''}</div></td>"
    )


def _answer(
    row: MappingRow, proposal: Proposal, url: str, label: str, symbol: str, more: str
) -> str:
    return (
        f'<button type="button" hx-post="{url}" hx-vals=\'{{"target": {proposal.target.pk}}}\''
        f' hx-target="#mapping-{row.pk}" hx-swap="outerHTML" hx-sync="closest tr:drop"'
        f' aria-label="{label}"{more}>{icon(symbol)}</button>'
    )


def _conflict(proposal: Proposal) -> str:
    if not proposal.conflict:
        return ""
    tip = escape(f"Conflict: {proposal.conflict}")
    return (
        f'<span class="badge-source is-warning" tabindex="0" data-tip="{tip}">'
        f"{icon('warning')}Conflict</span>"
    )


def _status(row: MappingRow) -> str:
    if row.status == MAPPED:
        return f'<span class="badge-status is-mapped">{icon("link")}Mapped</span>'
    if row.status == UNMAPPED:
        return f'<span class="badge-status is-unmapped">{icon("unlink")}Unmapped</span>'
    tip = escape(f"{row.record.response_error} The mapping is kept; refresh later.")
    return (
        f'<span class="badge-status is-response-error" tabindex="0" data-tip="{tip}">'
        f"{icon('warning')}Response Error</span>"
    )


def _own(row: MappingRow, tab: Tab, path: str) -> str:
    """Opens the products that an offer has for single organizations, and says how many."""
    if tab.kind == "organization":
        return ""
    one = (
        "1 organization has its own"
        if row.own == 1
        else f"{row.own:,} organizations have their own"
    )
    title = f"Products by organization{f': {one}' if row.own else ''}"
    number = f'<span class="icon-count num">{row.own:,}</span>' if row.own else ""
    return (
        f'<button type="button" id="own-{row.pk}" class="icon-button{" has-count" if row.own else ""}"'
        f' hx-get="{path}own/" hx-target="#dialog-body" data-dialog'
        f' aria-label="{title}: {escape(row.record.name)}" title="{title}">'
        f"{icon('building')}{number}</button>"
    )


def _actions(row: MappingRow, tab: Tab, path: str, *, may_edit: bool) -> str:
    name, pk, own = escape(row.record.name), row.pk, _own(row, tab, path)
    history = (
        f'<button type="button" id="history-{pk}" class="icon-button" hx-get="{path}history/"'
        f' hx-target="#dialog-body" data-dialog aria-label="History of {name}" title="History">'
        f"{icon('clock')}</button>"
    )
    if not may_edit:
        return f'<div class="row-actions">{own}{history}</div>'
    edit = (
        f'<button type="button" id="edit-{pk}" class="icon-button"{_edits(row, path)}'
        f' aria-label="Edit mapping of {name}" title="Edit mapping">{icon("pencil")}</button>'
    )
    # Without a mapping it stays focusable: after unmapping, focus comes back to it.
    unmap = (
        f'<button type="button" id="unmap-{pk}" class="icon-button" hx-get="{path}unmap/"'
        f' hx-target="#dialog-body" data-dialog aria-label="Unmap {name}" title="Unmap">'
        if row.target
        else f'<button type="button" id="unmap-{pk}" class="icon-button is-disabled"'
        f' aria-disabled="true" aria-label="{name} is not mapped" title="Not mapped">'
    )
    return f'<div class="row-actions">{edit}{unmap}{icon("unlink")}</button>{own}{history}</div>'


DISMISS = ' class="icon-button" data-dismiss title="Dismiss (Delete)"'
