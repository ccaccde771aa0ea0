"""The grid, sentence by sentence (P20 to P29), as an operator sees it."""

import re
from datetime import date
from urllib.parse import quote

from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from invoices.models import ChargeTypeName, InvoiceLine
from invoices.months import last_day
from invoices.queries.columns import END_DATE_HINT
from tests.browser.conftest import MakeLine, SignIn
from tests.factories import (
    make_agreement,
    make_company,
    make_offer,
    make_organization,
    make_product,
)
from tests.invoices.grid.heads import HEADS

ROWS = "#grid tbody tr"
FILTERED = [
    "Contract ID",
    "Offer Name",
    "Vendor Name",
    "Billing Cycle",
    "Commitment Term",
    "Mapping Status",
    "Status in PSA",
]


def cell(page: Page, line: InvoiceLine, head: str) -> Locator:
    return page.locator(f"#line-{line.pk} > td").nth(HEADS.index(head) + 1)


def test_p20_one_text_line_a_row_and_the_edges_and_the_head_stay(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    long = "A customer whose name nobody would want to see wrapped over three lines of a grid"
    for _ in range(40):
        seed(
            organization=make_organization(name=long),
            psa_status="error",
            error=long,
            charge_start_date_source="user",
        )
    page = sign_in(operator, path="/mapping/invoices/?per_page=50")
    heights = page.locator(ROWS).evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert set(heights) <= {34, 35}
    box = page.locator(".grid-scroll")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    head = page.get_by_role("columnheader", name="Actions")
    tick, act = page.locator(f"{ROWS} .tick").first, page.locator(f"{ROWS} .row-actions").first
    before = [one.bounding_box() for one in (tick, act, head)]
    box.evaluate("box => box.scrollTo(900, 0)")
    assert [one.bounding_box() for one in (tick, act, head)] == before
    box.evaluate("box => box.scrollTo(900, 400)")
    assert head.bounding_box() == before[2]
    expect(box).to_have_class(re.compile("is-scrolled-left"))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_p21_the_columns_their_order_sorts_and_filters(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    seed()
    page = sign_in(operator, path="/mapping/invoices/?sort=-status")
    heads = page.locator("#grid thead tr:last-child th")
    labels = heads.locator(".head-label").all_inner_texts()
    assert [*labels, heads.last.inner_text()] == HEADS
    expect(heads.first.get_by_role("checkbox")).to_be_visible()
    funnels = page.locator("#grid thead .funnel")
    names = funnels.evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
    assert names == [f"Filter {label}" for label in FILTERED]
    for label in HEADS[:-1]:
        page.get_by_role("link", name=label, exact=True).click()
        head = page.get_by_role("columnheader").filter(has=page.get_by_text(label, exact=True))
        expect(head).to_have_attribute("aria-sort", "ascending")
    assert heads.first.get_attribute("aria-sort") is None
    assert heads.last.get_attribute("aria-sort") is None


def test_p22_platform_values_are_read_only_money_has_its_currency_ids_follow_names(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    company = make_company(name="Old Ltd", connectwise_id=11)
    make_company(name="New Ltd", connectwise_id=22)
    line = seed(
        company=company,
        product=make_product(name="Seat", connectwise_id=33),
        unit_cost="1234.5",
        unit_price="2000",
        total_cost="4938.00",
        currency="EUR",
        quantity=4,
    )
    page = sign_in(operator)
    total = page.get_by_role("columnheader", name="Total Cost")
    expect(cell(page, line, "Cost")).to_have_text("1,234.50EUR")
    expect(cell(page, line, "Revenue")).to_have_text("2,000.00EUR")
    expect(total).to_have_count(0)
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Total Cost").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(f"#line-{line.pk}")).to_contain_text("4,938.00")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Reset columns and widths").click()
    expect(total).to_have_count(0)

    page.get_by_role("button", name="Edit mapping").click()
    row = page.locator("tr.is-editing")
    for head in HEADS[:12]:
        expect(cell(page, line, head).locator("input, select, button")).to_have_count(0)
    for head in ("PSA Organization ID", "PSA Product ID"):
        expect(cell(page, line, head).locator("input")).to_have_count(0)
    row.get_by_role("combobox", name="PSA Organization").fill("New")
    page.get_by_role("option", name=re.compile("New Ltd")).click()
    expect(cell(page, line, "PSA Organization ID")).to_have_text("22")


def test_p23_badges_tell_who_set_a_value(sign_in: SignIn, operator: User, seed: MakeLine) -> None:
    ChargeTypeName.objects.create(charge_type="Usage Fee", display_name="Consumption")
    company = make_company()
    agreement = make_agreement(company=company)
    none = seed(company=company, agreement=agreement, agreement_source="default")
    rule = seed(charge_start_date_source="system", charge_end_date_source="system")
    user = seed(charge_start_date_source="user", charge_end_date_source="user")
    bulk = seed(company=company, agreement=agreement, agreement_source="bulk")
    named = seed(charge_type="Usage Fee")
    page = sign_in(operator)
    for line, head, badge in (
        (rule, "Charge Start Date", "System Updated"),
        (rule, "Charge End Date", "System Updated"),
        (user, "Charge Start Date", "User Updated"),
        (user, "Charge End Date", "User Updated"),
        (bulk, "PSA Agreement Name", "User Updated"),
        (named, "Charge Type", "System Updated"),
    ):
        expect(cell(page, line, head).locator(".badge-source")).to_have_text(badge)
        expect(cell(page, line, head).locator(".badge-source")).to_be_visible()
    expect(cell(page, named, "Charge Type")).to_contain_text("Consumption")
    expect(page.locator(f"#line-{none.pk} .badge-source")).to_have_count(0)

    page.locator(f"#edit-{rule.pk}").click()
    row = page.locator("tr.is-editing")
    row.get_by_label("Charge End Date").fill(f"{rule.charge_start_date.replace(day=27)}")
    page.keyboard.press("Enter")
    expect(cell(page, rule, "Charge End Date").locator(".badge-source")).to_have_text(
        "User Updated"
    )
    # Unchanged: it keeps its badge.
    expect(cell(page, rule, "Charge Start Date").locator(".badge-source")).to_have_text(
        "System Updated"
    )


def test_p24_the_end_dates_head_tells_what_sync_does(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    seed()
    page = sign_in(operator)
    page.get_by_role("button", name="About Charge End Date").hover()
    expect(page.get_by_role("tooltip").filter(visible=True)).to_have_text(
        "When no rules in settings are configured or manual overrides are applied, Charge End "
        "dates are automatically adjusted during sync. Non-recurring invoice lines use the last "
        "day of the start month as the end date. Recurring invoice lines sync without an end date."
    )
    link = page.get_by_role("link", name="Charge End Date")
    assert (
        link.evaluate(
            "link => document.getElementById(link.getAttribute('aria-describedby')).textContent"
        )
        == END_DATE_HINT
    )


def test_p25_the_end_date_that_will_be_sent_is_told_with_its_why(
    sign_in: SignIn, operator: User, seed: MakeLine, month: date
) -> None:
    last, ninth = last_day(month), month.replace(day=9)
    by_user = {"charge_end_date": ninth, "charge_end_date_source": "user"}
    told = {
        seed(**by_user): f"Sent: {ninth}. Set by a user.",
        seed(charge_end_date=ninth, charge_end_date_source="system"): (
            f"Sent: {ninth}. Set by a charge-date rule."
        ),
        seed(invoice_source="custom", charge_type="Correction", platform_end_date=ninth): (
            f"Sent: {ninth}. Custom invoice: the Platform's end date."
        ),
        seed(charge_type="Usage Fee"): (
            f"Sent: {last}. Not recurring: the last day of the start month."
        ),
        seed(charge_type="RoundingFee"): (
            f"Sent: {last}. Not recurring: the last day of the start month."
        ),
        seed(charge_type="Purchase Fee"): "Sent: no end date. Recurring: sent without an end date.",
        seed(charge_start_date=last, **by_user): (
            f"Sent: {last}. Set by a user. {ninth} is before the start, so the start is sent."
        ),
    }
    page = sign_in(operator)
    for line, why in told.items():
        page.mouse.move(0, 0)  # off the tip, which lies over the row below
        cell(page, line, "Charge End Date").hover()
        expect(page.locator("#tip")).to_have_text(why)
    expect(cell(page, list(told)[4], "Charge Type")).to_have_text("RoundingFee")


def test_p26_mapped_needs_an_organization_a_product_and_a_chosen_agreement(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    company, product = make_company(), make_product()
    agreement = make_agreement(company=company, name="Annual")
    statuses = {
        seed(): ("Unmapped", "Not chosen"),
        seed(company=company, product=product): ("Unmapped", "Not chosen"),
        seed(company=company, agreement=agreement): ("Unmapped", "Annual"),
        seed(company=company, product=product, agreement=agreement): ("Mapped", "Annual"),
        seed(company=company, product=product, create_agreement=True): (
            "Mapped",
            "Create new agreement",
        ),
    }
    page = sign_in(operator)
    for line, (status, agreement_name) in statuses.items():
        expect(cell(page, line, "Mapping Status")).to_have_text(status)
        expect(cell(page, line, "PSA Agreement Name")).to_have_text(agreement_name)
    expect(page.locator("#totals")).to_contain_text("Mapped: 2 | Unmapped: 3")


def test_p27_an_outcome_that_is_not_known_shows_as_error_until_it_resolves_itself(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    lines = [
        seed(),
        seed(psa_status="synced"),
        seed(psa_status="error", error="Product inactive"),
        seed(psa_status="error", in_flight=True),
    ]
    page = sign_in(operator)
    for line, text in zip(
        lines,
        ("Not Synced", "Synced", "ErrorProduct inactive", "Errornot confirmed – checking"),
        strict=True,
    ):
        expect(cell(page, line, "Status in PSA")).to_have_text(text)
    page.get_by_role("button", name="Filter Status in PSA").click()
    values = page.locator("#filter-values .cut")
    expect(values).to_have_text(["Error", "Not Synced", "Synced"])
    page.keyboard.press("Escape")

    checked = InvoiceLine.objects.filter(pk=lines[3].pk)
    checked.update(psa_status="synced", in_flight=False, version=2)
    page.evaluate("htmx.trigger(document.body, 'runTick', {live: true})")
    expect(cell(page, lines[3], "Status in PSA")).to_have_text("Synced")


def test_p28_the_search_reads_five_columns_and_the_state_lives_in_the_url(
    sign_in: SignIn, operator: User, seed: MakeLine
) -> None:
    other = {"billing_cycle": "Annual", "commitment_term": "3 Years"}
    seed(organization=make_organization(name="Café Müller", reference_number="QX-77"))
    seed(offer=make_offer(name="Microsoft 365 E3"), **other)
    seed(contract_id="CON-Müller", vendor_name="Muller", charge_type="Usage Fee")
    page = sign_in(operator, path="/mapping/invoices/?sort=-offer")
    search = page.get_by_role("searchbox", name="Search lines")
    for typed, count in (
        ("CAFE MUL", 1),
        ("qx-7", 1),
        ("65 e", 1),
        ("nnual", 1),
        ("3 YEARS", 1),
        ("con-m", 0),
        ("usage", 0),
    ):
        search.fill(typed)
        expect(page).to_have_url(re.compile(rf"q={re.escape(quote(typed))}(&|$)"))
        expect(page.locator("#showing")).to_have_text(f"Showing {count} of 3 invoice lines")
    search.fill("month")
    expect(page.locator("#showing")).to_have_text("Showing 2 of 3 invoice lines")
    page.get_by_role("button", name="Filter Vendor Name").click()
    page.get_by_label("Muller").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#showing")).to_have_text("Showing 1 of 3 invoice lines")
    for part in ("q=month", "vendor=Muller", "sort=-offer"):
        expect(page).to_have_url(re.compile(part))


def test_p29_counters_pages_and_their_size(sign_in: SignIn, operator: User, seed: MakeLine) -> None:
    mapped = {"company": make_company(), "product": make_product(), "create_agreement": True}
    for number in range(45):
        seed(vendor_name=("Adobe", "Other")[number % 2], **(mapped if number < 5 else {}))
    page = sign_in(operator, path="/mapping/invoices/?vendor=Adobe")
    expect(page.locator("#showing")).to_have_text("Showing 23 of 45 invoice lines")
    expect(page.locator("#totals")).to_have_text(
        "Total invoice lines: 45 | Mapped: 5 | Unmapped: 40"
    )
    size = page.get_by_label("Items per page")
    assert size.locator("option").all_inner_texts() == ["20", "50", "100", "200"]
    expect(size).to_have_value("20")
    expect(page.locator(".pager-range")).to_have_text("1–20 of 23")
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator(".pager-range")).to_have_text("1–20 of 45")
    page.get_by_role("link", name="Next page").click()
    expect(page.locator(".pager-range")).to_have_text("21–40 of 45")
    page.get_by_role("link", name="Previous page").click()
    expect(page.locator(".pager-range")).to_have_text("1–20 of 45")
    field = page.get_by_label("Page", exact=True)
    for typed, shown, lines in (
        ("99", "3", "41–45"),
        ("-4", "1", "1–20"),
        ("2", "2", "21–40"),
        ("0", "1", "1–20"),
    ):
        field.fill(typed)
        page.keyboard.press("Enter")
        expect(page.locator(".pager-range")).to_have_text(f"{lines} of 45")
        expect(field).to_have_value(shown)
    size.select_option("50")
    expect(page.locator(ROWS)).to_have_count(45)
    page.goto("/mapping/invoices/")
    expect(page.locator(ROWS)).to_have_count(45)
