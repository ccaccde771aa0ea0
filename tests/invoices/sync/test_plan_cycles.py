"""An annual licence on a monthly agreement: warned of, with an end offered, or ended by a setting (P45)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from invoices.sync import plan
from invoices.sync.cautions import Caution, CautionCode, offered_end
from invoices.sync.states import OperationKind
from tests.invoices.sync.plan_world import (
    AGREEMENT,
    DIRECTORY,
    MAY,
    SETTINGS,
    line,
    owning,
)

ENDING = replace(SETTINGS, end_long_cycles=True)


def plan_one(
    of: plan.Line,
    cycle: str = "Monthly",
    directory: plan.Directory = DIRECTORY,
    settings: plan.PlanSettings = SETTINGS,
) -> plan.Planned:
    agreements = {30: replace(AGREEMENT, billing_cycle=cycle)}
    (*_, planned) = plan.make_plan([of], replace(directory, agreements=agreements), settings)
    return planned


def test_it_is_warned_of_and_offered_to_end_after_one_agreement_period() -> None:
    planned = plan_one(line(billing_cycle="Annual"))

    (warning,) = planned.warnings
    assert warning.code == CautionCode.LONG_CYCLE
    assert warning.text == (
        "Its billing cycle is annual, the agreement's monthly: without an end date ConnectWise bills it in "
        "every monthly period."
    )
    assert offered_end(planned.warnings) == date(2026, 5, 31)
    assert planned.image
    assert planned.image.cancelled_date is None


@pytest.mark.parametrize(
    ("cycle", "agreements_cycle", "start", "end"),
    [
        ("Annual", "Monthly", MAY, date(2026, 5, 31)),
        ("Annual", "Monthly", date(2026, 5, 20), date(2026, 5, 31)),
        ("Annual", "Monthly", date(2028, 2, 10), date(2028, 2, 29)),
        ("Annual", "Quarterly", MAY, date(2026, 7, 31)),
        ("Annual", "Quarterly", date(2026, 11, 15), date(2027, 1, 31)),
        ("Quarterly", "Monthly", MAY, date(2026, 5, 31)),
        ("3 years", "Annual", MAY, date(2027, 4, 30)),
        ("Monthly", "Monthly", MAY, None),
        ("Monthly", "Annual", MAY, None),
        ("Annual", "Annual", MAY, None),
        ("Annual", "", MAY, None),
        ("Annual", "None", MAY, None),
        ("", "Monthly", MAY, None),
        ("One time", "Monthly", MAY, None),
    ],
)
def test_the_end_of_the_first_agreement_period(
    cycle: str, agreements_cycle: str, start: date, end: date | None
) -> None:
    of = line(billing_cycle=cycle, start=start)

    warned = plan_one(of, agreements_cycle)
    ended = plan_one(of, agreements_cycle, settings=ENDING)

    assert offered_end(warned.warnings) == end
    assert ended.warnings == ()
    assert warned.image
    assert ended.image
    assert (warned.image.cancelled_date, ended.image.cancelled_date) == (None, end)


@pytest.mark.parametrize(
    "overrides",
    [
        {"end": date(2026, 5, 31), "end_source": "user"},
        {"end": date(2027, 4, 30), "end_source": "system"},
        {"charge_type": "Usage Fee"},
        {"custom": True},
    ],
)
def test_what_ends_anyhow_is_not_warned_of(overrides: dict[str, Any]) -> None:
    planned = plan_one(line(billing_cycle="Annual", **overrides))

    assert planned.warnings == ()
    assert offered_end(planned.warnings) is None


def test_a_line_without_a_subscription_ends_with_its_month_and_needs_no_offer() -> None:
    planned = plan_one(line(billing_cycle="Annual", subscription_id=""))

    assert [one.code for one in planned.warnings] == [CautionCode.NO_SUBSCRIPTION]


def test_a_second_line_of_the_subscription_ends_with_its_month_and_needs_no_offer() -> None:
    planned = plan_one(line(billing_cycle="Annual"), directory=owning(last_period=MAY))

    assert [one.code for one in planned.warnings] == [CautionCode.SECOND_LINE]


def test_a_users_end_beats_the_setting() -> None:
    of = line(billing_cycle="Annual", end=date(2026, 12, 31), end_source="user")

    planned = plan_one(of, settings=ENDING)

    assert planned.image
    assert planned.image.cancelled_date == date(2026, 12, 31)


def test_next_years_line_of_an_ended_licence_is_a_new_addition() -> None:
    directory = owning(
        last_period=date(2025, 5, 1),
        image_effective_date=date(2025, 5, 1),
        image_cancelled_date=date(2025, 5, 31),
    )

    planned = plan_one(line(billing_cycle="Annual"), directory=directory, settings=ENDING)

    assert (planned.kind, planned.subscription_id) == (OperationKind.CREATE, "SUB-1")
    assert planned.image
    assert planned.image.cancelled_date == date(2026, 5, 31)


def test_one_that_still_runs_ends_with_the_new_lines_first_period() -> None:
    directory = owning(last_period=date(2025, 5, 1), image_effective_date=date(2025, 5, 1))

    warned = plan_one(line(billing_cycle="Annual"), directory=directory)
    ended = plan_one(line(billing_cycle="Annual"), directory=directory, settings=ENDING)

    assert warned.kind == ended.kind == OperationKind.UPDATE
    assert offered_end(warned.warnings) == date(2026, 5, 31)
    assert ended.image
    assert ended.image.cancelled_date == date(2026, 5, 31)


def test_a_new_agreement_bills_as_its_type_does() -> None:
    settings = replace(SETTINGS, agreement_type_cycle="Monthly")

    _, planned = plan.make_plan(
        [line(billing_cycle="Annual", agreement_id=None)], DIRECTORY, settings
    )

    assert offered_end(planned.warnings) == date(2026, 5, 31)


@pytest.mark.parametrize("end", [None, date(2026, 5, 31)])
def test_a_warning_is_kept_and_read_back(end: date | None) -> None:
    warning = Caution(CautionCode.LONG_CYCLE, "Mind this.", end)

    assert Caution.from_json(warning.to_json()) == warning
    assert str(warning) == "Mind this."
