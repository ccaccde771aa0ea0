"""The causes for which a line stands in Error: what each means, what to do, and where. Pure.

The codes are those that the plan and the record of a call give (`error_code`, `reason_code`); the
addresses of the places are told by `queries/fixes.py`.
"""

from dataclasses import dataclass
from enum import Enum


class Way(Enum):
    """A place where something can be mended, one click away."""

    AGREEMENT = "Choose another agreement"
    COMPANY = "Choose another company"
    DATES = "Change the dates"
    ORGANIZATION = "Map the organization"
    PRODUCT = "Map the offer"
    LOAD = "Load the month again"
    CONFIGURATION = "Open Configuration"
    LINE = "Open the line"
    RECEIPT = "Open its receipt"  # where Retry is


@dataclass(frozen=True, slots=True)
class Cause:
    """`name` is it in two or three words, `means` what it says about the line's data."""

    name: str
    means: str
    do: str
    ways: tuple[Way, ...] = (Way.LINE,)
    # It can also be mended in ConnectWise, at the line's agreement.
    in_connectwise: bool = False


# What a line says while its posting is settled (P27).
NOT_CONFIRMED = "not confirmed – checking"
NOT_SENT = "Nothing was sent to ConnectWise for this line."
REFUSED = "ConnectWise refused it, so nothing was written there."
CAUSES: dict[str, Cause] = {
    "product_inactive": Cause(
        "Product inactive",
        NOT_SENT,
        "Activate the product in ConnectWise, or map the offer to another one.",
        ways=(Way.PRODUCT,),
    ),
    "product_gone": Cause(
        "Product gone",
        NOT_SENT,
        "Map the offer to another product.",
        ways=(Way.PRODUCT,),
    ),
    "product_bundle": Cause(
        "Product is a bundle",
        f"{NOT_SENT} A bundle can't be an Addition.",
        "Map the offer to a product that is no bundle.",
        ways=(Way.PRODUCT,),
    ),
    "company_gone": Cause(
        "PSA Organization gone",
        NOT_SENT,
        "Map the organization to another company.",
        ways=(Way.ORGANIZATION, Way.COMPANY),
    ),
    "no_contact": Cause(
        "No default contact",
        f"{NOT_SENT} A new agreement needs a contact.",
        "Set the company's default contact in ConnectWise, refresh Organizations, then retry.",
        ways=(Way.AGREEMENT,),
    ),
    "no_agreement_type": Cause(
        "No default Agreement Type",
        f"{NOT_SENT} A new agreement needs a type.",
        "Choose the default Agreement Type.",
        ways=(Way.CONFIGURATION, Way.AGREEMENT),
    ),
    "currency_unknown": Cause(
        "Currency unknown",
        f"{NOT_SENT} No agreement or company in ConnectWise tells the currency's id.",
        "Choose an existing agreement in the line's currency.",
        ways=(Way.AGREEMENT,),
    ),
    "currency_differs": Cause(
        "Currency differs",
        f"{NOT_SENT} ConnectWise would have billed the amount in the agreement's currency.",
        "Choose an agreement in the line's currency.",
        ways=(Way.AGREEMENT,),
    ),
    "contract_too_long": Cause(
        "Contract ID too long",
        f"{NOT_SENT} The new agreement would be named after the contract.",
        "Choose an existing agreement.",
        ways=(Way.AGREEMENT,),
    ),
    "no_contract": Cause(
        "No contract",
        f"{NOT_SENT} A new agreement is named after the contract.",
        "Choose an existing agreement.",
        ways=(Way.AGREEMENT,),
    ),
    "text_too_long": Cause(
        "Text too long",
        f"{NOT_SENT} ConnectWise takes no invoice description as long as this one.",
        "Shorten the subscription's name on the Platform, or the charge type's display name.",
        ways=(Way.LINE,),
    ),
    "agreement_gone": Cause(
        "Agreement gone",
        NOT_SENT,
        "Choose another agreement.",
        ways=(Way.AGREEMENT,),
    ),
    "agreement_not_active": Cause(
        "Agreement not active",
        NOT_SENT,
        "Choose an active agreement.",
        ways=(Way.AGREEMENT,),
        in_connectwise=True,
    ),
    "agreement_ended": Cause(
        "Agreement ends before",
        f"{NOT_SENT} The agreement is over before the charge starts, so it would never be billed.",
        "Choose another agreement, or let this one run longer in ConnectWise.",
        ways=(Way.AGREEMENT,),
        in_connectwise=True,
    ),
    "agreement_of_another_company": Cause(
        "Agreement of another company",
        NOT_SENT,
        "Choose an agreement of this company.",
        ways=(Way.AGREEMENT,),
    ),
    "agreement_not_made": Cause(
        "Agreement not made",
        f"{NOT_SENT} It waited for a new agreement that could not be made.",
        "Mend what the reason says, or choose an existing agreement, then retry.",
        ways=(Way.AGREEMENT,),
    ),
    "before_billing_start": Cause(
        "Before the agreement bills",
        NOT_SENT,
        "Change the line's start date, or the agreement's billing start in ConnectWise.",
        ways=(Way.DATES, Way.AGREEMENT),
        in_connectwise=True,
    ),
    "period_invoiced": Cause(
        "Period already invoiced",
        f"{NOT_SENT} The agreement doesn't prorate, so ConnectWise takes no charge in it any more.",
        "Start the charge on or after the agreement's next invoice.",
        ways=(Way.DATES, Way.AGREEMENT),
        in_connectwise=True,
    ),
    "addition_invoiced": Cause(
        "Addition invoiced",
        f"{NOT_SENT} ConnectWise removes nothing that it has invoiced.",
        "Correct the Addition in ConnectWise.",
        in_connectwise=True,
    ),
    "addition_busy": Cause(
        "Addition busy",
        f"{NOT_SENT} Another change of its Addition isn't settled yet.",
        "Retry when that one is confirmed; it takes minutes at most.",
        ways=(Way.RECEIPT,),
    ),
    "changed_on_platform": Cause(
        "Changed on the Platform",
        f"{NOT_SENT} The Platform has other values for it by now.",
        "Load the month again, then retry.",
        ways=(Way.LOAD,),
    ),
    "changed_in_connectwise": Cause(
        "Changed in ConnectWise",
        "Somebody changed the Addition in ConnectWise since we wrote it. It was left as it is.",
        "Retry to write over it, or to make it again where it is gone; or correct the Addition there.",
        ways=(Way.RECEIPT,),
        in_connectwise=True,
    ),
    "stands_there": Cause(
        "Stands elsewhere",
        "The line's Addition is in ConnectWise already, but not where it would be posted.",
        "Do what the reason says there or on the line, then retry.",
        in_connectwise=True,
    ),
    "refused_by_connectwise": Cause(
        "Refused by ConnectWise",
        REFUSED,
        "Mend what ConnectWise says, in ConnectWise or on the line, then retry.",
        ways=(Way.LINE, Way.RECEIPT),
        in_connectwise=True,
    ),
    "not_found": Cause(
        "No longer in ConnectWise",
        "What the line should be posted to is gone, so nothing was written.",
        "Choose another agreement or product, or refresh and retry.",
        ways=(Way.AGREEMENT,),
    ),
    "conflict": Cause(
        "Conflict in ConnectWise",
        f"{REFUSED} Somebody else was changing the same record, twice in a row.",
        "Retry.",
        ways=(Way.RECEIPT,),
    ),
    "never_confirmed": Cause(
        "Never confirmed",
        "It was sent again and again and never stood there. Its reference is looked for once more "
        "after an hour and after a day.",
        "Look at ConnectWise's state, then retry.",
        ways=(Way.RECEIPT,),
    ),
    "other_installation": Cause(
        "Another ConnectWise",
        "It was sent to a ConnectWise that is not set up here any more, and may stand there.",
        "Look for its reference there. Retry posts it to the ConnectWise that is set up now.",
        ways=(Way.RECEIPT,),
    ),
    "not_confirmed": Cause(
        "Not confirmed",
        "It was sent, and the answer was lost. It is looked for in ConnectWise, and done exactly once "
        "in the end, whatever happened.",
        "Nothing: it resolves itself.",
    ),
}
UNKNOWN = Cause(
    "Not posted",
    "The line was not posted.",
    "Mend what the reason says, then retry.",
)


def cause_of(code: str) -> Cause:
    """What helps against an error code; something general for one that isn't known here."""
    return CAUSES.get(code, UNKNOWN)
