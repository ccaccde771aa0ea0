"""Turns rows into what the plan needs: lines, and what we know of ConnectWise about them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Min, QuerySet

from invoices.charge_dates import RECURRING
from invoices.models import ChargeTypeName, InvoiceLine, InvoiceSettings, OwnAgreement, Posting
from invoices.sync import owned, plan, twins
from invoices.sync.states import CLOSED_POSTING
from psa_connectwise.models import Agreement, Company, ConnectWiseSettings, Product


def lines_to_post(period: date, line_ids: Collection[int] | None) -> QuerySet[InvoiceLine]:
    """Mapped lines that are Not Synced or Error and not being confirmed (P38); None: all of them."""
    found = InvoiceLine.objects.filter(period=period, is_mapped=True, in_flight=False).exclude(
        psa_status=InvoiceLine.Status.SYNCED
    )
    return found if line_ids is None else found.filter(pk__in=line_ids)


def gather_lines(found: QuerySet[InvoiceLine]) -> list[plan.Line]:
    """In the order of their ids; charge types under the names that administrators gave them (P8)."""
    shown = dict(ChargeTypeName.objects.values_list("charge_type", "display_name"))
    removals = _removals(found)
    rows = found.order_by("pk").values_list(*LINE_COLUMNS, named=True)
    return [_line(row, shown, removals) for row in rows.iterator(chunk_size=2000)]


def _removals(lines: QuerySet[InvoiceLine]) -> dict[int, int]:
    """By line: how many Additions it opened that are over."""
    over = Posting.objects.filter(line__in=lines.values("pk"), state__in=CLOSED_POSTING)
    return dict(over.values_list("line").annotate(Count("pk")))


# Not whole rows: a line has twice as many columns, and a month a hundred thousand lines.
LINE_COLUMNS = (
    *("pk", "version", "platform_id", "period", "organization_name", "organization_id"),
    *("contract_id", "subscription_id", "subscription_name", "offer_name"),
    *("charge_type", "invoice_source", "quantity", "unit_price", "unit_cost"),
    *("total_price", "total_cost", "currency"),
    *("charge_start_date", "charge_end_date", "charge_end_date_source"),
    *("platform_start_date", "platform_end_date"),
    *("company__connectwise_id", "agreement__connectwise_id", "product__connectwise_id"),
    *("billing_cycle", "gone", "changed_on_platform"),
)


def _line(row: Any, shown: Mapping[str, str], removals: Mapping[int, int]) -> plan.Line:
    """`row` is a mapped line by LINE_COLUMNS."""
    return plan.Line(
        id=row.pk,
        version=row.version,
        platform_id=row.platform_id,
        period=row.period,
        customer=row.organization_name,
        organization_id=row.organization_id,
        contract_id=row.contract_id,
        subscription_id=row.subscription_id,
        subject=row.subscription_name or row.offer_name,
        charge_type=row.charge_type,
        charge_type_shown=shown.get(row.charge_type, row.charge_type),
        custom=row.invoice_source == InvoiceLine.Source.CUSTOM,
        quantity=row.quantity,
        unit_price=row.unit_price,
        unit_cost=row.unit_cost,
        total_price=row.total_price,
        total_cost=row.total_cost,
        currency=row.currency,
        start=row.charge_start_date,
        end=row.charge_end_date,
        end_source=row.charge_end_date_source,
        platform_start=row.platform_start_date,
        platform_end=row.platform_end_date,
        company_id=row.company__connectwise_id,
        agreement_id=row.agreement__connectwise_id,
        product_id=row.product__connectwise_id,
        billing_cycle=row.billing_cycle,
        gone=row.gone,
        outdated=row.changed_on_platform,
        removals=removals.get(row.pk, 0),
    )


def gather_directory(lines: Sequence[plan.Line], agreement_type_id: int | None) -> plan.Directory:
    """What the directory and our postings say about these lines; `agreement_type_id` is ours."""
    companies = Company.objects.filter(connectwise_id__in={line.company_id for line in lines})
    products = Product.objects.filter(connectwise_id__in={line.product_id for line in lines})
    own = _own_agreements(lines, agreement_type_id)
    subscriptions = {line.subscription_id for line in lines if line.recurring}
    persistent = owned.persistent(subscriptions)
    single = owned.of_single_lines({line.id for line in lines})
    agreements = {line.agreement_id for line in lines if line.agreement_id} | set(own.values())
    agreements |= {one.agreement_id for one in (*persistent.values(), *single.values())}
    return plan.Directory(
        companies={row.connectwise_id: _company(row) for row in companies},
        products={row.connectwise_id: _product(row) for row in products},
        agreements=gather_agreements(agreements),
        own_agreements=own,
        owned=persistent,
        own=single,
        latest_periods=owned.latest_periods(subscriptions),
        contenders=_contenders(lines, subscriptions),
        currency_ids=_currency_ids(),
        twins=twins.twins(lines),
        first_months=_first_months({line.contract_id for line in lines if not line.agreement_id}),
    )


def gather_agreements(ids: Iterable[int]) -> dict[int, plan.Agreement]:
    """By their ids in ConnectWise; what was never read is absent."""
    rows = Agreement.objects.filter(connectwise_id__in=set(ids)).select_related("company")
    ours = _made_by_us(row.pk for row in rows)
    return {row.connectwise_id: _agreement(row, ours.get(row.pk)) for row in rows}


def _made_by_us(agreements: Iterable[int]) -> dict[int, plan.AgreementSlot]:
    """By our key of the agreement: what it was made for."""
    # Of several slots that resolved to one agreement the first counts: it is written last.
    rows = OwnAgreement.objects.filter(agreement__in=list(agreements)).order_by("-pk")
    told = rows.values_list("agreement", "company__connectwise_id", "currency", "contract_id")
    return {
        pk: plan.AgreementSlot(company, currency, contract)
        for pk, company, currency, contract in told
        if pk is not None
    }


def _contenders(lines: Sequence[plan.Line], subscriptions: set[str]) -> list[plan.Contender]:
    """Recurring lines of the same period that are Synced, Unmapped or not in the run's scope."""
    rows = (
        InvoiceLine.objects.filter(
            period__in={line.period for line in lines},
            subscription_id__in=subscriptions,
            charge_type__in=RECURRING,
            invoice_source=InvoiceLine.Source.STANDARD,
            gone=False,
        )
        .exclude(pk__in=[line.id for line in lines])
        .values_list("pk", "subscription_id", "charge_type", "charge_start_date")
    )
    return [
        plan.Contender(line_id=pk, subscription_id=subscription, charge_type=kind, start=start)
        for pk, subscription, kind, start in rows
    ]


def plan_settings(
    seller_id: str, installation: str, *, overwrite: bool = False, attended: bool = True
) -> plan.PlanSettings:
    """As they are now; a plan that is made later is made under what was chosen by then."""
    chosen = ConnectWiseSettings.load()
    agreement_type = chosen.default_agreement_type
    return plan.PlanSettings(
        seller_id=seller_id,
        installation=installation,
        agreement_type_id=agreement_type.connectwise_id if agreement_type else None,
        agreement_type_name=agreement_type.name if agreement_type else "",
        agreement_type_usable=agreement_type is not None
        and not (agreement_type.inactive or agreement_type.missing),
        agreement_type_cycle=agreement_type.billing_cycle if agreement_type else "",
        price_decimals=chosen.price_decimals,
        end_long_cycles=InvoiceSettings.load().end_long_cycles,
        overwrite=overwrite,
        attended=attended,
    )


def _company(row: Company) -> plan.Company:
    return plan.Company(
        id=row.connectwise_id,
        name=row.name,
        usable=not (row.deleted or row.missing),
        contact_id=row.default_contact_id,
        site_id=row.site_id,
        currency=row.currency_code,
    )


def _product(row: Product) -> plan.Product:
    return plan.Product(
        id=row.connectwise_id,
        name=row.name or row.identifier,
        inactive=row.inactive,
        missing=row.missing,
        product_class=row.product_class,
        taxable=row.taxable,
    )


def _agreement(row: Agreement, ours: plan.AgreementSlot | None) -> plan.Agreement:
    return plan.Agreement(
        id=row.connectwise_id,
        name=row.name,
        company_id=row.company.connectwise_id if row.company else None,
        live=row.is_live,
        status="no longer there" if row.missing else row.status,
        currency=row.currency_code,
        bill_start=row.bill_start_date,
        next_invoice=row.next_invoice_date,
        prorate=row.prorate,
        billing_cycle=row.billing_cycle,
        start=row.start_date,
        end=None if row.no_end else row.end_date,
        ours=ours,
    )


def _own_agreements(
    lines: Sequence[plan.Line], agreement_type_id: int | None
) -> dict[plan.AgreementSlot, int]:
    """The agreements that "Create new agreement" resolves to: ours, or one that is just alike."""
    if agreement_type_id is None:
        return {}
    slots = {
        plan.AgreementSlot(line.company_id, line.currency, line.contract_id)
        for line in lines
        if line.agreement_id is None
    }
    contracts = {slot.contract_id for slot in slots}
    alike = Agreement.objects.filter(
        name__in=contracts,
        agreement_type__connectwise_id=agreement_type_id,
        status=Agreement.Status.ACTIVE,
        missing=False,
    ).values_list("company__connectwise_id", "currency_code", "name", "connectwise_id")
    ours = OwnAgreement.objects.filter(
        contract_id__in=contracts,
        agreement_type__connectwise_id=agreement_type_id,
        agreement__missing=False,
    ).values_list("company__connectwise_id", "currency", "contract_id", "agreement__connectwise_id")
    # What comes later wins: ours over those alike, and of these the one that was read first.
    found = {plan.AgreementSlot(*row[:3]): row[3] for row in (*alike.order_by("-pk"), *ours)}
    return {slot: agreement_id for slot, agreement_id in found.items() if slot in slots}


def _currency_ids() -> dict[str, int]:
    """Currency code → ConnectWise's id, from agreements and companies already read (P46)."""
    found: dict[str, int] = {}
    # Where both know a code, agreements have the last word: it is one of these that will be made.
    for model in (Company, Agreement):
        rows = model.objects.exclude(currency_code="").values_list("currency_code", "currency_id")
        found.update({code: number for code, number in rows.distinct() if number is not None})
    return found


def _first_months(contracts: set[str]) -> dict[str, date]:
    rows = InvoiceLine.objects.filter(contract_id__in=contracts).values_list("contract_id")
    return dict(rows.annotate(first=Min("period")))
