"""The Organizations and the Products tab as a browser sees them (P9, P10)."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mapping.tabs import ORGANIZATIONS, Tab
from tests.factories import (
    make_organization,
)
from tests.mapping.kit import BOTH, HOSTILE, HTMX, make_record, make_target, url

pytestmark = pytest.mark.django_db


@BOTH
def test_the_page_shows_every_column(mapper: Client, tab: Tab) -> None:
    target = make_target(tab, name="In ConnectWise", connectwise_id=4711)
    make_record(tab, name="On the Platform", **{tab.field: target})
    make_record(tab)

    page = mapper.get(url(tab)).text

    for words in (
        *(column.label for column in tab.columns),
        tab.target_name,
        tab.target_id,
        "Mapping Status",
        "On the Platform",
        "In ConnectWise",
        "4711",
        "Mapped",
        "Unmapped",
        "Click to select",
        "Best Practices",
    ):
        assert words in page


@BOTH
def test_htmx_gets_the_grid_alone(mapper: Client, tab: Tab) -> None:
    record = make_record(tab)

    response = mapper.get(url(tab), headers=HTMX)

    assert response.text.lstrip().startswith('<section id="grid"')
    assert record.name in response.text
    assert "HX-Request" in response.headers["Vary"]


@BOTH
@pytest.mark.parametrize("name", ["", "row", "edit", "effect", "unmap", "history", "progress"])
def test_signing_in_is_required(client: Client, tab: Tab, name: str) -> None:
    one = None if name in ("", "progress") else make_record(tab).pk

    response = client.get(url(tab, name, one))

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/")


@BOTH
@pytest.mark.parametrize("name", ["edit", "effect", "unmap"])
def test_changing_needs_the_permission(viewer: Client, tab: Tab, name: str) -> None:
    assert viewer.get(url(tab, name, make_record(tab).pk)).status_code == 403


@BOTH
def test_a_viewer_sees_no_button_that_changes(viewer: Client, tab: Tab) -> None:
    make_record(tab)

    page = viewer.get(url(tab)).text

    assert "Not mapped" in page
    for words in (
        "Click to select",
        "Edit mapping",
        "Unmap ",
        "Sync Organizations",
        "Load Products",
    ):
        assert words not in page


@BOTH
@pytest.mark.parametrize("name", ["", "row", "effect", "history", "progress"])
def test_reading_refuses_post(mapper: Client, tab: Tab, name: str) -> None:
    one = None if name in ("", "progress") else make_record(tab).pk

    assert mapper.post(url(tab, name, one)).status_code == 405


@BOTH
@pytest.mark.parametrize("name", ["row", "edit", "effect", "unmap", "history"])
def test_an_unknown_id_is_not_found(mapper: Client, tab: Tab, name: str) -> None:
    assert mapper.get(url(tab, name, 999_999)).status_code == 404


@BOTH
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("status=mapped", {"Zoë"}),
        ("status=unmapped", {"Alpha", "Beta"}),
        ("status=response_error", {"Broken"}),
        ("status=mapped&status=unmapped", {"Zoë", "Alpha", "Beta"}),
        ("status=nonsense", set()),
        ("q=zoe", {"Zoë"}),
        ("q=ALPHA", {"Alpha"}),
        ("q=target", {"Zoë", "Broken"}),
        ("q=88001", {"Zoë"}),
        ("q=000088001234", set()),
        ("q=nothing-like-it", set()),
        ("q=%00a&page=9&sort=nonsense", {"Alpha", "Beta", "Zoë", "Broken"}),
    ],
)
def test_search_and_filter_narrow_the_grid(
    mapper: Client, tab: Tab, query: str, shown: set[str]
) -> None:
    make_record(tab, name="Alpha", platform_id="P-1")
    make_record(tab, name="Beta", platform_id="P-2")
    make_record(
        tab,
        name="Zoë",
        platform_id="P-3",
        **{tab.field: make_target(tab, name="Target", connectwise_id=88001)},
    )
    make_record(
        tab,
        name="Broken",
        platform_id="P-4",
        response_error="ConnectWise is busy.",
        **{tab.field: make_target(tab, name="a target", connectwise_id=5)},
    )

    response = mapper.get(f"{url(tab)}?{query}", headers=HTMX)

    assert {row.record.name for row in response.context["rows"]} == shown


@BOTH
@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("name", "A"),
        ("-name", "C"),
        ("target", "B"),
        ("-target", "A"),
        ("target_id", "A"),
        ("status", "A"),
        ("-status", "C"),
    ],
)
def test_every_column_sorts(mapper: Client, tab: Tab, sort: str, first: str) -> None:
    make_record(tab, name="A", **{tab.field: make_target(tab, name="Z", connectwise_id=1)})
    make_record(tab, name="B", **{tab.field: make_target(tab, name="Y", connectwise_id=2)})
    make_record(tab, name="C")

    response = mapper.get(f"{url(tab)}?sort={sort}", headers=HTMX)

    assert response.context["rows"][0].record.name == first


@BOTH
def test_ten_more_rows_cost_no_more_queries(
    mapper: Client, tab: Tab, django_assert_num_queries: Any
) -> None:
    make_record(tab, **{tab.field: make_target(tab)})
    mapper.get(url(tab))
    with CaptureQueriesContext(connection) as few:
        mapper.get(url(tab))
    for _ in range(10):
        make_record(tab, **{tab.field: make_target(tab)})

    with django_assert_num_queries(len(few)):
        mapper.get(url(tab))


@BOTH
def test_pages_are_clamped(mapper: Client, tab: Tab) -> None:
    for _ in range(25):
        make_record(tab)

    response = mapper.get(f"{url(tab)}?page=7", headers=HTMX)

    assert (response.context["page"].number, len(response.context["rows"])) == (2, 5)


@BOTH
def test_hostile_text_is_escaped(mapper: Client, tab: Tab) -> None:
    record = make_record(
        tab,
        name=HOSTILE,
        response_error=HOSTILE,
        **{tab.field: make_target(tab, name=HOSTILE)},
    )
    mapper.post(url(tab, "unmap", record.pk))

    for page in (
        mapper.get(url(tab)),
        mapper.get(url(tab, "edit", record.pk)),
        mapper.get(url(tab, "history", record.pk)),
        mapper.get(url(tab, "unmap", record.pk)),
        mapper.get(url(tab), {"q": HOSTILE}),
    ):
        assert "<script>alert" not in page.text


def test_a_closed_organization_is_shown_so(viewer: Client) -> None:
    make_organization(status="Closed")

    assert ">Closed<" in viewer.get(url(ORGANIZATIONS)).text


@BOTH
def test_a_mapping_to_what_is_gone_says_so(viewer: Client, tab: Tab) -> None:
    make_record(tab, **{tab.field: make_target(tab, missing=True)})

    assert "not in ConnectWise any more" in viewer.get(url(tab)).text


@BOTH
def test_a_response_error_says_what_connectwise_said(viewer: Client, tab: Tab) -> None:
    make_record(tab, response_error="ConnectWise is busy.", **{tab.field: make_target(tab)})

    page = viewer.get(url(tab)).text

    assert "Response Error" in page
    assert "ConnectWise is busy." in page


@BOTH
def test_before_the_first_refresh_the_page_says_what_begins(mapper: Client, tab: Tab) -> None:
    page = mapper.get(url(tab)).text

    assert f"No {tab.plural} yet" in page
    assert 'id="refresh-first"' in page


@BOTH
def test_a_search_without_a_hit_offers_the_way_back(mapper: Client, tab: Tab) -> None:
    make_record(tab)

    page = mapper.get(f"{url(tab)}?q=zzz").text

    assert f"No {tab.noun} matches" in page
    assert "Clear search and filters" in page


@BOTH
def test_what_is_mapped_to_something_gone_can_be_filtered(mapper: Client, tab: Tab) -> None:
    make_record(tab, name="Fine", **{tab.field: make_target(tab)})
    assert 'id="filter-gone"' not in mapper.get(url(tab)).text
    make_record(tab, name="Lost", **{tab.field: make_target(tab, missing=True)})
    make_record(tab, name="Idle", **{tab.field: make_target(tab, inactive=True)})

    page = mapper.get(url(tab), {"status": "gone"}, headers=HTMX).text

    assert '<span class="num" id="count-gone">2</span>' in page
    assert ("Lost" in page, "Idle" in page, "Fine" in page) == (True, True, False)
