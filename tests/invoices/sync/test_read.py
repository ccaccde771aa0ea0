"""Reading the agreements before a plan: several at once, on lanes that are free, and alive all the while."""

from collections.abc import Callable, Collection
from threading import Barrier
from typing import cast

import pytest

from invoices.sync.locks import LANE, free_lanes, session_lock
from invoices.sync.read import find_reference, list_agreements
from invoices.sync.remote import Reference
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.schemas import Addition, Page
from tests.sessions import in_threads
from wire.errors import NotFound, TransientError

Read = Callable[[int], Page[Addition]]


class Client:
    """Answers as `read` does, and knows what it was asked."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self.asked: list[int] = []

    def additions(self, agreement_id: int) -> Page[Addition]:
        self.asked.append(agreement_id)
        return self.read(agreement_id)


def listed(client: Client, ids: Collection[int], *, at_once: int = 4) -> dict[int, int]:
    """The highest id of each agreement."""
    read = list_agreements(
        cast(ConnectWiseClient, client), ids, "serialNumber", beat=lambda: None, at_once=at_once
    )
    return read.highest_ids


def one_addition(agreement_id: int) -> Page[Addition]:
    return Page((Addition(id=agreement_id * 10),))


def test_as_many_are_asked_at_once_as_may_be() -> None:
    together = Barrier(4, timeout=10)

    def read(agreement_id: int) -> Page[Addition]:
        together.wait()
        return one_addition(agreement_id)

    assert listed(Client(read), range(1, 9)) == {n: n * 10 for n in range(1, 9)}


def test_an_agreement_that_is_gone_has_no_additions() -> None:
    def read(agreement_id: int) -> Page[Addition]:
        if agreement_id == 2:
            raise NotFound("gone", service="ConnectWise")
        return one_addition(agreement_id)

    assert listed(Client(read), [1, 2]) == {1: 10, 2: 0}


def test_the_first_failure_ends_the_reading() -> None:
    def read(agreement_id: int) -> Page[Addition]:
        raise TransientError("no answer", service="ConnectWise")

    client = Client(read)
    with pytest.raises(TransientError):
        listed(client, range(1, 200), at_once=2)
    assert len(client.asked) < 199


def test_a_planner_that_was_taken_over_asks_nothing_more() -> None:
    class Superseded(Exception):
        pass

    def taken_over() -> None:
        raise Superseded

    client = Client(one_addition)
    with pytest.raises(Superseded):
        list_agreements(
            cast(ConnectWiseClient, client), range(1, 200), "serialNumber", beat=taken_over
        )
    assert len(client.asked) < 199


def test_of_two_that_carry_one_key_the_oldest_counts_whoever_answers_first() -> None:
    def read(agreement_id: int) -> Page[Addition]:
        return Page((Addition(id=100 - agreement_id, serial_number="LB-KEY"),))

    read_client = cast(ConnectWiseClient, Client(read))
    found = list_agreements(read_client, range(1, 9), "serialNumber", beat=lambda: None, at_once=8)
    assert (found.by_key["LB-KEY"].id, found.places["LB-KEY"]) == (92, 8)


def test_our_key_is_seen_wherever_it_stands_though_somebody_wrote_into_the_field_chosen_since() -> (
    None
):
    """Else the Addition would count as deleted, and be made again beside it."""
    custom = ({"caption": "Linebridge", "value": "LB-KEY"},)
    addition = Addition(id=5, serial_number="SN-1", custom_fields_raw=custom)
    assert Reference("serialNumber").key_of(addition) == "LB-KEY"
    addition = Addition(
        id=5, serial_number="LB-KEY", custom_fields_raw=({"caption": "Linebridge", "value": "x"},)
    )
    assert Reference("Linebridge", 7).key_of(addition) == "LB-KEY"


@pytest.mark.parametrize("number", [None, "x", "9" * 5000])
def test_a_custom_field_without_an_id_does_not_hide_the_next_one(number: object) -> None:
    fields = ({"caption": "Linebridge", "id": number}, {"caption": "Linebridge", "id": 7})
    listed = [[Addition(id=5, custom_fields_raw=fields)]]
    assert find_reference("Linebridge", listed) == Reference("Linebridge", 7)


@pytest.mark.django_db(transaction=True)
def test_reading_leaves_the_lanes_that_are_worked_on() -> None:
    def read_beside() -> None:
        with free_lanes(3) as free:
            assert free == 2

    with session_lock(LANE, 1):
        in_threads(read_beside)
    with free_lanes(3) as free:
        assert free == 3
