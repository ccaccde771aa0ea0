"""The client against the stand-in: over a real socket, through its faults."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.payloads import NewAddition
from psa_connectwise.sandbox.server import Keys, start
from psa_connectwise.schemas import Agreement, Page
from tests.psa_connectwise.wire_data import make_new_addition, make_new_agreement
from wire.errors import ConfigError, NotFound, OutcomeUnknown, PermanentError

TODAY = dt.date(2026, 5, 18)


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Any]:
    with start(today=TODAY) as running:
        yield running


@pytest.fixture
def client(stand_in: Any) -> Iterator[ConnectWiseClient]:
    yield make_client(stand_in)
    stand_in.faults.reset()


def make_client(stand_in: Any, **options: Any) -> ConnectWiseClient:
    keys = Keys()
    defaults: dict[str, Any] = {
        "url": stand_in.url,
        "company_id": keys.company_id,
        "public_key": keys.public,
        "private_key": keys.private,
        "client_id": keys.client_id,
        "timeout": 5.0,
        "sleep": lambda seconds: None,
    }
    return ConnectWiseClient(**(defaults | options))


@pytest.fixture
def agreement(client: ConnectWiseClient) -> Agreement:
    """A live one of the stand-in's."""
    pages = client.agreements()
    return next(item for page in pages for item in page.items if item.status == "Active")


@pytest.fixture
def product_id(client: ConnectWiseClient) -> int:
    """Something that may be sold."""
    pages = client.products()
    return next(
        item.id
        for page in pages
        for item in page.items
        if not item.inactive and item.product_class == "Service"
    )


def make_billable(agreement: Agreement, product_id: int, **overrides: Any) -> NewAddition:
    """An addition that starts where the agreement isn't invoiced yet."""
    start_date = agreement.next_invoice_date or TODAY
    values: dict[str, Any] = {"product_id": product_id, "effective_date": start_date}
    return make_new_addition(**(values | overrides))


def test_every_list_is_read_without_a_bad_record(client: ConnectWiseClient) -> None:
    lists: tuple[Iterator[Page[Any]], ...] = (
        client.companies(),
        client.products(),
        client.agreement_types(),
        client.agreements(),
    )
    for pages in lists:
        listed = list(pages)
        assert sum(len(page.items) for page in listed) > 0
        assert [bad for page in listed for bad in page.bad] == []


def test_an_addition_lives_from_creation_to_removal(
    client: ConnectWiseClient, agreement: Agreement, product_id: int
) -> None:
    last_day = dt.date(2026, 12, 31)
    new = make_billable(agreement, product_id, cancelled_date=last_day)
    created = client.create_addition(agreement.id, new)
    assert created.request_id
    addition = created.value
    assert (addition.unit_price, addition.ext_price) == (Decimal("5.2456"), Decimal("15.74"))
    assert addition.cancelled_date == last_day
    before = addition.id - 1
    assert addition in client.additions(agreement.id, after_id=before).items
    changed = client.update_addition(
        agreement.id, addition.id, {"quantity": Decimal("4"), "cancelled_date": None}
    ).value
    assert (changed.quantity, changed.cancelled_date) == (Decimal("4"), None)
    assert client.addition(agreement.id, addition.id) == changed
    client.delete_addition(agreement.id, addition.id)
    with pytest.raises(NotFound):
        client.addition(agreement.id, addition.id)


def test_an_agreement_is_created_and_found_again(
    client: ConnectWiseClient, agreement: Agreement
) -> None:
    assert agreement.company_id is not None
    assert agreement.type_id is not None
    new = make_new_agreement(
        company_id=agreement.company_id,
        type_id=agreement.type_id,
        contact_id=agreement.contact_id,
        currency_id=agreement.currency_id,
    )
    created = client.create_agreement(new).value
    assert created.bill_start_date == created.start_date == dt.date(2026, 5, 1)
    pages = client.agreements(after_id=created.id - 1)
    assert [item for page in pages for item in page.items] == [created]
    client.delete_agreement(created.id)


def test_a_refusal_comes_in_its_own_words(client: ConnectWiseClient, agreement: Agreement) -> None:
    with pytest.raises(PermanentError, match="refused the addition") as caught:
        client.create_addition(agreement.id, make_new_addition(product_id=2_000_000))
    assert caught.value.words
    assert caught.value.request_id


@pytest.mark.parametrize(
    "fault", ["lost_reply", "truncated", "503_after_write", "503_before_write"]
)
def test_a_write_without_its_answer_is_unknown_and_sent_once(
    stand_in: Any, client: ConnectWiseClient, agreement: Agreement, product_id: int, fault: str
) -> None:
    known = len(client.additions(agreement.id).items)
    stamps: list[int] = []
    stand_in.faults.set(script=[fault])
    with pytest.raises(OutcomeUnknown):
        client.create_addition(
            agreement.id,
            make_billable(agreement, product_id),
            on_send=lambda: stamps.append(1),
        )
    written = 0 if fault == "503_before_write" else 1
    assert len(client.additions(agreement.id).items) == known + written
    assert len(stamps) == 1


def test_a_throttled_write_is_sent_again_and_done_once(
    stand_in: Any, client: ConnectWiseClient, agreement: Agreement, product_id: int
) -> None:
    known = len(client.additions(agreement.id).items)
    stamps: list[int] = []
    stand_in.faults.set(script=["429", "429", "ok"])
    client.create_addition(
        agreement.id, make_billable(agreement, product_id), on_send=lambda: stamps.append(1)
    )
    assert len(client.additions(agreement.id).items) == known + 1
    assert len(stamps) == 3


def test_reads_survive_its_faults(stand_in: Any, client: ConnectWiseClient) -> None:
    expected = list(client.companies())
    stand_in.faults.set(read_script=["429", "503_before_write", "truncated", "ok"])
    assert list(client.companies()) == expected


@pytest.mark.parametrize(
    ("wrong", "fix"),
    [
        ({"private_key": "wrong-key-1"}, "public and private key"),
        ({"company_id": "nobody"}, "Company ID"),
        ({"client_id": "wrong-id"}, "client ID"),
    ],
)
def test_wrong_credentials_stop_with_the_fix(
    stand_in: Any, wrong: dict[str, str], fix: str
) -> None:
    with pytest.raises(ConfigError, match=fix):
        make_client(stand_in, **wrong).system_info()


def test_a_missing_right_names_what_it_is_missing_for(
    stand_in: Any, client: ConnectWiseClient, agreement: Agreement
) -> None:
    stand_in.faults.set(denied=["additions:read"])
    with pytest.raises(ConfigError, match="denied access to the additions of agreement"):
        client.additions(agreement.id)
