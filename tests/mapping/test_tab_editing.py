"""A company or product chosen on its tab, and taken away again."""

import pytest
from django.test import Client
from django.urls import reverse

from mapping.models import MappingChange
from mapping.tabs import ORGANIZATIONS, Tab
from tests.factories import (
    make_line,
)
from tests.mapping.kit import BOTH, HTMX, make_record, make_target, url

pytestmark = pytest.mark.django_db


@BOTH
def test_the_row_turns_into_a_picker_and_back(mapper: Client, tab: Tab) -> None:
    record = make_record(tab)

    editing = mapper.get(url(tab, "edit", record.pk), headers=HTMX).text
    row = mapper.get(url(tab, "row", record.pk), headers=HTMX).text

    assert f'data-url="{reverse(tab.pick_url)}"' in editing
    assert 'class="is-editing"' in editing
    assert 'class="is-editing"' not in row


@BOTH
def test_saving_maps_fills_and_says_so(mapper: Client, tab: Tab) -> None:
    line = make_line()
    record = line.organization if tab is ORGANIZATIONS else line.offer
    target = make_target(tab)

    response = mapper.post(url(tab, "edit", record.pk), {"target": target.pk}, headers=HTMX)

    record.refresh_from_db()
    line.refresh_from_db()
    assert getattr(record, tab.field) == getattr(line, tab.field) == target
    assert (
        f"{record.name} is mapped to {target.name}; 1 line changed."
        in (response.headers["HX-Trigger"])
    )
    assert response.text.count("hx-swap-oob") == 7
    change = MappingChange.objects.get()
    assert (change.user, change.origin) == (response.wsgi_request.user, "picker")


@BOTH
def test_saving_what_it_was_leaves_no_trace(mapper: Client, tab: Tab) -> None:
    target = make_target(tab, inactive=True)
    record = make_record(tab, **{tab.field: target})

    response = mapper.post(url(tab, "edit", record.pk), {"target": target.pk}, headers=HTMX)

    assert "stays as it was" in response.headers["HX-Trigger"]
    assert not MappingChange.objects.exists()


@BOTH
@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("", "or cancel."),
        ("999999", "here any more. Choose another one."),
        ("x", "here any more. Choose another one."),
        ("inactive", "is inactive in ConnectWise. Choose another one."),
        ("missing", "is not in ConnectWise any more. Choose another one."),
    ],
)
def test_a_bad_choice_is_told_at_the_field(
    mapper: Client, tab: Tab, target: str, error: str
) -> None:
    record = make_record(tab)
    if target in ("inactive", "missing"):
        target = str(make_target(tab, **{target: True}).pk)

    response = mapper.post(url(tab, "edit", record.pk), {"target": target}, headers=HTMX)

    record.refresh_from_db()
    assert response.status_code == 422
    assert error in response.text
    assert getattr(record, tab.field) is None


@BOTH
def test_the_effect_is_told_before_saving(mapper: Client, tab: Tab) -> None:
    lines = [make_line(), make_line()]
    record = lines[0].organization if tab is ORGANIZATIONS else lines[0].offer
    target = make_target(tab)

    told = mapper.get(url(tab, "effect", record.pk), {"target": target.pk}).text
    nothing = mapper.get(url(tab, "effect", record.pk), {"target": ""}).text

    record.refresh_from_db()
    assert "Saving changes 1 unsynced invoice line." in told
    assert nothing.strip() == ""
    assert getattr(record, tab.field) is None


@BOTH
def test_unmapping_asks_with_the_number_and_does_it(mapper: Client, tab: Tab) -> None:
    target = make_target(tab)
    record = make_record(tab, **{tab.field: target})
    given = {
        "organization" if tab is ORGANIZATIONS else "offer": record,
        tab.field: target,
        f"{tab.field}_source": "default",
    }
    line = make_line(**given)

    asked = mapper.get(url(tab, "unmap", record.pk), headers=HTMX).text
    response = mapper.post(url(tab, "unmap", record.pk), headers=HTMX)

    record.refresh_from_db()
    line.refresh_from_db()
    assert "1 unsynced invoice line will change." in asked
    assert "is not mapped any more; 1 line changed." in response.headers["HX-Trigger"]
    assert "closeDialog" in response.headers["HX-Trigger"]
    assert getattr(record, tab.field) is getattr(line, tab.field) is None


@BOTH
def test_history_says_who_mapped_it_to_what(mapper: Client, tab: Tab) -> None:
    record = make_record(tab)
    target = make_target(tab, name="Chosen one")
    mapper.post(url(tab, "edit", record.pk), {"target": target.pk})
    mapper.post(url(tab, "unmap", record.pk))

    page = mapper.get(url(tab, "history", record.pk)).text

    assert page.count("Chosen one") == 2
    assert "chosen on the tab" in page


@BOTH
def test_history_without_a_change_says_so(viewer: Client, tab: Tab) -> None:
    page = viewer.get(url(tab, "history", make_record(tab).pk)).text

    assert "Nothing has changed here so far." in page
