"""The Dashboard (P52): lines and money by status, progress, what needs attention."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from integration.queries import (
    Progress,
    concerns,
    mapping_progress,
    standings,
    totals,
)
from integration.recent import recent_work
from invoices.models import (
    InvoiceLine,
    InvoiceSettings,
    Load,
    Operation,
    Period,
    Posting,
    ScheduledJob,
    SyncRun,
)
from invoices.money import Money
from invoices.queries.history import words_of
from tests.factories import (
    make_agreement,
    make_company,
    make_line,
    make_offer,
    make_organization,
    make_product,
)

MAY = date(2026, 5, 1)
pytestmark = pytest.mark.usefixtures("open_gate")


@pytest.fixture
def may() -> Period:
    return Period.objects.create(month=MAY, complete=True)


def money(status: str) -> tuple[Money, ...]:
    return next(one.money for one in standings(MAY) if one.status == status)


def make_error(code: str, **values: object) -> InvoiceLine:
    return make_line(psa_status="error", error_code=code, error=f"because of {code}", **values)


def test_before_the_first_load_it_says_how_to_begin(viewer: Client) -> None:
    page = viewer.get("/").text
    assert "Nothing has been loaded yet" in page
    assert page.index("Begin with Organizations") < page.index(">Products</a>")


def test_money_stands_by_status_and_currency(may: Period) -> None:
    make_line(psa_status="synced", total_price=Decimal("10.10"), total_cost=Decimal("4.05"))
    make_line(psa_status="synced", total_price=Decimal("0.20"), total_cost=Decimal("0.01"))
    make_line(psa_status="synced", total_price=Decimal(7), total_cost=Decimal(5), currency="EUR")
    make_line(period=date(2026, 4, 1), psa_status="synced")
    assert money("synced") == (
        Money("USD", Decimal("10.30"), Decimal("4.06")),
        Money("EUR", Decimal("7.00"), Decimal("5.00")),
    )
    assert money("error") == ()


def test_every_status_is_shown_also_one_without_lines(may: Period) -> None:
    assert [(one.label, one.lines) for one in standings(MAY)] == [
        ("Not Synced", 0),
        ("Synced", 0),
        ("Error", 0),
    ]


def test_no_error_is_nothing_to_be_red_about(may: Period, viewer: Client) -> None:
    make_line(psa_status="synced")
    page = viewer.get("/").text
    assert "tile is-synced" in page
    assert "tile is-error" not in page


def test_totals_add_up_per_currency_and_never_across(may: Period) -> None:
    make_line(psa_status="synced", total_price=Decimal(10), total_cost=Decimal(4))
    make_line(total_price=Decimal(-3), total_cost=Decimal(-1))
    make_line(total_price=Decimal(5), total_cost=Decimal(5), currency="EUR")
    dollars, euros = totals(standings(MAY))
    assert (dollars.revenue, dollars.cost, dollars.margin) == (Decimal(7), Decimal(3), Decimal(4))
    assert (euros.currency, euros.margin) == ("EUR", Decimal(0))


def test_attention_is_grouped_by_cause_the_largest_first(may: Period) -> None:
    organization = make_organization()
    for _ in range(3):
        make_error("product_inactive", organization=organization)
    make_error("agreement_ended")
    found = [(one.cause, one.lines, one.customers) for one in concerns(MAY)]
    assert found == [("Product inactive", 3, 1), ("Agreement ends before", 1, 1)]
    assert concerns(MAY)[0].words == "because of product_inactive"


def test_a_cause_whose_lines_differ_shows_one_of_them_as_an_example(may: Period) -> None:
    for agreement in ("Cloud services A", "Cloud services B"):
        make_line(psa_status="error", error_code="ended", error=f"{agreement} is expired.")
    assert concerns(MAY)[0].words == "For example: Cloud services A is expired."


def test_unmapped_gone_and_changed_lines_need_attention(may: Period) -> None:
    make_line()
    make_line(gone=True, psa_status="synced")
    make_line(changed_on_platform=True, psa_status="synced")
    causes = {one.cause: one.lines for one in concerns(MAY)}
    assert causes == {
        "Not mapped yet": 1,
        "Gone from the Platform": 1,
        "Changed on the Platform after sync": 1,
    }


def test_a_cause_links_to_its_lines(may: Period, viewer: Client) -> None:
    make_error("product_inactive")
    make_line()
    page = viewer.get("/").text
    assert "/mapping/invoices/?period=2026-05&amp;status=error" in page
    assert "/mapping/invoices/?period=2026-05&amp;mapping=unmapped" in page


def test_when_nothing_needs_anyone_it_says_so(may: Period, viewer: Client) -> None:
    assert "Nothing needs you" in viewer.get("/").text


def test_mapping_progress_counts_what_is_mapped() -> None:
    make_organization(company=make_company())
    make_organization()
    make_offer(product=make_product())
    assert mapping_progress() == [Progress("Organizations", 1, 2), Progress("Products", 1, 1)]


@pytest.mark.parametrize(
    ("mapped", "total", "percent"), [(0, 0, 0), (1, 3, 33), (199, 200, 99), (5, 5, 100)]
)
def test_percent_is_a_hundred_only_when_all_is_mapped(
    mapped: int, total: int, percent: int
) -> None:
    assert Progress("x", mapped, total).percent == percent


def test_the_newest_period_is_shown(may: Period, viewer: Client) -> None:
    Period.objects.create(month=date(2026, 4, 1))
    assert "May 2026" in viewer.get("/").text


def test_an_incomplete_load_is_told(may: Period, viewer: Client) -> None:
    Period.objects.update(complete=False)
    assert "the last load was not complete" in viewer.get("/").text


def test_last_loads_and_runs_are_listed(may: Period, viewer: Client) -> None:
    Load.objects.create(month=MAY, state="done", message="3 new lines")
    SyncRun.objects.create(period=MAY, state="finished", outcomes={"done": 1204, "error": 3})
    page = viewer.get("/").text
    assert "3 new lines" in page
    assert "Finished: 1,204 posted, 3 in error" in page


def test_a_run_counts_from_when_it_began_not_from_its_preview(may: Period, viewer: Client) -> None:
    midnight = datetime(2026, 5, 20, tzinfo=UTC)
    previewed_first = SyncRun.objects.create(period=MAY, state="finished")
    SyncRun.objects.filter(pk=previewed_first.pk).update(
        created_at=midnight, confirmed_at=midnight.replace(hour=9)
    )
    for hour in range(1, 6):
        later = SyncRun.objects.create(period=MAY, state="finished")
        SyncRun.objects.filter(pk=later.pk).update(created_at=midnight.replace(hour=hour))

    runs = recent_work()

    assert runs[0].url == f"/mapping/invoices/runs/{previewed_first.pk}/"
    # Between the two the line may break, and nowhere else.
    assert "<span>2026-05-20</span> <span>09:00</span>" in viewer.get("/").text


def test_loads_and_syncs_are_one_list_with_how_long_they_took(may: Period) -> None:
    def at(model: type[Load] | type[SyncRun], minute: int, took: int | None, **values: Any) -> None:
        made = model.objects.create(**values)
        began = datetime(2026, 5, 18, 9, minute, tzinfo=UTC)
        ended = None if took is None else began + timedelta(seconds=took)
        model.objects.filter(pk=made.pk).update(created_at=began, finished_at=ended)

    at(Load, 0, 12, month=MAY, state="done", message="3 new lines")
    at(SyncRun, 10, 125, period=MAY, state="finished", message="2 posted")
    at(Load, 30, None, month=MAY, state="running")

    assert [(one.what, one.took) for one in recent_work()] == [
        ("Load May 2026", ""),
        ("Sync May 2026", "2 min 5 s"),
        ("Load May 2026", "12 s"),
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (4320, "1 h 12 min")],
)
def test_how_long_it_took(seconds: float, words: str) -> None:
    assert words_of(timedelta(seconds=seconds)) == words


def test_the_month_is_a_bar_that_says_its_numbers(may: Period, viewer: Client) -> None:
    make_line(psa_status="synced")
    make_line(psa_status="synced")
    make_line()
    page = viewer.get("/").text
    assert "<b>2</b> of 3 lines are in ConnectWise" in page
    assert '<title id="bar-title">Synced: 2, Unmapped: 1</title>' in page


def test_twelve_months_are_a_chart_with_a_table_behind(may: Period, viewer: Client) -> None:
    make_line(psa_status="synced")
    make_line(period=date(2025, 12, 1), psa_status="error")
    make_line(period=date(2025, 1, 1), psa_status="synced")
    part = viewer.get("/months/").text
    assert "<html" not in part
    assert "May 2026: 1 line, 1 Synced." in part
    assert "December 2025: 1 line, 1 Error." in part
    assert "?period=2025-12" in part
    assert "January 2025" not in part
    assert "style=" not in part


def test_without_a_month_there_is_no_chart(viewer: Client) -> None:
    assert viewer.get("/months/").content == b""
    assert "Twelve months" not in viewer.get("/").text


def test_more_lines_cost_no_more_queries(
    may: Period, viewer: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_error("one")
    viewer.get("/")
    with CaptureQueriesContext(connection) as before:
        viewer.get("/")
    for number in range(10):
        make_error(f"code_{number}")
        Load.objects.create(month=date(2026, 1 + number % 5, 1), state="done")
    with django_assert_num_queries(len(before)):
        viewer.get("/")


def test_subscriptions_that_are_gone_wait_for_a_yes(viewer: Client, may: Period) -> None:
    line = make_line()
    posting = Posting.objects.create(
        key="LB-1",
        reference_field="serialNumber",
        line=line,
        subscription_id=line.subscription_id,
        agreement=make_agreement(),
        addition_id=7,
        last_period=date(2026, 4, 1),
        state="open",
    )
    run = SyncRun.objects.create(period=MAY, state="finished")
    waiting = Operation.objects.create(
        run=run, kind="end", state="skipped", reason_code="waits_for_a_yes", posting=posting
    )

    assert "Subscriptions no longer invoiced</b> – 1 Addition<" in viewer.get("/").text
    waiting.delete()
    assert "Subscriptions no longer invoiced" not in viewer.get("/").text


def test_a_cause_that_is_mended_in_one_place_leads_there(viewer: Client, may: Period) -> None:
    make_error("product_inactive")
    make_error("refused_by_connectwise")

    page = viewer.get("/").content.decode()

    assert 'href="/mapping/products/">Map the offers</a>' in page
    assert "status=error&amp;cause=refused_by_connectwise" in page


def test_the_schedule_tells_when_it_works_next_and_why_it_waits(viewer: Client) -> None:
    InvoiceSettings.load()
    InvoiceSettings.objects.update(monthly_load=True, monthly_load_day=2, monthly_load_hour=3)
    words = "Monthly load of May 2026 waits: run 7 posts its lines."
    ScheduledJob.objects.create(name="monthly_load", message=words)

    with time_machine.travel(datetime(2026, 5, 18, 12, tzinfo=UTC), tick=False):
        page = viewer.get("/").text

    assert "next on 2026-06-02 03:00" in page
    assert words in page
    assert page.count('<span class="quiet">off</span>') == 1


def test_everybody_chooses_whether_results_are_mailed(viewer: Client) -> None:
    page = viewer.get("/").text
    assert "Your user has no e-mail address; an Administrator can add it." in page
    assert '<option value="" selected>Never</option>' in page

    page = viewer.post("/reports/", {"when": "problems"}, follow=True).text
    assert '<option value="problems" selected>' in page
    assert viewer.post("/reports/", {"when": "sometimes"}).status_code == 400
