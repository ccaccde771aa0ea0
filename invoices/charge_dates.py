"""Which charge dates a line has, who set them, and which end date is sent (P7, P23, P25).

Pure: plain values in, plain values out. A rule is asked with the Platform's dates; the end date to
send is worked out from what stands on the line now.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from invoices.months import day_in_month, first_of_next, last_day, month_of

Slot = Literal["start", "end"]

CORRECTION = "Correction"
WIRE_NAMES = {
    "CycleFee": "Cycle Fee",
    "PurchaseFee": "Purchase Fee",
    "UsageFee": "Usage Fee",
    "ItemFee": "Item Fee",
    "OneTimeFee": "One Time Fee",
    "Correction": CORRECTION,
    "UserCorrection": CORRECTION,
}
CHARGE_TYPES = tuple(dict.fromkeys(WIRE_NAMES.values()))
RECURRING = frozenset({"Cycle Fee", "Purchase Fee"})

# As the line stores them (`DateSource`): whoever set a date last, but a rule never beats a user.
FROM_PLATFORM = "none"
FROM_RULE = "system"
FROM_USER = "user"


def charge_type_from_wire(wire_name: str, *, custom: bool = False) -> str:
    """What we call it; an unknown type as it came, and Correction on every custom invoice (P19)."""
    return CORRECTION if custom else WIRE_NAMES.get(wire_name, wire_name)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule; `charge_type` "" is the rule for all that have none of their own."""

    charge_type: str
    slot: Slot
    kind: str
    day: int | None = None


@dataclass(frozen=True, kw_only=True)
class PlatformDates:
    """What a rule may look at. `end` is inclusive, as everywhere."""

    start: date
    end: date | None
    invoice_date: date


class NotApplicable(Exception):
    """The rule asks for a month this line doesn't have: the Platform's date stays."""


RuleFunction = Callable[[PlatformDates, Rule], date | None]


def platform_date(dates: PlatformDates, rule: Rule) -> date | None:
    """As it came; an end may be none."""
    return dates.start if rule.slot == "start" else dates.end


def start_month_first(dates: PlatformDates, rule: Rule) -> date:
    return month_of(dates.start)


def next_month_first(dates: PlatformDates, rule: Rule) -> date:
    """The month that follows the start month."""
    return first_of_next(dates.start)


def invoice_month_first(dates: PlatformDates, rule: Rule) -> date:
    return month_of(dates.invoice_date)


def invoice_month_last(dates: PlatformDates, rule: Rule) -> date:
    return last_day(dates.invoice_date)


def start_month_last(dates: PlatformDates, rule: Rule) -> date:
    return last_day(dates.start)


def end_month_last(dates: PlatformDates, rule: Rule) -> date:
    """Not applicable where the Platform names no end."""
    if dates.end is None:
        raise NotApplicable
    return last_day(dates.end)


def fixed_day(dates: PlatformDates, rule: Rule) -> date:
    """Of the date's own month; of the start month where the Platform names no end."""
    own = dates.start if rule.slot == "start" else dates.end or dates.start
    # The database keeps no such rule without a day (`a_fixed_day_has_a_day`).
    return day_in_month(own, rule.day or 1)


def no_date(dates: PlatformDates, rule: Rule) -> None:
    """Only for an end: a start always has a date."""
    if rule.slot == "start":
        raise NotApplicable


RULE_FUNCTIONS: Mapping[str, RuleFunction] = {
    "platform": platform_date,
    "start_month_first": start_month_first,
    "next_month_first": next_month_first,
    "invoice_month_first": invoice_month_first,
    "invoice_month_last": invoice_month_last,
    "start_month_last": start_month_last,
    "end_month_last": end_month_last,
    "fixed_day": fixed_day,
    "no_date": no_date,
}

RuleTable = Mapping[tuple[str, Slot], Rule]


def rule_table(rules: Iterable[Rule]) -> RuleTable:
    """One rule for a type and slot: the database refuses a second one (P7)."""
    return {(rule.charge_type, rule.slot): rule for rule in rules}


def rule_for(rules: RuleTable, charge_type: str, slot: Slot) -> Rule | None:
    """The most specific: the charge type's own, else the one for all."""
    return rules.get((charge_type, slot)) or rules.get(("", slot))


@dataclass(frozen=True)
class AutomaticDate:
    """A date nobody touched, and whether a rule ("system") or the Platform ("none") set it."""

    value: date | None
    source: str


@dataclass(frozen=True)
class AutomaticDates:
    """The start's value is never None."""

    start: AutomaticDate
    end: AutomaticDate


def automatic_dates(*, rules: RuleTable, charge_type: str, dates: PlatformDates) -> AutomaticDates:
    """Both dates of a line without a user's hand; asked when the line is loaded."""
    return AutomaticDates(
        _automatic_date(rule_for(rules, charge_type, "start"), dates, dates.start),
        _automatic_date(rule_for(rules, charge_type, "end"), dates, dates.end),
    )


def _automatic_date(
    rule: Rule | None, dates: PlatformDates, platform: date | None
) -> AutomaticDate:
    if rule is None:
        return AutomaticDate(platform, FROM_PLATFORM)
    try:
        return AutomaticDate(RULE_FUNCTIONS[rule.kind](dates, rule), FROM_RULE)
    except NotApplicable:
        return AutomaticDate(platform, FROM_PLATFORM)


@dataclass(frozen=True)
class DateToSend:
    """The end date ConnectWise gets (None: it runs on) and, in words, why."""

    value: date | None
    why: str

    def not_before(self, start: date) -> "DateToSend":
        """An end before the start is never sent: the start is, and `why` says so."""
        if self.value is None or self.value >= start:
            return self
        why = f"{self.why} {self.value:%Y-%m-%d} is before the start, so the start is sent."
        return DateToSend(start, why)


def end_date_to_send(
    *,
    charge_type: str,
    custom: bool,
    start: date,
    end: date | None,
    end_source: str,
    platform_end: date | None,
) -> DateToSend:
    """P25; `start`, `end` and `end_source` are what stands on the line now."""
    if end_source == FROM_USER and end is not None:
        chosen = DateToSend(end, "Set by a user.")
    elif end_source == FROM_RULE:
        # Also none at all: "No date" is a rule's choice, too.
        chosen = DateToSend(end, "Set by a charge-date rule.")
    elif custom and platform_end is not None:
        chosen = DateToSend(platform_end, "Custom invoice: the Platform's end date.")
    elif charge_type in RECURRING and not custom:
        chosen = DateToSend(None, "Recurring: sent without an end date.")
    else:
        chosen = DateToSend(last_day(start), "Not recurring: the last day of the start month.")
    return chosen.not_before(start)
