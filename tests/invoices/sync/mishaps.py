"""Situations that take several steps to come about."""

from invoices.models import InvoiceLine, Operation, Posting, SyncRun
from invoices.sync import run
from psa_connectwise.models import Agreement, Product
from tests.invoices.sync.world import World, fresh, settle_later, sync

Status = InvoiceLine.Status


def other_agreement(world: World) -> Agreement:
    """Another one that would take the same lines."""
    first = world.agreement
    other = Agreement.objects.exclude(pk=first.pk).filter(status="Active", parent=None)[0]
    same = {
        "company": first.company,
        "currency_code": "EUR",
        "prorate": False,
        "bill_start_date": first.bill_start_date,
        "next_invoice_date": first.next_invoice_date,
        "cancelled": False,
    }
    Agreement.objects.filter(pk=other.pk).update(**same)
    there = world.store.find("agreements", first.connectwise_id)
    copied = {
        name: there.get(name)
        for name in ("company", "currency", "prorateFlag", "billStartDate", "nextInvoiceDate")
    }
    world.store.edit("agreements", other.connectwise_id, **copied)
    other.refresh_from_db()
    return other


def another_product(world: World) -> Product:
    others = Product.objects.filter(inactive=False, product_class="Agreement")
    return others.exclude(pk=world.product.pk).earliest("connectwise_id")


def given_back(world: World, line: InvoiceLine, late_write_seconds: int = 7200) -> None:
    """Sent, lost, its run stopped, not found: the line is free, and the write still comes."""
    world.script("late_write", late_write_seconds=late_write_seconds)
    run.stop_run(sync(line, period=line.period))
    SyncRun.objects.update(stop_requested=True)
    assert settle_later().given_back == 1
    assert (fresh(line).psa_status, fresh(line).in_flight) == (Status.NOT_SYNCED, False)


def forget_postings() -> None:
    """Our database is rebuilt; ConnectWise is not."""
    Operation.objects.update(undoes=None, waits_for=None)
    Operation.objects.all().delete()
    InvoiceLine.objects.update(psa_status="not_synced", posting=None, addition_id=None)
    Posting.objects.all().delete()
