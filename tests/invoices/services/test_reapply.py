"""What the rules of now would make of loaded lines, and making it so (P7, P23)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from invoices.charge_dates import Rule, RuleTable, rule_table
from invoices.models import InvoiceLine
from invoices.services.reapply import effect_of, reapply
from tests.factories import make_line, make_user
from tests.sessions import in_thread, until_somebody_waits

pytestmark = pytest.mark.django_db

MONTH_END = rule_table([Rule(charge_type="Cycle Fee", slot="end", kind="start_month_last")])
NONE: RuleTable = {}


def line(**overrides: Any) -> InvoiceLine:
    """A Cycle Fee from 5 May to 4 June 2026, loaded without a rule."""
    values: dict[str, Any] = {
        "charge_type": "Cycle Fee",
        "period": date(2026, 5, 1),
        "invoice_date": date(2026, 5, 31),
        "platform_start_date": date(2026, 5, 5),
        "platform_end_date": date(2026, 6, 4),
        "charge_start_date": date(2026, 5, 5),
        "charge_end_date": date(2026, 6, 4),
        "automatic_start_date": date(2026, 5, 5),
        "automatic_end_date": date(2026, 6, 4),
    }
    return make_line(**values | overrides)


def dates(of: InvoiceLine) -> tuple[str, date | None, str, int]:
    of.refresh_from_db()
    return (
        of.charge_start_date.isoformat(),
        of.charge_end_date,
        of.charge_end_date_source,
        of.version,
    )


def test_the_effect_names_the_lines_and_touches_nothing() -> None:
    changes, other = line(), line(charge_type="Usage Fee")
    before = dates(changes)

    effect = effect_of(MONTH_END)

    assert (effect.lines, effect.of) == (1, 2)
    (example,) = effect.examples
    assert (example.line, example.end) == (changes, date(2026, 5, 31))
    assert (example.start_changes, example.end_changes) == (False, True)
    assert dates(changes) == before
    assert other not in [one.line for one in effect.examples]


def test_reapplying_gives_open_lines_the_dates_of_the_rules() -> None:
    changes, other = line(), line(charge_type="Usage Fee")

    assert reapply(MONTH_END, user=make_user()) == 1

    assert dates(changes) == ("2026-05-05", date(2026, 5, 31), "system", 2)
    assert dates(other) == ("2026-05-05", date(2026, 6, 4), "none", 1)
    assert reapply(MONTH_END, user=make_user()) == 0
    assert dates(changes)[3] == 2


def test_a_rule_that_is_gone_gives_the_platforms_date_back() -> None:
    of = line()
    reapply(MONTH_END, user=make_user())
    assert reapply(NONE, user=make_user()) == 1
    assert dates(of)[1:3] == (date(2026, 6, 4), "none")


@pytest.mark.parametrize(
    "closed", [{"psa_status": "synced"}, {"in_flight": True}], ids=["synced", "on its way"]
)
def test_synced_and_frozen_lines_never_change(closed: dict[str, Any]) -> None:
    of = line(**closed)
    assert effect_of(MONTH_END).of == 0
    assert reapply(MONTH_END, user=make_user()) == 0
    assert dates(of)[1:] == (date(2026, 6, 4), "none", 1)


def test_what_a_user_set_stays_and_the_automatic_date_behind_it_follows() -> None:
    of = line(charge_end_date=date(2026, 5, 20), charge_end_date_source="user")

    assert effect_of(MONTH_END).lines == 0
    reapply(MONTH_END, user=make_user())

    assert dates(of)[1:3] == (date(2026, 5, 20), "user")
    assert of.automatic_end_date == date(2026, 5, 31)


def test_a_line_without_an_end_on_the_platform_is_found_too() -> None:
    of = line(platform_end_date=None, charge_end_date=None, automatic_end_date=None)
    assert reapply(MONTH_END, user=make_user()) == 1
    assert dates(of)[1] == date(2026, 5, 31)


def test_a_date_that_stays_and_changes_hands_is_told() -> None:
    """Sent to ConnectWise is a recurring line's end only where a rule or a user set it (P25)."""
    as_it_is = rule_table([Rule(charge_type="Cycle Fee", slot="end", kind="end_month_last")])
    line(platform_end_date=date(2026, 5, 31), charge_end_date=date(2026, 5, 31))
    (example,) = effect_of(as_it_is).examples
    assert (example.end_changes, example.end_hands) == (False, "System Updated")

    reapply(as_it_is, user=make_user())
    (example,) = effect_of(NONE).examples
    assert (example.end_changes, example.end_hands) == (False, "the Platform's own again")
    assert (example.start_changes, example.start_hands) == (False, "")


def test_no_date_takes_the_end_away() -> None:
    of = line()
    none = rule_table([Rule(charge_type="", slot="end", kind="no_date")])
    assert effect_of(none).examples[0].end is None
    reapply(none, user=make_user())
    assert dates(of)[1:3] == (None, "system")


def test_at_most_a_handful_of_examples_is_shown_newest_period_first() -> None:
    old = line(period=date(2026, 4, 1))
    for _ in range(9):
        line()
    effect = effect_of(MONTH_END)
    assert (effect.lines, len(effect.examples)) == (10, 8)
    assert old not in [one.line for one in effect.examples]


def test_more_lines_cost_no_query_more() -> None:
    line()
    with CaptureQueriesContext(connection) as one:
        effect_of(MONTH_END)
    for _ in range(5):
        line()
    with CaptureQueriesContext(connection) as six:
        effect_of(MONTH_END)
    assert len(six) == len(one)


@pytest.mark.django_db(transaction=True)
def test_lines_are_taken_in_the_order_in_which_bulk_update_takes_them() -> None:
    first, second = line(), line()
    # Written anew, it lies behind the second: from end to end, the table would be taken from there.
    InvoiceLine.objects.filter(pk=first.pk).update(offer_name="Moved")
    user = make_user()
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            InvoiceLine.objects.select_for_update(no_key=True).get(pk=first.pk)
            applying = in_thread(threads, lambda: reapply(MONTH_END, user=user))
            until_somebody_waits()
            InvoiceLine.objects.select_for_update(no_key=True).get(pk=second.pk)

        assert applying.result(20) == 2
