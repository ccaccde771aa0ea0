"""A row of a plan in words: what changes, the whole of what is new or goes, its outcome and fixes."""

from typing import Any

import pytest

from invoices.models import Operation, OwnAgreement, SyncRun
from invoices.queries.plan_row import PlanRow, plan_rows
from psa_connectwise.models import ConnectWiseSettings
from tests.factories import (
    make_agreement,
    make_agreement_type,
    make_company,
    make_line,
    make_product,
)
from tests.invoices.views.runs_world import MAY, add_end

pytestmark = pytest.mark.django_db
IMAGE: dict[str, Any] = {
    "product_id": 77,
    "quantity": "3.000000",
    "unit_price": "1250.5000",
    "unit_cost": "8.25",
    "effective_date": "2026-05-01",
    "cancelled_date": None,
    "invoice_description": "Backup - Cycle Fee",
    "taxable": True,
    "bill_customer": "Billable",
}


@pytest.fixture
def run(db: None) -> SyncRun:
    make_product(connectwise_id=77, name="Cloud Backup")
    make_product(connectwise_id=78, name="Cloud Archive")
    return SyncRun.objects.create(period=MAY, state="draft")


def operation(run: SyncRun, **values: Any) -> Operation:
    line = values.pop("line", None) or make_line(subscription_name="Backup Pro")
    given: dict[str, Any] = {"kind": "create", "intent": "create", "line": line}
    return Operation.objects.create(run=run, **given | values)


def row(run: SyncRun, one: Operation) -> PlanRow:
    (found,) = plan_rows(run, [one])
    return found


def test_of_an_update_only_what_differs(run: SyncRun) -> None:
    after = IMAGE | {"quantity": "4", "cancelled_date": "2026-05-31"}
    shown = row(run, operation(run, kind="update", intent="update", before=IMAGE, after=after))

    assert [(one.label, one.before, one.after) for one in shown.changes] == [
        ("Quantity", "3", "4"),
        ("Cancelled date", "none", "2026-05-31"),
    ]
    assert shown.image == []
    assert shown.product == "Cloud Backup"


def test_of_a_new_one_all_that_is_sent(run: SyncRun) -> None:
    shown = row(run, operation(run, after=IMAGE))

    told = {one.label: one.after for one in shown.image}
    assert shown.changes == []
    assert told["Unit price"] == "1,250.50"
    assert told["Product"] == "Cloud Backup (77)"
    assert told["Cancelled date"] == "none"
    assert {one.before for one in shown.image} == {""}


def test_of_a_removal_all_that_goes(run: SyncRun) -> None:
    shown = row(run, operation(run, kind="delete", intent="remove", before=IMAGE))

    assert {one.label: one.after for one in shown.image}["Quantity"] == "3"


def test_a_move_is_told_from_the_old_one_to_the_new_one(run: SyncRun) -> None:
    line = make_line()
    step = operation(
        run,
        line=line,
        kind="end",
        intent="step",
        is_step=True,
        before=IMAGE,
        after=IMAGE | {"cancelled_date": "2026-04-30"},
    )
    move = operation(
        run, line=line, intent="move", waits_for=step, after=IMAGE | {"product_id": 78}
    )

    (change,) = row(run, move).changes

    assert (change.before, change.after) == ("Cloud Backup (77)", "Cloud Archive (78)")


def own_agreement() -> OwnAgreement:
    return OwnAgreement.objects.create(
        company=make_company(),
        agreement_type=make_agreement_type(),
        currency="USD",
        contract_id="CTR-9",
    )


def test_an_agreement_to_be_made(run: SyncRun) -> None:
    one = Operation.objects.create(
        run=run,
        kind="create_agreement",
        intent="agreement",
        own_agreement=own_agreement(),
        after={"name": "CTR-9", "company_id": 5, "start": "2026-03-01"},
    )

    shown = row(run, one)

    assert (shown.label, shown.subject) == ("Agreement", "Contract CTR-9")
    assert [(c.label, c.after) for c in shown.image] == [
        ("Name", "CTR-9"),
        ("Bills from", "2026-03-01"),
    ]


def test_an_agreement_whose_billing_start_moves_back(run: SyncRun) -> None:
    one = Operation.objects.create(
        run=run,
        kind="update_agreement",
        intent="agreement",
        own_agreement=own_agreement(),
        before={"start_date": "2026-05-01", "bill_start_date": "2026-05-01"},
        after={"start_date": "2026-05-01", "bill_start_date": "2026-03-01"},
    )

    (change,) = row(run, one).changes

    assert (change.label, change.before, change.after) == ("Bills from", "2026-05-01", "2026-03-01")


def test_a_line_whose_agreement_is_made_first_names_it(run: SyncRun) -> None:
    maker = Operation.objects.create(
        run=run, kind="create_agreement", intent="agreement", own_agreement=own_agreement()
    )

    shown = row(run, operation(run, waits_for=maker, after=IMAGE))

    assert (shown.agreement, shown.new_agreement) == ("CTR-9", True)


@pytest.mark.parametrize(
    ("state", "intent", "undo", "words"),
    [
        ("planned", "create", False, "To be sent"),
        ("claimed", "create", False, "Being sent"),
        ("unknown", "update", False, "Not confirmed"),
        ("done", "create", False, "Synced"),
        ("done", "unchanged", False, "Synced"),
        ("done", "end", False, "Ended"),
        ("done", "remove", False, "Removed"),
        ("done", "agreement", False, "Made"),
        ("done", "remove", True, "Taken back"),
        ("failed", "create", False, "Error"),
        ("refused", "refuse", False, "Error"),
        ("skipped", "skip", False, "Skipped"),
        ("withdrawn", "create", False, "Not sent"),
    ],
)
def test_the_outcome_in_words(
    run: SyncRun, state: str, intent: str, undo: bool, words: str
) -> None:
    run.scope = {"undo": {"run": 1}} if undo else {}

    assert row(run, operation(run, state=state, intent=intent)).outcome_words == words


def test_what_failed_leads_to_what_helps_and_to_connectwise(run: SyncRun) -> None:
    ConnectWiseSettings.load()
    ConnectWiseSettings.objects.update(url="https://na.myconnectwise.net", company_id="kontor")
    line = make_line(error_code="refused_by_connectwise")
    one = operation(run, line=line, state="failed", agreement=make_agreement(), last_error="No.")

    shown = row(run, one)

    assert shown.problem == "No."
    assert [fix.label for fix in shown.fixes] == [
        "Open the line",
        "Open its receipt",
        "Open in ConnectWise",
    ]
    assert "openrecord" in shown.fixes[2].url


@pytest.mark.parametrize("state", ["planned", "done", "skipped"])
def test_where_nothing_is_wrong_nothing_is_offered(run: SyncRun, state: str) -> None:
    assert row(run, operation(run, state=state)).fixes == []


def test_a_subscription_without_a_line_is_named_after_what_opened_it(run: SyncRun) -> None:
    shown = row(run, add_end(run))

    assert shown.customer == "Gone Ltd"
    assert shown.subject.startswith("Subscription ")
    assert [(one.label, one.after) for one in shown.changes] == [("Cancelled date", "2026-04-30")]
