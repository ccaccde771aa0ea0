"""Columns and widths as each user wants them, and looks that got a name."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invoices.models import InvoiceLine
from invoices.queries.columns import BY_KEY, COLUMNS, SHOWN, layout_of
from invoices.templatetags.line_cells import INSIDE
from mapping.models import GridPreference, SavedView
from tests.factories import make_line, make_user

LINES = "/mapping/invoices/"
HTMX = {"HX-Request": "true"}


def shown(client: Client, query: str = "") -> str:
    return client.get(f"{LINES}{query}", headers=HTMX).content.decode()


def test_every_column_has_a_cell() -> None:
    assert set(INSIDE) == set(BY_KEY)


def test_optional_columns_are_not_shown_until_chosen(signed_in: Client) -> None:
    make_line(invoice_number="2026-77", total_cost="8.50", subscription_name="E3 seats")
    for text in ("2026-77", "8.50", "E3 seats"):
        assert text not in shown(signed_in)
    chosen = [*SHOWN, "invoice_number", "total_cost", "total_revenue", "subscription"]
    answer = signed_in.post(f"{LINES}columns/", {"column": chosen}, headers=HTMX)
    for text in ("Invoice Number", "2026-77", "Total Cost", "8.50", "E3 seats", "Total Revenue"):
        assert text in answer.content.decode()
        assert text in shown(signed_in)


def test_a_hidden_column_goes_from_heads_and_rows_and_sorting_by_it_stays(
    signed_in: Client, line: InvoiceLine
) -> None:
    signed_in.post(f"{LINES}columns/", {"column": ["organization", "status"]}, headers=HTMX)
    grid = shown(signed_in, "?sort=offer")
    assert line.offer_name not in grid.replace(f"Select {line.organization_name}, ", "", 1).replace(
        f'aria-label="{line.offer_name}', ""
    )
    assert "sorted by Offer Name, ascending" in grid
    assert grid.count("<col ") == 2 + 2 + 5  # the edges, the chosen ones, those edited in the row


def test_the_choice_is_each_users_own_and_can_be_taken_back(
    signed_in: Client, operator: User, line: InvoiceLine
) -> None:
    GridPreference.objects.create(user=make_user(), grid="invoices", columns=["status"])
    signed_in.post(f"{LINES}columns/", {"column": ["status", "nonsense"]}, headers=HTMX)
    signed_in.post(f"{LINES}columns/width/", {"column": "status", "width": "300"})
    mine = GridPreference.objects.get(user=operator)
    assert (mine.columns, mine.widths) == (["status"], {"status": 300})
    assert 'width="300" data-key="status"' in shown(signed_in)
    signed_in.post(f"{LINES}columns/", {"reset": "yes"}, headers=HTMX)
    mine.refresh_from_db()
    assert (mine.columns, mine.widths) == ([], {})


@pytest.mark.parametrize(("asked", "kept"), [("1", 56), ("99999", 800)])
def test_a_width_is_kept_within_reason(
    signed_in: Client, operator: User, asked: str, kept: int
) -> None:
    assert (
        signed_in.post(f"{LINES}columns/width/", {"column": "offer", "width": asked}).status_code
        == 204
    )
    assert GridPreference.objects.get(user=operator).widths == {"offer": kept}


@pytest.mark.parametrize("values", [{"column": "password", "width": "9"}, {"column": "offer"}])
def test_a_width_that_means_nothing_is_refused(signed_in: Client, values: dict[str, str]) -> None:
    assert signed_in.post(f"{LINES}columns/width/", values).status_code == 400


def test_the_chooser_lists_every_column_and_holds_those_that_are_edited(signed_in: Client) -> None:
    chooser = signed_in.get(f"{LINES}columns/", headers=HTMX).content.decode()
    assert all(f'value="{column.key}"' in chooser for column in COLUMNS)
    assert chooser.count(" disabled") == 5


def test_the_editable_columns_are_always_there() -> None:
    assert layout_of(["offer"], {}).keys == (
        "offer",
        "start",
        "end",
        "company",
        "agreement",
        "product",
    )


def test_text_from_elsewhere_is_escaped_in_every_column(signed_in: Client) -> None:
    hostile = '"><img src=x>'
    texts = {
        BY_KEY[key].field: hostile
        for key in BY_KEY
        if InvoiceLine._meta.get_field(BY_KEY[key].field).get_internal_type() == "CharField"
        and BY_KEY[key].field != "psa_status"
    }
    make_line(**texts, currency="<b>", psa_status="error", error=hostile)
    signed_in.post(f"{LINES}columns/", {"column": list(BY_KEY)}, headers=HTMX)
    assert "<img" not in shown(signed_in)


def test_a_view_keeps_search_filters_sort_and_columns(signed_in: Client, operator: User) -> None:
    signed_in.post(f"{LINES}columns/", {"column": ["offer", "status"]}, headers=HTMX)
    asked = "?period=2026-05&q=azure&status=error&status=synced&sort=-offer&page=3&per_page=50"
    answer = signed_in.post(f"{LINES}views/{asked}", {"name": "  My   errors "}, headers=HTMX)
    assert "My errors" in answer.content.decode()
    view = SavedView.objects.get(user=operator)
    assert view.params == {"q": ["azure"], "status": ["error", "synced"], "sort": ["-offer"]}
    GridPreference.objects.update(columns=[])
    opened = signed_in.post(f"{LINES}views/{view.pk}/open/", headers=HTMX)
    assert "status=error&status=synced" in opened["HX-Location"]
    assert "period=2026-05" in opened["HX-Location"]
    assert {"offer", "status"} <= set(GridPreference.objects.get(user=operator).columns)


def test_a_view_of_the_same_name_is_replaced_and_one_without_a_name_refused(
    signed_in: Client, operator: User
) -> None:
    for query in ("?q=a", "?q=b"):
        signed_in.post(f"{LINES}views/{query}", {"name": "Mine"}, headers=HTMX)
    assert SavedView.objects.get(user=operator).params["q"] == ["b"]
    refused = signed_in.post(f"{LINES}views/", {"name": " "}, headers=HTMX)
    assert refused.status_code == 422
    assert "Give the view a name." in refused.content.decode()


def test_nobody_opens_or_deletes_the_view_of_another(signed_in: Client) -> None:
    other = SavedView.objects.create(user=make_user(), grid="invoices", name="Theirs")
    assert signed_in.post(f"{LINES}views/{other.pk}/open/").status_code == 404
    signed_in.post(f"{LINES}views/{other.pk}/delete/")
    assert SavedView.objects.filter(pk=other.pk).exists()
    assert "Theirs" not in signed_in.get(f"{LINES}views/").content.decode()


def test_a_view_is_deleted(signed_in: Client, operator: User) -> None:
    mine = SavedView.objects.create(user=operator, grid="invoices", name="Mine")
    assert "Mine" in signed_in.get(f"{LINES}views/").content.decode()
    assert "Mine" not in signed_in.post(f"{LINES}views/{mine.pk}/delete/").content.decode()


@pytest.mark.parametrize(
    "path", ["columns/", "columns/width/", "views/", "export.csv", "export.xlsx"]
)
def test_who_is_not_signed_in_is_asked_to(client: Client, path: str) -> None:
    assert client.get(f"{LINES}{path}").status_code == 302


@pytest.mark.parametrize("path", ["columns/", "views/", "export.csv"])
def test_before_the_first_load_there_is_nothing_to_arrange(
    client: Client, operator: User, path: str
) -> None:
    client.force_login(operator)
    assert client.get(f"{LINES}{path}").status_code == 404
