"""What a line's receipt says, against the stand-in (P37, P41)."""

from decimal import Decimal

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from invoices.models import InvoiceLine, Operation, SyncRun
from invoices.services.receipts import Receipt, asked_by, receipt_of
from invoices.sync import previews, run
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.states import Origin
from tests.factories import make_user
from tests.invoices.sync.world import (
    JUNE,
    MAY,
    World,
    fresh,
    let_time_pass,
    settle_later,
    sync,
    work,
)


def receipt(line: InvoiceLine) -> Receipt:
    return receipt_of(InvoiceLine.objects.select_related("posting").get(pk=line.pk))


def take_back(line: InvoiceLine) -> SyncRun:
    scope = RunScope(undo=UndoScope(line=line.pk))
    return work(run.start_run(period=line.period, scope=scope, user=None))


def fields(told: Receipt) -> dict[str, str]:
    assert told.posted
    return {one.label: one.after for one in told.posted.fields}


def titles(told: Receipt) -> list[str]:
    return [event.title for event in told.history]


def test_a_posted_line_tells_what_was_sent_and_where_it_stands(world: World) -> None:
    line = world.line()
    sync()

    told = receipt(line)

    assert told.posted and not told.problem
    addition = world.addition(line)
    assert told.posted.addition_id == addition["id"]
    assert f"recid={world.agreement.connectwise_id}&" in told.posted.agreement_url
    assert told.posted.operation.key == addition["serialNumber"]
    assert told.posted.reference_field == "serialNumber"
    assert (told.posted.operation.attempts, told.posted.operation.times_sent) == (1, 1)
    assert told.posted.operation.request_id
    assert fields(told)["Product"] == f"{world.product.name} ({world.product.connectwise_id})"
    assert fields(told)["Quantity"] == "3"
    assert fields(told)["Unit price"] == "12.50"
    assert fields(told)["Cancelled date"] == "2026-05-31"
    assert titles(told) == [f"Posted as Addition {addition['id']}"]


def test_it_tells_what_connectwise_computed(world: World) -> None:
    line = world.line()
    sync()

    told = receipt(line).posted

    assert told
    assert [(one.label, one.expected, one.answered, one.differs) for one in told.computed] == [
        ("Extended price", "37.50", "37.50", False),
        ("Extended cost", "24.75", "24.75", False),
    ]


def test_what_connectwise_computed_otherwise_is_marked(world: World) -> None:
    line = world.line()
    sync()
    Operation.objects.update(computed={"ext_price": "37.51", "ext_cost": None})

    told = receipt(line).posted

    assert told
    assert [(one.answered, one.differs) for one in told.computed] == [
        ("37.51", True),
        (None, False),
    ]


def test_an_updated_addition_shows_before_and_after_on_the_later_line_only(world: World) -> None:
    may = world.monthly(MAY)
    sync()
    june = world.monthly(JUNE, quantity=Decimal(4), total_price=Decimal(50), total_cost=Decimal(33))
    sync(period=JUNE)

    later, earlier = receipt(june), receipt(may)

    assert later.posted and earlier.posted
    changed = {one.label: (one.before, one.after) for one in later.posted.fields if one.changed}
    assert changed == {"Quantity": ("3", "4")}
    assert titles(later) == [f"Addition {later.posted.addition_id} updated"]
    assert earlier.posted.later == "June 2026 has updated this Addition since."
    assert later.posted.later == ""


def test_a_line_that_needed_no_write_says_so(world: World) -> None:
    world.monthly(MAY)
    sync()
    june = world.monthly(JUNE)
    sync(period=JUNE)

    told = receipt(june).posted

    assert told
    assert told.how == "ConnectWise said so already; nothing was sent."
    assert told.operation.times_sent == 0
    assert told.computed == ()  # nothing was asked


def test_the_history_keeps_what_was_taken_back_and_posted_again(world: World) -> None:
    line = world.line()
    sync()
    first = fresh(line).addition_id
    take_back(line)
    undone = receipt(line)
    sync()

    told = receipt(line)

    assert undone.posted is None
    assert undone.why_no_undo == "Nothing of it stands in ConnectWise."
    assert told.why_no_undo == ""
    assert titles(told) == [
        f"Posted as Addition {fresh(line).addition_id}",
        f"Taken back: Addition {first} removed",
        f"Posted as Addition {first}",
    ]


def test_a_preview_is_no_history(world: World) -> None:
    line = world.line()
    draft = previews.start_draft(period=MAY, user=None, scope=RunScope())
    previews.plan_if_needed(draft.pk, draft.epoch)

    assert Operation.objects.exists()
    assert receipt(line).history == []


def test_a_refusal_of_the_plan_tells_the_fix(world: World) -> None:
    line = world.line()
    assert line.product
    line.product.inactive = True
    line.product.save(update_fields=["inactive"])
    sync()

    told = receipt(line)

    assert told.problem and told.posted is None
    assert told.problem.cause.name == "Product inactive"
    assert not told.problem.own_words
    assert [link.label for link in told.problem.links] == ["Map the offer"]
    assert titles(told) == ["Not sent: a new Addition to be made"]
    assert [event.reason for event in told.history] == [""]  # it stands above


def test_an_older_reason_stays_in_the_history(world: World) -> None:
    line = world.line(currency="USD")
    sync()
    world.script("400")
    InvoiceLine.objects.update(currency="EUR")
    sync()

    told = receipt(line)

    assert told.problem and told.problem.own_words
    newest, older = told.history
    assert newest.reason == ""
    assert older.reason.startswith("The line is in USD")


def test_what_connectwise_refused_is_in_its_own_words(world: World) -> None:
    line = world.line()
    world.script("400")
    sync()

    told = receipt(line)

    assert told.problem
    assert told.problem.own_words
    assert told.problem.reason == fresh(line).error
    assert titles(told) == ["Failed: a new Addition to be made"]


def test_a_line_being_confirmed_says_when_it_is_looked_for(world: World) -> None:
    line = world.line()
    world.script("lost_reply")
    sync()

    told = receipt(line).problem

    operation = Operation.objects.get()
    assert told and told.looked_at and operation.sent_at
    assert told.is_checking
    assert (told.looked_at - operation.sent_at).total_seconds() == 305
    assert told.links == ()
    settle_later()
    settled = receipt(line)
    assert settled.problem is None
    assert titles(settled) == [f"Posted as Addition {fresh(line).addition_id}"]


def test_sent_twice_it_stands_once_and_says_so(world: World) -> None:
    line = world.line()
    world.script("503")
    sync()
    settle_later()
    let_time_pass(400)

    told = receipt(line).posted

    assert told
    assert told.how == "It was sent 2 times and stands once."


def test_a_line_changed_by_hand_would_be_overwritten(world: World) -> None:
    line = world.monthly(MAY)
    sync()
    world.store.edit("additions", fresh(line).addition_id, quantity=Decimal(9))
    june = world.monthly(JUNE)
    sync(period=JUNE)

    told = receipt(june).problem

    assert told
    assert told.overwrites
    assert told.reason.startswith("Addition ")
    assert "quantity is 9, not 3." in told.reason


def test_who_asked_is_a_person_a_command_or_the_schedule(db: None) -> None:
    olivia = make_user(username="olivia", first_name="Olivia", last_name="Ode")

    def by(user: User | None, origin: Origin) -> str:
        return asked_by(SyncRun(user=user, origin=origin))

    assert by(olivia, Origin.PERSON) == "Olivia Ode"
    assert by(make_user(username="ben"), Origin.PERSON) == "ben"
    assert by(None, Origin.PERSON) == "a person who is gone"
    assert by(None, Origin.COMMAND) == "a command"
    assert by(None, Origin.SCHEDULE) == "the schedule"


def test_ids_of_another_connectwise_are_no_links(world: World) -> None:
    line = world.line()
    sync()
    SyncRun.objects.update(plan={"installation": "elsewhere"})

    told = receipt(line).posted

    assert told
    assert told.agreement_url == ""


def test_a_line_on_its_way_says_so(world: World, client: Client) -> None:
    line = world.line()
    InvoiceLine.objects.update(in_flight=True)
    client.force_login(make_user())

    page = client.get(f"/mapping/invoices/lines/{line.pk}/receipt/").text

    assert "This line is being sent now." in page


def test_a_long_history_costs_no_more_queries(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    line = world.line()
    sync()
    with CaptureQueriesContext(connection) as short:
        receipt(line)
    for _ in range(2):
        take_back(line)
        sync()

    with django_assert_num_queries(len(short)):
        assert len(receipt(line).history) == 5
