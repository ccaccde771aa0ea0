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
    """`name` is it in two or three words, `means` what it says about the line's data.

    `do` goes beyond the reason on the row, which names the fix: where else it helps, what follows.
    """

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
# A plan is made from what was last read of it.
READ_AGAIN = "After a change in ConnectWise, press Read again in the preview."
CAUSES: dict[str, Cause] = {
    "perhaps_posted": Cause(
        "Perhaps posted already",
        f"{NOT_SENT} The Platform may have given a posted line a new number.",
        "Compare both on the Platform. Of one charge, undo the old line on its receipt before: "
        "otherwise the customer is billed twice.",
    ),
    "product_inactive": Cause(
        "Product inactive",
        NOT_SENT,
        "Mapping the offer mends every line that has its product from there. In its row a "
        f"product can be chosen for this line alone. {READ_AGAIN}",
        ways=(Way.PRODUCT,),
    ),
    "product_gone": Cause(
        "Product gone",
        NOT_SENT,
        "Mapping the offer mends every line that has its product from there. In its row a "
        "product can be chosen for this line alone.",
        ways=(Way.PRODUCT,),
    ),
    "product_bundle": Cause(
        "Product is a bundle",
        f"{NOT_SENT} A bundle can't be an Addition.",
        "Any plain product will do: quantity, price and cost come from the Platform, not "
        "from the catalog.",
        ways=(Way.PRODUCT,),
    ),
    "company_gone": Cause(
        "PSA Organization gone",
        NOT_SENT,
        "Where it was restored there, Sync Organizations finds it again. With another "
        "company the agreement is chosen anew.",
        ways=(Way.ORGANIZATION, Way.COMPANY),
    ),
    "no_contact": Cause(
        "No default contact",
        f"{NOT_SENT} A new agreement needs a contact.",
        "Sync Organizations learns of the contact once it is set. A line with an existing "
        "agreement does without.",
        ways=(Way.AGREEMENT,),
    ),
    "no_agreement_type": Cause(
        "No default Agreement Type",
        f"{NOT_SENT} A new agreement needs a type.",
        "An administrator chooses it, once for all lines. Those with an existing agreement "
        "don't need it.",
        ways=(Way.CONFIGURATION, Way.AGREEMENT),
    ),
    "currency_unknown": Cause(
        "Currency unknown",
        f"{NOT_SENT} No agreement or company in ConnectWise tells the currency's id.",
        "As soon as one agreement or company there bears the currency, Sync Organizations or "
        "Read again in a preview learns of it.",
        ways=(Way.AGREEMENT,),
    ),
    "currency_differs": Cause(
        "Currency differs",
        f"{NOT_SENT} ConnectWise would have billed the amount in the agreement's currency.",
        "Where the customer has none, “Create new agreement” makes one. The choice is kept "
        "for later months.",
        ways=(Way.AGREEMENT,),
    ),
    "contract_too_long": Cause(
        "Contract ID too long",
        f"{NOT_SENT} The new agreement would be named after the contract.",
        "Where there is none yet, make it in ConnectWise under a shorter name, and press "
        "Read again in a preview. The choice is kept for later months.",
        ways=(Way.AGREEMENT,),
    ),
    "no_contract": Cause(
        "No contract",
        f"{NOT_SENT} A new agreement is named after the contract.",
        "Any live one of the company will do. The choice is kept for the organization's "
        "later lines of this offer.",
        ways=(Way.AGREEMENT,),
    ),
    "text_too_long": Cause(
        "Text too long",
        f"{NOT_SENT} ConnectWise takes no invoice description as long as this one.",
        "A name comes here when the month is loaded again; a display name counts from the "
        "next sync on.",
        ways=(Way.LINE,),
    ),
    "agreement_gone": Cause(
        "Agreement gone",
        NOT_SENT,
        "The choice is kept for later months. Where it was restored there, Read again in a "
        "preview finds it.",
        ways=(Way.AGREEMENT,),
    ),
    "agreement_not_active": Cause(
        "Agreement not active",
        NOT_SENT,
        f"Activating it there will do as well. {READ_AGAIN}",
        ways=(Way.AGREEMENT,),
        in_connectwise=True,
    ),
    "agreement_ended": Cause(
        "Agreement ends before",
        f"{NOT_SENT} The agreement is over before the charge starts, so it would never be billed.",
        f"“Create new agreement” will do, too. {READ_AGAIN}",
        ways=(Way.AGREEMENT,),
        in_connectwise=True,
    ),
    "agreement_of_another_company": Cause(
        "Agreement of another company",
        NOT_SENT,
        "It was given to that company after it was chosen here. Where that is right, choose "
        "the company on the line first.",
        ways=(Way.AGREEMENT,),
    ),
    "agreement_not_made": Cause(
        "Agreement not made",
        f"{NOT_SENT} It waited for a new agreement that could not be made.",
        "All lines that waited for it say the same: mended once, one sync posts them all. A "
        "line with an existing agreement doesn't wait.",
        ways=(Way.AGREEMENT,),
    ),
    "before_billing_start": Cause(
        "Before the agreement bills",
        NOT_SENT,
        "Only agreements that were made from here are moved back by themselves; the day of "
        f"any other is yours to set. {READ_AGAIN}",
        ways=(Way.DATES, Way.AGREEMENT),
        in_connectwise=True,
    ),
    "period_invoiced": Cause(
        "Period already invoiced",
        f"{NOT_SENT} The agreement doesn't prorate, so ConnectWise takes no charge in it any more.",
        "Bulk Update moves many lines at once; the amount stays what the Platform billed. An "
        "agreement that prorates takes an earlier start, too.",
        ways=(Way.DATES, Way.AGREEMENT),
        in_connectwise=True,
    ),
    "addition_invoiced": Cause(
        "Addition invoiced",
        f"{NOT_SENT} ConnectWise removes nothing that it has invoiced.",
        "A line that starts later than the old Addition ends that one instead of removing it.",
        in_connectwise=True,
    ),
    "addition_busy": Cause(
        "Addition busy",
        f"{NOT_SENT} Another change of its Addition isn't settled yet.",
        "Give it some minutes. Nobody has to wait for it: the next sync takes this line along.",
        ways=(Way.RECEIPT,),
    ),
    "changed_on_platform": Cause(
        "Changed on the Platform",
        f"{NOT_SENT} The Platform has other values for it by now.",
        "Loading takes the new values over; your dates and mappings stay.",
        ways=(Way.LOAD,),
    ),
    "changed_in_connectwise": Cause(
        "Changed in ConnectWise",
        "Somebody changed the Addition in ConnectWise since we wrote it. It was left as it is.",
        "Retry first shows both sides, field by field, and sends nothing before your yes. "
        "Where the Addition there says again what was written last, the next sync goes on "
        "from it.",
        ways=(Way.RECEIPT,),
        in_connectwise=True,
    ),
    "stands_there": Cause(
        "Stands elsewhere",
        "The line's Addition is in ConnectWise already, but not where it would be posted.",
        "It is billed once as it stands. After the change, a sync takes up what is there "
        "instead of making another.",
        in_connectwise=True,
    ),
    "refused_by_connectwise": Cause(
        "Refused by ConnectWise",
        REFUSED,
        "Mend what it names, there or on the line, then sync the line again: it is not sent "
        "by itself. ConnectWise's support goes by the request id below.",
        ways=(Way.LINE, Way.RECEIPT),
        in_connectwise=True,
    ),
    "not_found": Cause(
        "No longer in ConnectWise",
        "What the line should be posted to is gone, so nothing was written.",
        "Read again in a preview tells whether it was the agreement or the product. Then "
        "choose another one.",
        ways=(Way.AGREEMENT,),
    ),
    "conflict": Cause(
        "Conflict in ConnectWise",
        f"{REFUSED} Somebody else was changing the same record, twice in a row.",
        "Somebody may have it open on their screen. Sync the line again once they have saved it.",
        ways=(Way.RECEIPT,),
    ),
    "never_confirmed": Cause(
        "Never confirmed",
        "It was sent again and again and never stood there. Its reference is looked for once more "
        "after an hour and after a day.",
        "Test connection in Settings shows whether ConnectWise is well. A further sync looks "
        "for the reference first, so the line is not posted twice.",
        ways=(Way.RECEIPT,),
    ),
    "other_installation": Cause(
        "Another ConnectWise",
        "It was sent to a ConnectWise that is not set up here any more, and may stand there.",
        "Look for its reference there. Where it stands, don't sync the line here as well: it "
        "would be billed by both.",
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
    "System Logs tell more of it. Sync the line again once the reason is gone.",
)


def cause_of(code: str) -> Cause:
    """What helps against an error code; something general for one that isn't known here."""
    return CAUSES.get(code, UNKNOWN)
