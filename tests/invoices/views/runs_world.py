"""Previews for the tests of their pages: planned from what is known, without ConnectWise."""

from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from invoices.models import InvoiceLine, Operation, Posting, SyncRun
from invoices.sync import previews
from invoices.sync.scope import RunScope
from platform_client.models import PlatformSettings
from tests.factories import make_agreement, make_line, make_organization, make_product, numbers

MAY = date(2026, 5, 1)
IMAGE = {
    "product_id": 1,
    "quantity": "2",
    "unit_price": "10.00",
    "unit_cost": "8.00",
    "effective_date": "2026-01-01",
    "cancelled_date": None,
    "invoice_description": "Backup",
    "taxable": False,
    "bill_customer": "Billable",
}


def known_seller() -> None:
    PlatformSettings.load()
    PlatformSettings.objects.update(seller_id="seller-1")


def mapped_line(**overrides: Any) -> InvoiceLine:
    """A line that would be posted."""
    agreement = overrides.pop("agreement", None) or make_agreement()
    values = {
        "company": agreement.company,
        "agreement": agreement,
        "product": make_product(product_class="Agreement"),
    }
    return make_line(**values | overrides)


def refused_line(**overrides: Any) -> InvoiceLine:
    """One that would fail: its product is inactive."""
    product = make_product(product_class="Agreement", inactive=True, name="Old Backup")
    return mapped_line(product=product, **overrides)


def preview(*lines: InvoiceLine, user: User | None = None, **scope: Any) -> SyncRun:
    """A planned preview of these lines, or of the whole period."""
    of = RunScope(lines=tuple(line.pk for line in lines) or None, **scope)
    draft = previews.start_draft(period=MAY, user=user, scope=of)
    previews.plan_if_needed(draft.pk, draft.epoch)
    draft.refresh_from_db()
    return draft


def add_end(draft: SyncRun, **overrides: Any) -> Operation:
    """An Addition of a subscription that is gone, waiting for its tick."""
    line = make_line(organization=make_organization(name="Gone Ltd"), period=date(2026, 4, 1))
    agreement = make_agreement()
    posting = Posting.objects.create(
        key=f"LB-{next(numbers)}",
        reference_field="serialNumber",
        line=line,
        subscription_id=line.subscription_id,
        agreement=agreement,
        addition_id=next(numbers),
        last_period=line.period,
        after_image=IMAGE,
        state="open",
    )
    values = {
        "kind": "end",
        "intent": "end",
        "state": "skipped",
        "reason_code": "waits_for_a_yes",
        "reason": "It ends on 2026-04-30.",
        "organization": line.organization,
        "posting": posting,
        "agreement": agreement,
        "addition_id": posting.addition_id,
        "key": posting.key,
        "before": IMAGE,
        "after": IMAGE | {"cancelled_date": "2026-04-30"},
    }
    return Operation.objects.create(run=draft, **values | overrides)


def begun(draft: SyncRun, state: str = "running", **values: Any) -> SyncRun:
    """As if somebody had said yes to it."""
    now = timezone.now()
    over = {"finished_at": now} if state in ("finished", "stopped", "failed") else {}
    changes = {"state": state, "confirmed_at": now, "heartbeat": now, **over, **values}
    SyncRun.objects.filter(pk=draft.pk).update(**changes)
    draft.refresh_from_db()
    return draft


def live_run() -> SyncRun:
    """One that began and hasn't posted anything yet."""
    return SyncRun.objects.create(period=MAY, state="running", total=10, heartbeat=timezone.now())


def page(client: Client, run: SyncRun, query: str = "", **headers: str) -> str:
    answer = client.get(f"/mapping/invoices/runs/{run.pk}/{query}", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()
