"""Which charge dates a line has, who set them, and which end date is sent (P7, P23, P25)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.charge_dates import (
    RECURRING,
    RULE_FUNCTIONS,
    AutomaticDate,
    PlatformDates,
    Rule,
    Slot,
    automatic_dates,
    charge_type_from_wire,
    end_date_to_send,
    rule_table,
)
from invoices.models import ChargeDateRule
from invoices.months import last_day


def day(text: str) -> date:
    return date.fromisoformat(text)


def optional_day(text: str) -> date | None:
    return day(text) if text else None


@pytest.mark.parametrize(
    ("wire", "custom", "name"),
    [
        ("CycleFee", False, "Cycle Fee"),
        ("PurchaseFee", False, "Purchase Fee"),
        ("UsageFee", False, "Usage Fee"),
        ("ItemFee", False, "Item Fee"),
        ("OneTimeFee", False, "One Time Fee"),
        ("Correction", False, "Correction"),
        ("UserCorrection", False, "Correction"),
        ("LateFee", False, "LateFee"),
        ("CycleFee", True, "Correction"),
        ("LateFee", True, "Correction"),
    ],
)
def test_charge_types_have_names_of_ours(wire: str, custom: bool, name: str) -> None:
    assert charge_type_from_wire(wire, custom=custom) == name


def test_only_cycle_and_purchase_fees_recur() -> None:
    assert {"Cycle Fee", "Purchase Fee"} == RECURRING


def test_every_kind_an_administrator_can_choose_has_its_function() -> None:
    assert set(ChargeDateRule.Kind.values) == set(RULE_FUNCTIONS)


# kind, day | Platform's start, end, invoice date | what the start becomes | what the end becomes
# An empty source: the rule does not apply, the Platform's date stays.
RULES = [
    ("platform", 0, "2026-05-10 2026-06-09 2026-06-01", "2026-05-10 system", "2026-06-09 system"),
    ("platform", 0, "2026-05-10 - 2026-06-01", "2026-05-10 system", "- system"),
    ("start_month_first", 0, "2026-05-31 2026-06-29 2026-06-01", "2026-05-01 system", "2026-05-01 system"),
    ("next_month_first", 0, "2026-05-10 2026-07-09 2026-06-01", "2026-06-01 system", "2026-06-01 system"),
    ("next_month_first", 0, "2026-12-31 - 2026-12-01", "2027-01-01 system", "2027-01-01 system"),
    ("invoice_month_first", 0, "2026-05-10 2026-06-09 2026-06-15", "2026-06-01 system", "2026-06-01 system"),
    ("invoice_month_last", 0, "2026-05-10 2026-06-09 2026-06-15", "2026-06-30 system", "2026-06-30 system"),
    ("invoice_month_last", 0, "2024-01-10 - 2024-02-01", "2024-02-29 system", "2024-02-29 system"),
    ("start_month_last", 0, "2026-02-01 2026-04-30 2026-06-15", "2026-02-28 system", "2026-02-28 system"),
    ("start_month_last", 0, "2024-02-29 - 2026-06-15", "2024-02-29 system", "2024-02-29 system"),
    ("end_month_last", 0, "2026-05-10 2026-06-09 2026-06-15", "2026-06-30 system", "2026-06-30 system"),
    ("end_month_last", 0, "2026-05-10 - 2026-06-15", "2026-05-10 none", "- none"),
    ("fixed_day", 15, "2026-05-10 2026-06-09 2026-06-15", "2026-05-15 system", "2026-06-15 system"),
    ("fixed_day", 31, "2026-02-10 2026-04-09 2026-06-15", "2026-02-28 system", "2026-04-30 system"),
    ("fixed_day", 30, "2024-02-10 - 2024-06-15", "2024-02-29 system", "2024-02-29 system"),
    ("no_date", 0, "2026-05-10 2026-06-09 2026-06-15", "2026-05-10 none", "- system"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "number", "platform", "start", "end"), RULES)
def test_a_rule_sets_the_date_it_names(
    kind: str, number: int, platform: str, start: str, end: str
) -> None:
    first, last, invoiced = (optional_day(text.strip("-")) for text in platform.split(" "))
    assert first is not None and invoiced is not None
    slots: tuple[Slot, ...] = ("start", "end")
    rules = rule_table(
        Rule(charge_type="", slot=slot, kind=kind, day=number or None) for slot in slots
    )
    found = automatic_dates(
        rules=rules,
        charge_type="Usage Fee",
        dates=PlatformDates(start=first, end=last, invoice_date=invoiced),
    )
    assert [shown(found.start), shown(found.end)] == [start, end]


def shown(found: AutomaticDate) -> str:
    return f"{found.value or '-'} {found.source}"


def rule(charge_type: str, slot: Slot, kind: str) -> Rule:
    return Rule(charge_type=charge_type, slot=slot, kind=kind)


@pytest.mark.parametrize(
    ("charge_type", "rules", "start", "end"),
    [
        ("Usage Fee", [], "2026-05-10 none", "2026-05-20 none"),
        (
            "Usage Fee",
            [rule("", "start", "start_month_first")],
            "2026-05-01 system",
            "2026-05-20 none",
        ),
        (
            "Usage Fee",
            [
                rule("", "start", "start_month_first"),
                rule("Usage Fee", "start", "next_month_first"),
            ],
            "2026-06-01 system",
            "2026-05-20 none",
        ),
        (
            "Usage Fee",
            [rule("Usage Fee", "end", "no_date"), rule("", "end", "start_month_last")],
            "2026-05-10 none",
            "- system",
        ),
        (
            "Item Fee",
            [rule("Usage Fee", "end", "no_date"), rule("", "end", "start_month_last")],
            "2026-05-10 none",
            "2026-05-31 system",
        ),
        ("Item Fee", [rule("Usage Fee", "end", "no_date")], "2026-05-10 none", "2026-05-20 none"),
        # The Platform's date for one type takes it out of the rule for all.
        (
            "Item Fee",
            [rule("", "start", "start_month_first"), rule("Item Fee", "start", "platform")],
            "2026-05-10 system",
            "2026-05-20 none",
        ),
    ],
)
def test_the_most_specific_rule_wins(
    charge_type: str, rules: list[Rule], start: str, end: str
) -> None:
    found = automatic_dates(
        rules=rule_table(rules),
        charge_type=charge_type,
        dates=PlatformDates(
            start=day("2026-05-10"), end=day("2026-05-20"), invoice_date=day("2026-05-15")
        ),
    )
    assert [shown(found.start), shown(found.end)] == [start, end]


USER, RULE, RECURS = (
    "Set by a user.",
    "Set by a charge-date rule.",
    "Recurring: sent without an end date.",
)
CUSTOM = "Custom invoice: the Platform's end date."
ONCE = "Not recurring: the last day of the start month."
# charge type, custom | start, end and its source on the line, the Platform's end | sent, and why
SENT = [
    ("Cycle Fee", False, "2026-05-10", "2026-07-01", "user", "2026-06-09", "2026-07-01", USER),
    ("Correction", True, "2026-05-10", "2026-07-01", "user", "2026-06-09", "2026-07-01", USER),
    ("Cycle Fee", False, "2026-05-10", "2026-05-31", "system", "2026-06-09", "2026-05-31", RULE),
    ("Usage Fee", False, "2026-05-10", "", "system", "2026-06-09", "", RULE),
    ("Correction", True, "2026-05-10", "", "system", "2026-06-09", "", RULE),
    ("Correction", True, "2026-05-10", "2026-06-09", "none", "2026-06-09", "2026-06-09", CUSTOM),
    ("Correction", True, "2026-05-10", "", "none", "", "2026-05-31", ONCE),
    ("Cycle Fee", True, "2026-05-10", "", "none", "", "2026-05-31", ONCE),
    ("Correction", False, "2026-05-10", "2026-06-09", "none", "2026-06-09", "2026-05-31", ONCE),
    ("Usage Fee", False, "2026-04-30", "2026-05-31", "none", "2026-05-31", "2026-04-30", ONCE),
    ("Item Fee", False, "2024-02-01", "", "none", "", "2024-02-29", ONCE),
    ("One Time Fee", False, "2026-02-28", "2026-02-28", "none", "2026-02-28", "2026-02-28", ONCE),
    ("LateFee", False, "2026-05-10", "2026-06-09", "none", "2026-06-09", "2026-05-31", ONCE),
    ("Cycle Fee", False, "2026-05-10", "2026-06-09", "none", "2026-06-09", "", RECURS),
    ("Purchase Fee", False, "2026-05-10", "2026-06-09", "none", "2026-06-09", "", RECURS),
]


@pytest.mark.parametrize(
    ("charge_type", "custom", "start", "end", "source", "platform_end", "sent", "why"), SENT
)
def test_the_end_date_that_is_sent(
    charge_type: str,
    custom: bool,
    start: str,
    end: str,
    source: str,
    platform_end: str,
    sent: str,
    why: str,
) -> None:
    found = end_date_to_send(
        charge_type=charge_type,
        custom=custom,
        start=day(start),
        end=optional_day(end),
        end_source=source,
        platform_end=optional_day(platform_end),
    )
    assert (found.value, found.why) == (optional_day(sent), why)


@pytest.mark.parametrize(
    ("custom", "end", "source", "platform_end"),
    [
        (False, "2026-05-09", "user", ""),
        (False, "2026-05-01", "system", "2026-06-09"),
        (True, "2026-05-01", "none", "2026-05-01"),
    ],
)
def test_an_end_before_the_start_is_never_sent(
    custom: bool, end: str, source: str, platform_end: str
) -> None:
    found = end_date_to_send(
        charge_type="Correction",
        custom=custom,
        start=day("2026-05-10"),
        end=optional_day(end),
        end_source=source,
        platform_end=optional_day(platform_end),
    )
    assert found.value == day("2026-05-10")
    assert found.why.endswith(f"{end} is before the start, so the start is sent.")


DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2150, 12, 31))
KINDS = st.sampled_from(sorted(RULE_FUNCTIONS))
OPTIONAL_DAYS = st.none() | DAYS


@given(DAYS, OPTIONAL_DAYS, DAYS, KINDS, KINDS, st.integers(min_value=1, max_value=31))
def test_whatever_the_rules_a_start_is_a_date_and_sources_are_told(
    start: date, end: date | None, invoiced: date, for_start: str, for_end: str, number: int
) -> None:
    rules = rule_table(
        [
            Rule(charge_type="", slot="start", kind=for_start, day=number),
            Rule(charge_type="", slot="end", kind=for_end, day=number),
        ]
    )
    found = automatic_dates(
        rules=rules,
        charge_type="Cycle Fee",
        dates=PlatformDates(start=start, end=end, invoice_date=invoiced),
    )
    assert found.start.value is not None
    for one, platform in ((found.start, start), (found.end, end)):
        assert one.source in {"none", "system"}
        assert one.source == "system" or one.value == platform
    if for_start == "fixed_day":
        assert found.start.value.day == min(number, last_day(start).day)


@given(
    st.sampled_from(["Cycle Fee", "Purchase Fee", "Usage Fee", "Correction", "LateFee"]),
    st.booleans(),
    DAYS,
    OPTIONAL_DAYS,
    st.sampled_from(["none", "system", "user"]),
    OPTIONAL_DAYS,
)
def test_what_is_sent_never_ends_before_it_starts(
    charge_type: str,
    custom: bool,
    start: date,
    end: date | None,
    source: str,
    platform_end: date | None,
) -> None:
    found = end_date_to_send(
        charge_type=charge_type,
        custom=custom,
        start=start,
        end=end,
        end_source=source,
        platform_end=platform_end,
    )
    assert found.value is None or found.value >= start
    assert found.why
    one_time = charge_type not in RECURRING or custom
    if one_time and source != "system":
        assert found.value is not None
