"""How many months a billing cycle lasts, as the Platform and ConnectWise call it. Pure."""

from datetime import date

from invoices.months import last_day, months_before

MONTHS = {
    "monthly": 1,
    "1 month": 1,
    "bimonthly": 2,
    "bi-monthly": 2,
    "quarterly": 3,
    "3 months": 3,
    "semiannual": 6,
    "semi-annual": 6,
    "semi-annually": 6,
    "half-yearly": 6,
    "6 months": 6,
    "annual": 12,
    "annually": 12,
    "yearly": 12,
    "1 year": 12,
    "biennial": 24,
    "2 years": 24,
    "triennial": 36,
    "3 years": 36,
}


def months_of(cycle: str) -> int | None:
    """None where it isn't known, or bills once only."""
    return MONTHS.get(cycle.strip().lower())


def bills_more_often(agreement_cycle: str, line_cycle: str) -> bool:
    """Whether the agreement would bill an open-ended charge again before its own cycle is over."""
    own, agreements = months_of(line_cycle), months_of(agreement_cycle)
    return own is not None and agreements is not None and agreements < own


def end_of_first_period(start: date, agreement_cycle: str) -> date:
    """The last day of the agreement's billing period that begins with the start month."""
    months = months_of(agreement_cycle) or 1
    # Counted forwards: so many months "before", less than none.
    return last_day(months_before(start, 1 - months))
