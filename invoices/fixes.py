"""What helps against each reason why a line stands in Error: what it means, what to do, where. Pure.

The codes are those that the plan and the record of a call give (`error_code`, `reason_code`).
"""

from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Where the fix is made; a page turns it into an address."""

    LINE = "line"  # the row itself: its agreement, its dates
    PRODUCT = "product"  # the offer's mapping
    ORGANIZATION = "organization"
    CONFIGURATION = "configuration"
    LOAD = "load"
    CONNECTWISE = "connectwise"
    RETRY = "retry"  # nothing to mend: it only has to be tried again
    WAIT = "wait"  # it resolves itself


@dataclass(frozen=True, slots=True)
class Fix:
    """`name` is the cause in two or three words, `means` what it says about the line's data."""

    name: str
    means: str
    do: str
    place: Place


NOT_SENT = "Nothing was sent to ConnectWise for this line."
REFUSED = "ConnectWise refused it, so nothing was written there."
FIXES: dict[str, Fix] = {
    "product_inactive": Fix(
        "Product inactive",
        NOT_SENT,
        "Activate the product in ConnectWise, or map the offer to another one.",
        Place.PRODUCT,
    ),
    "product_gone": Fix(
        "Product gone", NOT_SENT, "Map the offer to another product.", Place.PRODUCT
    ),
    "product_bundle": Fix(
        "Product is a bundle",
        f"{NOT_SENT} A bundle can't be an Addition.",
        "Map the offer to a product that is no bundle.",
        Place.PRODUCT,
    ),
    "company_gone": Fix(
        "PSA Organization gone",
        NOT_SENT,
        "Map the organization to another company.",
        Place.ORGANIZATION,
    ),
    "no_contact": Fix(
        "No default contact",
        f"{NOT_SENT} A new agreement needs a contact.",
        "Set the company's default contact in ConnectWise, refresh Organizations, then retry.",
        Place.CONNECTWISE,
    ),
    "no_agreement_type": Fix(
        "No default Agreement Type",
        f"{NOT_SENT} A new agreement needs a type.",
        "Choose the default Agreement Type.",
        Place.CONFIGURATION,
    ),
    "currency_unknown": Fix(
        "Currency unknown",
        f"{NOT_SENT} No agreement or company in ConnectWise tells the currency's id.",
        "Choose an existing agreement in the line's currency.",
        Place.LINE,
    ),
    "currency_differs": Fix(
        "Currency differs",
        f"{NOT_SENT} ConnectWise would have billed the amount in the agreement's currency.",
        "Choose an agreement in the line's currency.",
        Place.LINE,
    ),
    "contract_too_long": Fix(
        "Contract ID too long",
        f"{NOT_SENT} The new agreement would be named after the contract.",
        "Choose an existing agreement.",
        Place.LINE,
    ),
    "no_contract": Fix(
        "No contract",
        f"{NOT_SENT} A new agreement is named after the contract.",
        "Choose an existing agreement.",
        Place.LINE,
    ),
    "text_too_long": Fix(
        "Text too long",
        f"{NOT_SENT} ConnectWise takes no invoice description as long as this one.",
        "Shorten the subscription's name on the Platform, or the charge type's display name.",
        Place.CONFIGURATION,
    ),
    "agreement_gone": Fix("Agreement gone", NOT_SENT, "Choose another agreement.", Place.LINE),
    "agreement_not_active": Fix(
        "Agreement not active", NOT_SENT, "Choose an active agreement.", Place.LINE
    ),
    "agreement_ended": Fix(
        "Agreement ends before",
        f"{NOT_SENT} The agreement is over before the charge starts, so it would never be billed.",
        "Choose another agreement, or let this one run longer in ConnectWise.",
        Place.LINE,
    ),
    "agreement_of_another_company": Fix(
        "Agreement of another company",
        NOT_SENT,
        "Choose an agreement of this company.",
        Place.LINE,
    ),
    "agreement_not_made": Fix(
        "Agreement not made",
        f"{NOT_SENT} It waited for a new agreement that could not be made.",
        "Mend what the reason says, or choose an existing agreement, then retry.",
        Place.LINE,
    ),
    "before_billing_start": Fix(
        "Before the agreement bills",
        NOT_SENT,
        "Change the line's start date, or the agreement's billing start in ConnectWise.",
        Place.LINE,
    ),
    "period_invoiced": Fix(
        "Period already invoiced",
        f"{NOT_SENT} The agreement doesn't prorate, so ConnectWise takes no charge in it any more.",
        "Start the charge on or after the agreement's next invoice.",
        Place.LINE,
    ),
    "addition_invoiced": Fix(
        "Addition invoiced",
        f"{NOT_SENT} ConnectWise removes nothing that it has invoiced.",
        "Correct the Addition in ConnectWise.",
        Place.CONNECTWISE,
    ),
    "addition_busy": Fix(
        "Addition busy",
        f"{NOT_SENT} Another change of its Addition isn't settled yet.",
        "Retry when that one is confirmed; it takes minutes at most.",
        Place.RETRY,
    ),
    "changed_on_platform": Fix(
        "Changed on the Platform",
        f"{NOT_SENT} The Platform has other values for it by now.",
        "Load the month again, then retry.",
        Place.LOAD,
    ),
    "changed_in_connectwise": Fix(
        "Changed in ConnectWise",
        "Somebody changed the Addition in ConnectWise since we wrote it. It was left as it is.",
        "Retry to write over it, or correct the Addition there.",
        Place.RETRY,
    ),
    "stands_there": Fix(
        "Stands elsewhere",
        "The line's Addition is in ConnectWise already, but not where it would be posted.",
        "Do what the reason says there or on the line, then retry.",
        Place.CONNECTWISE,
    ),
    "refused_by_connectwise": Fix(
        "Refused by ConnectWise",
        REFUSED,
        "Mend what ConnectWise says, in ConnectWise or on the line, then retry.",
        Place.LINE,
    ),
    "not_found": Fix(
        "No longer in ConnectWise",
        "What the line should be posted to is gone, so nothing was written.",
        "Choose another agreement or product, or refresh and retry.",
        Place.LINE,
    ),
    "conflict": Fix(
        "Conflict in ConnectWise",
        f"{REFUSED} Somebody else was changing the same record, twice in a row.",
        "Retry.",
        Place.RETRY,
    ),
    "never_confirmed": Fix(
        "Never confirmed",
        "It was sent again and again and never stood there. Its reference is looked for once more "
        "after an hour and after a day.",
        "Look at ConnectWise's state, then retry.",
        Place.RETRY,
    ),
    "other_installation": Fix(
        "Another ConnectWise",
        "It was sent to a ConnectWise that is not set up here any more, and may stand there.",
        "Look for its reference there. Retry posts it to the ConnectWise that is set up now.",
        Place.CONNECTWISE,
    ),
    "not_confirmed": Fix(
        "Not confirmed",
        "It was sent, and the answer was lost. It is looked for in ConnectWise under its reference "
        "and is posted once, whatever happened.",
        "Nothing: it resolves itself.",
        Place.WAIT,
    ),
}
UNKNOWN_CAUSE = Fix(
    "Not posted", "The line was not posted.", "Mend what the reason says, then retry.", Place.RETRY
)


def fix_of(code: str) -> Fix:
    """What helps against an error code; something general for one that isn't known here."""
    return FIXES.get(code, UNKNOWN_CAUSE)
