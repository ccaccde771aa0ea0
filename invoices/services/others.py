""" "Apply to N other unsynced lines": what a row was given, for those that would get it if they were
new (P33).

Others of the same customer take its PSA Organization, of the same contract its agreement, of the same
offer its product: as far as their value is empty or came from a default. What a person chose stays.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, LiteralString

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from invoices.models import EditedLines, InvoiceLine, LineEdit
from invoices.services.line_change import CREATE, Words
from invoices.services.prefill import VALUES, fillable_lines, prefill_lines
from mapping.models import Offer, Organization
from mapping.ports import Part

COMPANY = VALUES["customer"]["company_id"]
AGREEMENT = VALUES["customer"]["agreement_id"]
CREATES = VALUES["customer"]["create_agreement"]
PRODUCT = VALUES["product"]["product_id"]


@dataclass(frozen=True, kw_only=True)
class Others:
    """Lines that would take one part of what a row was given."""

    part: Part
    where: LiteralString
    wanted: LiteralString
    params: dict[str, Any] = field(default_factory=dict)

    def ids(self) -> set[int]:
        return fillable_lines(
            where=self.where, wanted=self.wanted, params=self.params, parts=[self.part]
        )


def count_others(edit: LineEdit) -> int:
    """How many other lines would take what this edit of one row gave it."""
    return len(set().union(*(others.ids() for others in _others(edit))))


def given_to_others(edit: LineEdit) -> list[Words]:
    """What others would take of it, in words: dates are each line's own."""
    return [(label, value) for label, value in edit.changed if label.startswith("PSA ")]


@transaction.atomic
def apply_to_others(*, edit: LineEdit, user: User) -> LineEdit:
    """Give it to them, as they are now; nothing else of them is touched."""
    line = InvoiceLine.objects.get(pk=edit.lines.line_ids[0])
    # In the order in which a change of a mapping takes them.
    Organization.objects.select_for_update(no_key=True).get(pk=line.organization_id)
    Offer.objects.select_for_update(no_key=True).get(pk=line.offer_id)
    applied = LineEdit.objects.create(
        kind=LineEdit.Kind.OTHERS,
        user=user,
        period=edit.period,
        change=edit.change,
        changed=given_to_others(edit),
        finished_at=timezone.now(),
    )
    filled = set[int]()
    for others in _others(edit):
        ids = others.ids()
        prefill_lines(
            where="line.id = ANY(%(ids)s)",
            params={"ids": list(ids), "edit": applied.pk},
            parts=[others.part],
            also="last_edit_id = %(edit)s, ",
        )
        filled |= ids
    applied.total = applied.written = len(filled)
    applied.save(update_fields=["total", "written"])
    EditedLines.objects.create(edit=applied, line_ids=sorted(filled))
    return applied


def _others(edit: LineEdit) -> Iterator[Others]:
    """One for each part that the edit changed; none where it only unmapped or set dates."""
    line = InvoiceLine.objects.get(pk=edit.lines.line_ids[0])
    given = edit.change
    params = {
        "line": line.pk,
        "organization": line.organization_id,
        "contract": line.contract_id,
        "offer": line.offer_id,
        **given,
    }
    if customer := list(_of_customer(given)):
        where: LiteralString = "line.organization_id = %(organization)s AND line.id <> %(line)s"
        yield Others(part="customer", where=where, wanted=" OR ".join(customer), params=params)
    if "product" in given:
        where = "line.offer_id = %(offer)s AND line.id <> %(line)s"
        if line.invoice_source == InvoiceLine.Source.CUSTOM and not line.subscription_id:
            where = f"{where} AND line.organization_id = %(organization)s"  # P19
        wanted: LiteralString = f"""({PRODUCT}) = %(product)s
            AND line.product_id IS DISTINCT FROM %(product)s"""
        yield Others(part="product", where=where, wanted=wanted, params=params)


def _of_customer(given: dict[str, Any]) -> Iterator[LiteralString]:
    """What makes a line of the same customer one of them."""
    if "company" in given:
        yield f"(({COMPANY}) = %(company)s AND line.company_id IS DISTINCT FROM %(company)s)"
    if given.get("agreement") == CREATE:
        yield f"""(line.contract_id = %(contract)s AND ({CREATES}) AND NOT line.create_agreement)"""
    elif "agreement" in given:
        yield f"""(line.contract_id = %(contract)s AND ({AGREEMENT}) = %(agreement)s
            AND line.agreement_id IS DISTINCT FROM %(agreement)s)"""
