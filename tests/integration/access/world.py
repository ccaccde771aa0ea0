"""The rows of the database that the table's examples are about, found by name."""

from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group, User
from django.utils import timezone

from integration.roles import OPERATOR
from integration.system_log.models import LogEntry
from invoices.models import (
    ChargeDateRule,
    ChargeTypeName,
    EditedLines,
    InvoiceLine,
    InvoiceSettings,
    LineEdit,
    Operation,
    Period,
    Posting,
    SyncRun,
)
from invoices.services.receipts import CHANGED
from invoices.services.selection import select_lines
from mapping.models import (
    MappingChange,
    MappingFile,
    OfferSuggestion,
    OrganizationOffer,
    OrganizationSuggestion,
    SavedView,
)
from platform_client.models import PlatformSettings
from psa_connectwise.models import AgreementType
from tests.factories import (
    make_agreement,
    make_company,
    make_line,
    make_offer,
    make_organization,
    make_product,
    make_user,
    numbers,
)

MONTH = timezone.now().date().replace(day=1)


def build(user: User) -> dict[str, Any]:
    """Everything that `user` is asked about; what belongs to one person belongs to them."""
    Period.objects.create(month=MONTH, complete=True, loaded_at=timezone.now())
    PlatformSettings.load()
    PlatformSettings.objects.update(seller_id="seller-1")
    things = {
        "month": f"{MONTH:%Y-%m}",
        "agreement_type": AgreementType.objects.get().pk,
        "view": SavedView.objects.create(user=user, grid="invoices", name="All").pk,
        **_lines(),
        **_edits(user),
        **_mapping(),
        **_admin(),
    }
    return things | _runs(things)


def _line(**values: Any) -> InvoiceLine:
    agreement = make_agreement()
    mapped = {
        "company": agreement.company,
        "agreement": agreement,
        "product": make_product(product_class="Agreement"),
    }
    return make_line(**{"period": MONTH, **mapped, **values})


def _lines() -> dict[str, Any]:
    line = make_line(period=MONTH)
    changed = _line(psa_status="error", error_code=CHANGED, error="Changed there.")
    return {
        "line": line.pk,
        "version": line.version,
        "platform_id": line.platform_id,
        "mapped_line": _line().pk,
        "changed_line": changed.pk,
        "synced_line": _line(psa_status="synced").pk,
    }


def _edits(user: User) -> dict[str, Any]:
    """A confirmed edit of a row, a draft of a bulk update, and one that was refused."""

    ticked = make_line(period=MONTH)
    select_lines(user=user, period=MONTH, lines=InvoiceLine.objects.filter(pk=ticked.pk))

    def edit(kind: str, state: str, **values: Any) -> int:
        change = {"end": "2030-01-31"}
        made = LineEdit.objects.create(
            kind=kind, state=state, user=user, period=MONTH, change=change, **values
        )
        EditedLines.objects.create(edit=made, line_ids=[ticked.pk], seen_edits=[None])
        return made.pk

    return {
        "row_edit": edit("row", "done"),
        "bulk_draft": edit("bulk", "draft"),
        "bulk_refused": edit("bulk", "refused", total=2, refused=0),
    }


def _mapping() -> dict[str, Any]:
    organization, company = make_organization(), make_company()
    offer, product = make_offer(), make_product()
    OrganizationSuggestion.objects.create(
        record=organization, target=company, place=1, score=90, reason="alike"
    )
    OfferSuggestion.objects.create(record=offer, target=product, place=1, score=90, reason="alike")
    own = OrganizationOffer.objects.create(
        organization=make_organization(), offer=make_offer(), product=product
    )
    batch = uuid4()
    changes = [
        MappingChange.objects.create(
            kind="organization", origin="import", organization=make_organization(), batch=of
        )
        for of in (batch, None)
    ]
    return {
        "organization": organization.pk,
        "company": company.pk,
        "mapped_organization": make_organization(company=make_company()).pk,
        "offer": offer.pk,
        "product": product.pk,
        "mapped_offer": make_offer(product=make_product()).pk,
        "batch": batch,
        "own_offer": own.offer_id,
        "own_organization": own.organization_id,
        "mapping_file": MappingFile.objects.create(name="old.csv", shown_at=timezone.now()).pk,
        "change": changes[1].pk,
    }


def _runs(things: dict[str, Any]) -> dict[str, Any]:
    def run(**values: Any) -> SyncRun:
        return SyncRun.objects.create(period=MONTH, planned_at=timezone.now(), **values)

    done = run(state="finished", finished_at=timezone.now())
    line = InvoiceLine.objects.get(pk=things["synced_line"])
    assert line.agreement
    posting = Posting.objects.create(
        key=f"LB-{line.pk}",
        reference_field="serialNumber",
        line=line,
        agreement=line.agreement,
        addition_id=next(numbers),
        last_period=MONTH,
        state="open",
    )
    Operation.objects.create(run=done, line=line, kind="create", state="done", posting=posting)
    preview = run(state="draft")
    return {
        "done_run": done.pk,
        "stopped_run": run(state="stopped", finished_at=timezone.now()).pk,
        "stopped_undo": run(
            state="stopped", finished_at=timezone.now(), scope={"undo": {"run": done.pk}}
        ).pk,
        "preview": preview.pk,
        "epoch": preview.epoch,
        "retry": run(
            state="draft", scope={"lines": [things["changed_line"]], "overwrite": True}
        ).pk,
        "undo": run(state="draft", scope={"undo": {"line": things["synced_line"]}}).pk,
    }


def _admin() -> dict[str, Any]:
    InvoiceSettings.load()
    rule = ChargeDateRule.objects.create(charge_type="Cycle Fee", slot="end", kind="no_date")
    name = ChargeTypeName.objects.create(charge_type="Cycle Fee", display_name="Subscription")
    entry = LogEntry.objects.create(
        level=LogEntry.Level.INFO, created_at=timezone.now(), logger="tests", summary="Something"
    )
    return {
        "rule": rule.pk,
        "type_name": name.pk,
        "log_entry": entry.pk,
        "colleague": make_user().pk,
        "superuser": make_user(is_superuser=True, is_staff=True).pk,
        "group": Group.objects.get(name=OPERATOR).pk,
    }
