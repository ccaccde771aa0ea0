"""The Invoices page: two renderings, its states, its queries, live rows (P27, P54)."""

from collections.abc import Callable
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from invoices.models import ChargeTypeName, InvoiceLine, Period
from mapping.models import GridPreference
from tests.factories import make_company, make_line, make_product, make_user

from .conftest import MAY

LINES = "/mapping/invoices/"
HTMX = {"HX-Request": "true"}


def body(client: Client, query: str = "", **headers: str) -> str:
    response = client.get(f"{LINES}{query}", headers=headers or None)
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_holds_the_same_grid_as_the_fragment(signed_in: Client, line: InvoiceLine) -> None:
    whole, fragment = body(signed_in), body(signed_in, **HTMX)
    assert "<html" in whole
    assert "<html" not in fragment
    assert f'id="line-{line.pk}"' in whole
    assert f'id="line-{line.pk}"' in fragment


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_boosted_and_restored_requests_get_the_page(signed_in: Client, header: str) -> None:
    assert "<html" in body(signed_in, **HTMX, **{header: "true"})


def test_the_answer_varies_by_htmx(signed_in: Client) -> None:
    assert "HX-Request" in signed_in.get(LINES)["Vary"]


@pytest.mark.parametrize(
    "path",
    [
        LINES,
        f"{LINES}periods/",
        f"{LINES}filters/vendor/",
        f"{LINES}changed/",
        f"{LINES}lines/1/",
        f"{LINES}lines/1/edit/",
    ],
)
def test_who_is_not_signed_in_is_asked_to(client: Client, may: Period, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("path", [LINES, f"{LINES}periods/", f"{LINES}changed/"])
def test_reading_refuses_a_post(signed_in: Client, path: str) -> None:
    assert signed_in.post(path).status_code == 405


def test_a_viewer_sees_the_grid_and_no_control(viewer: Client, line: InvoiceLine) -> None:
    shown = body(viewer)
    assert line.organization_name in shown
    for control in ("Edit mapping", "Sync Invoice Line", "Load Invoices", "Click to select"):
        assert control not in shown


def test_before_the_first_load_the_page_says_what_to_do(client: Client, operator: User) -> None:
    client.force_login(operator)
    shown = body(client)
    assert "No invoice lines yet" in shown
    assert "Load Invoices" in shown


def test_a_period_without_lines_says_so(signed_in: Client) -> None:
    assert "No invoice lines in May 2026" in body(signed_in)


@pytest.mark.parametrize(
    ("query", "what", "cleared"),
    [
        ("?vendor=Nobody", "these filters", "filters"),
        ("?q=nobody", "this search", "search"),
        ("?q=nobody&vendor=Nobody", "this search and these filters", "search and filters"),
    ],
)
def test_nothing_that_matches_says_what_and_offers_to_clear_it(
    signed_in: Client, line: InvoiceLine, query: str, what: str, cleared: str
) -> None:
    shown = body(signed_in, query)
    assert "No line matches" in shown
    assert f"matches {what}.</p>" in shown
    assert f">Clear {cleared}</a>" in shown


def test_periods_are_listed_newest_first_and_the_newest_is_shown(signed_in: Client) -> None:
    for month in (date(2026, 4, 1), date(2025, 2, 1), date(2025, 1, 1)):
        Period.objects.create(month=month, complete=True, loaded_at=timezone.now())
    chooser = signed_in.get(f"{LINES}periods/").content.decode()
    positions = [chooser.index(name) for name in ("May 2026", "April 2026", "February 2025")]
    assert positions == sorted(positions)
    assert "January 2025" not in chooser  # older than 15 months: hidden, not deleted


@pytest.mark.parametrize("period", ["2026-04", "1999-01", "nonsense", "2026-13", ""])
def test_a_period_that_is_not_loaded_falls_back_to_the_newest(
    signed_in: Client, line: InvoiceLine, period: str
) -> None:
    assert line.organization_name in body(signed_in, f"?period={period}")


def test_the_counters_read_as_specified(signed_in: Client) -> None:
    make_line(vendor_name="Adobe")
    make_line(company=make_company(), product=make_product(), create_agreement=True)
    plain = body(signed_in, "?vendor=Adobe").replace("<b>", "").replace("</b>", "")
    assert "Showing 1 of 2 invoice lines" in plain
    assert "Total invoice lines: 2 | Mapped: 1 | Unmapped: 1" in plain


def test_the_end_dates_head_explains_itself(signed_in: Client, line: InvoiceLine) -> None:
    assert (
        "When no rules in settings are configured or manual overrides are applied, Charge End dates"
        " are automatically adjusted during sync. Non-recurring invoice lines use the last day of"
        " the start month as the end date. Recurring invoice lines sync without an end date."
    ) in body(signed_in)


def test_every_head_but_selector_and_actions_sorts(signed_in: Client, line: InvoiceLine) -> None:
    shown = body(signed_in)
    assert shown.count('class="sort"') == 22
    assert shown.count('class="funnel') == 7
    assert shown.count('aria-sort="ascending"') == 1


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        ({"charge_start_date_source": "user"}, "User Updated"),
        ({"charge_end_date_source": "system"}, "System Updated"),
        ({"agreement_source": "bulk", "create_agreement": True}, "User Updated"),
        ({"charge_type": "Usage Fee"}, "Consumption"),
        ({"psa_status": "synced"}, "Synced"),
        ({"psa_status": "error", "error": "Product inactive"}, "Product inactive"),
        ({"psa_status": "error", "in_flight": True}, "not confirmed – checking"),
        ({"gone": True}, "Gone from the Platform"),
        ({"changed_on_platform": True, "psa_status": "synced"}, "Changed on the Platform"),
        ({}, "Sent: no end date. Recurring: sent without an end date."),
        (
            {"charge_type": "Correction"},
            "Sent: 2026-05-31. Not recurring: the last day of the start month.",
        ),
        ({}, "Click to select"),
        ({}, "Not chosen"),
        ({"create_agreement": True}, "Create new agreement"),
    ],
)
def test_a_row_shows(signed_in: Client, values: dict[str, object], seen: str) -> None:
    ChargeTypeName.objects.create(charge_type="Usage Fee", display_name="Consumption")
    make_line(**values)
    assert seen in body(signed_in)


@pytest.mark.parametrize(
    "values", [{"agreement_source": "user", "create_agreement": True}, {"company_source": "user"}]
)
def test_a_value_chosen_on_the_row_has_no_badge(
    signed_in: Client, values: dict[str, object]
) -> None:
    make_line(**values)
    assert "Updated</span>" not in body(signed_in)


def test_text_from_elsewhere_is_escaped(signed_in: Client) -> None:
    make_line(organization_name="<script>alert(1)</script>", error='"><img>', psa_status="error")
    shown = body(signed_in)
    assert "<script>alert" not in shown
    assert '"><img>' not in shown


def test_ten_more_rows_cost_no_more_queries(signed_in: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            body(signed_in, "?per_page=50")
        return len(captured)

    make_line()
    queries()
    before = queries()
    for _ in range(10):
        make_line()
    assert queries() == before


def test_the_page_size_is_remembered_per_user(signed_in: Client, operator: User) -> None:
    for _ in range(25):
        make_line()
    assert body(signed_in).count("data-version") == 20
    assert body(signed_in, "?per_page=50").count("data-version") == 25
    assert body(signed_in).count("data-version") == 25
    assert GridPreference.objects.get(user=operator, grid="invoices").page_size == 50
    assert body(signed_in, "?per_page=7").count("data-version") == 25


@pytest.mark.parametrize(("asked", "shown"), [("99", "3"), ("0", "1"), ("-1", "1"), ("x", "1")])
def test_the_page_input_is_clamped(signed_in: Client, asked: str, shown: str) -> None:
    for _ in range(45):
        make_line()
    assert f'max="3" value="{shown}"' in body(signed_in, f"?page={asked}")


def test_state_that_means_nothing_is_dropped(signed_in: Client, line: InvoiceLine) -> None:
    hostile = "?sort=password&vendor=&per_page=9&page=1e9&q=%00&period=%00"
    assert line.organization_name in body(signed_in, hostile)


def test_a_filters_popover_offers_values_with_counts(signed_in: Client) -> None:
    make_line(vendor_name="Adobe & Co")
    popover = signed_in.get(f"{LINES}filters/vendor/", headers=HTMX).content.decode()
    assert 'value="Adobe &amp; Co"' in popover
    values = signed_in.get(f"{LINES}filters/vendor/?find=zzz", headers=HTMX).content.decode()
    assert "No value contains “zzz”" in values
    assert "<form" not in values


@pytest.mark.parametrize("column", ["cost", "password"])
def test_a_column_that_does_not_filter_is_not_found(signed_in: Client, column: str) -> None:
    assert signed_in.get(f"{LINES}filters/{column}/").status_code == 404


def test_live_rows_come_out_of_band_and_the_row_under_edit_is_told(signed_in: Client) -> None:
    same, grown, edited = make_line(), make_line(version=3), make_line(version=3)
    query = f"?since={same.pk}.1_{grown.pk}.2&editing={edited.pk}.2"
    shown = signed_in.get(f"{LINES}changed/{query}", headers=HTMX).content.decode()
    assert f'id="line-{grown.pk}" data-version="3" hx-swap-oob="true"' in shown
    assert f'id="line-{same.pk}"' not in shown
    assert f'id="line-{edited.pk}"' not in shown
    assert f'id="line-{edited.pk}-notice"' in shown
    assert 'id="totals" hx-swap-oob="true"' in shown


@pytest.mark.parametrize("since", ["", "x", "1", "1.2.3", "_._", "9" * 40 + ".1"])
def test_live_rows_ignore_nonsense(signed_in: Client, since: str) -> None:
    assert signed_in.get(f"{LINES}changed/?since={since}", headers=HTMX).status_code == 200


def test_the_navigation_marks_the_page_and_its_tab(signed_in: Client) -> None:
    assert body(signed_in).count('aria-current="page"') == 2


def test_searching_finds_on_the_page(
    signed_in: Client, searchable: Callable[..., InvoiceLine]
) -> None:
    wanted, other = searchable(offer_name="Azure Plan"), searchable(offer_name="Teams")
    shown = body(signed_in, "?q=azure")
    assert f'id="line-{wanted.pk}"' in shown
    assert f'id="line-{other.pk}"' not in shown


def test_choosing_another_period_clears_the_ticks(signed_in: Client, operator: User) -> None:
    Period.objects.create(month=date(2026, 4, 1), complete=True, loaded_at=timezone.now())
    line = make_line(period=MAY)
    make_line(period=date(2026, 4, 1))
    signed_in.post(f"{LINES}tick/", {"line": line.pk, "shown": line.pk, "on": "yes"})
    assert "is-selected" in body(signed_in)
    body(signed_in, "?period=2026-04")
    assert "is-selected" not in body(signed_in, "?period=2026-05")


def test_who_has_single_rights_and_no_role_is_named_so(client: Client, may: Period) -> None:
    client.force_login(make_user("invoices.edit_lines", role=""))
    assert "No role" in body(client)
