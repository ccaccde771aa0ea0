""" "Apply to N other unsynced lines": what a row was given, for those that would get it if they were
new (P33).

Others of the same customer take its PSA Organization, of the same contract its agreement, of the same
offer its product: as far as their value is empty or came from a default. What a person chose stays.
Asked for, it is an update in bulk like others: `services/bulk.py` does it, at once or by a worker.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, LiteralString

from django.contrib.auth.models import User
from django.db import transaction

from invoices.models import EditedLines, InvoiceLine, LineEdit
from invoices.queries.bulk import PORTION, tell_progress
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
        """Those that would really change; queries."""
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
def ask_for_others(*, edit: LineEdit, user: User) -> LineEdit:
    """Queue it; until it is done, its lines are the one row that it takes the values from."""
    asked = LineEdit.objects.create(
        kind=LineEdit.Kind.OTHERS,
        state=LineEdit.State.QUEUED,
        user=user,
        period=edit.period,
        change=edit.change,
        changed=given_to_others(edit),
        total=count_others(edit),
    )
    EditedLines.objects.create(edit=asked, line_ids=edit.lines.line_ids)
    return asked


def fill_others(asked: LineEdit) -> int:
    """Give it to them, as they are now, and keep who they were; nothing else of them is touched."""
    line = InvoiceLine.objects.get(pk=asked.lines.line_ids[0])
    # In the order in which a change of a mapping takes them.
    Organization.objects.select_for_update(no_key=True).get(pk=line.organization_id)
    Offer.objects.select_for_update(no_key=True).get(pk=line.offer_id)
    filled, began = set[int](), monotonic()
    for others in _others(asked):
        ids = sorted(others.ids())
        for first in range(0, len(ids), PORTION):
            portion = ids[first : first + PORTION]
            prefill_lines(
                where="line.id = ANY(%(ids)s)",
                params={"ids": portion, "edit": asked.pk},
                parts=[others.part],
                also="last_edit_id = %(edit)s, ",
            )
            filled.update(portion)
            if len(ids) > PORTION:
                tell_progress(asked, len(filled), seconds=monotonic() - began)
    asked.total = len(filled)
    EditedLines.objects.filter(edit=asked).update(line_ids=sorted(filled))
    return asked.total


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
