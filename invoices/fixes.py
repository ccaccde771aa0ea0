"""What helps against each reason why a line stands in Error: what it means, and what to do. Pure.

The codes are those that the plan and the record of a call give (`error_code`, `reason_code`); where the
fix is made, one click away, is told by `queries/fixes.py`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fix:
    """`name` is the cause in two or three words, `means` what it says about the line's data."""

    name: str
    means: str
    do: str


NOT_SENT = "Nothing was sent to ConnectWise for this line."
REFUSED = "ConnectWise refused it, so nothing was written there."
FIXES: dict[str, Fix] = {
    "product_inactive": Fix(
        "Product inactive",
        NOT_SENT,
        "Activate the product in ConnectWise, or map the offer to another one.",
    ),
    "product_gone": Fix(
        "Product gone",
        NOT_SENT,
        "Map the offer to another product.",
    ),
    "product_bundle": Fix(
        "Product is a bundle",
        f"{NOT_SENT} A bundle can't be an Addition.",
        "Map the offer to a product that is no bundle.",
    ),
    "company_gone": Fix(
        "PSA Organization gone",
        NOT_SENT,
        "Map the organization to another company.",
    ),
    "no_contact": Fix(
        "No default contact",
        f"{NOT_SENT} A new agreement needs a contact.",
        "Set the company's default contact in ConnectWise, refresh Organizations, then retry.",
    ),
    "no_agreement_type": Fix(
        "No default Agreement Type",
        f"{NOT_SENT} A new agreement needs a type.",
        "Choose the default Agreement Type.",
    ),
    "currency_unknown": Fix(
        "Currency unknown",
        f"{NOT_SENT} No agreement or company in ConnectWise tells the currency's id.",
        "Choose an existing agreement in the line's currency.",
    ),
    "currency_differs": Fix(
        "Currency differs",
        f"{NOT_SENT} ConnectWise would have billed the amount in the agreement's currency.",
        "Choose an agreement in the line's currency.",
    ),
    "contract_too_long": Fix(
        "Contract ID too long",
        f"{NOT_SENT} The new agreement would be named after the contract.",
        "Choose an existing agreement.",
    ),
    "no_contract": Fix(
        "No contract",
        f"{NOT_SENT} A new agreement is named after the contract.",
        "Choose an existing agreement.",
    ),
    "text_too_long": Fix(
        "Text too long",
        f"{NOT_SENT} ConnectWise takes no invoice description as long as this one.",
        "Shorten the subscription's name on the Platform, or the charge type's display name.",
    ),
    "agreement_gone": Fix("Agreement gone", NOT_SENT, "Choose another agreement."),
    "agreement_not_active": Fix(
        "Agreement not active",
        NOT_SENT,
        "Choose an active agreement.",
    ),
    "agreement_ended": Fix(
        "Agreement ends before",
        f"{NOT_SENT} The agreement is over before the charge starts, so it would never be billed.",
        "Choose another agreement, or let this one run longer in ConnectWise.",
    ),
    "agreement_of_another_company": Fix(
        "Agreement of another company",
        NOT_SENT,
        "Choose an agreement of this company.",
    ),
    "agreement_not_made": Fix(
        "Agreement not made",
        f"{NOT_SENT} It waited for a new agreement that could not be made.",
        "Mend what the reason says, or choose an existing agreement, then retry.",
    ),
    "before_billing_start": Fix(
        "Before the agreement bills",
        NOT_SENT,
        "Change the line's start date, or the agreement's billing start in ConnectWise.",
    ),
    "period_invoiced": Fix(
        "Period already invoiced",
        f"{NOT_SENT} The agreement doesn't prorate, so ConnectWise takes no charge in it any more.",
        "Start the charge on or after the agreement's next invoice.",
    ),
    "addition_invoiced": Fix(
        "Addition invoiced",
        f"{NOT_SENT} ConnectWise removes nothing that it has invoiced.",
        "Correct the Addition in ConnectWise.",
    ),
    "addition_busy": Fix(
        "Addition busy",
        f"{NOT_SENT} Another change of its Addition isn't settled yet.",
        "Retry when that one is confirmed; it takes minutes at most.",
    ),
    "changed_on_platform": Fix(
        "Changed on the Platform",
        f"{NOT_SENT} The Platform has other values for it by now.",
        "Load the month again, then retry.",
    ),
    "changed_in_connectwise": Fix(
        "Changed in ConnectWise",
        "Somebody changed the Addition in ConnectWise since we wrote it. It was left as it is.",
        "Retry to write over it, or correct the Addition there.",
    ),
    "stands_there": Fix(
        "Stands elsewhere",
        "The line's Addition is in ConnectWise already, but not where it would be posted.",
        "Do what the reason says there or on the line, then retry.",
    ),
    "refused_by_connectwise": Fix(
        "Refused by ConnectWise",
        REFUSED,
        "Mend what ConnectWise says, in ConnectWise or on the line, then retry.",
    ),
    "not_found": Fix(
        "No longer in ConnectWise",
        "What the line should be posted to is gone, so nothing was written.",
        "Choose another agreement or product, or refresh and retry.",
    ),
    "conflict": Fix(
        "Conflict in ConnectWise",
        f"{REFUSED} Somebody else was changing the same record, twice in a row.",
        "Retry.",
    ),
    "never_confirmed": Fix(
        "Never confirmed",
        "It was sent again and again and never stood there. Its reference is looked for once more "
        "after an hour and after a day.",
        "Look at ConnectWise's state, then retry.",
    ),
    "other_installation": Fix(
        "Another ConnectWise",
        "It was sent to a ConnectWise that is not set up here any more, and may stand there.",
        "Look for its reference there. Retry posts it to the ConnectWise that is set up now.",
    ),
    "not_confirmed": Fix(
        "Not confirmed",
        "It was sent, and the answer was lost. It is looked for in ConnectWise, and done exactly once "
        "in the end, whatever happened.",
        "Nothing: it resolves itself.",
    ),
}
UNKNOWN_CAUSE = Fix(
    "Not posted",
    "The line was not posted.",
    "Mend what the reason says, then retry.",
)


def fix_of(code: str) -> Fix:
    """What helps against an error code; something general for one that isn't known here."""
    return FIXES.get(code, UNKNOWN_CAUSE)
