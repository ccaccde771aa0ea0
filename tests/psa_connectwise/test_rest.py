"""Where the API is, and which 404s are believed."""

from typing import Any

import pytest
import responses

from tests.psa_connectwise.wire_data import (
    LOGIN,
    ROOT,
    as_json,
    make_addition,
    make_client,
    make_new_addition,
)
from wire.errors import ConfigError, NotFound, OutcomeUnknown, RemoteError, TransientError

HOST = "https://api-na.myconnectwise.net"
OLD = f"{HOST}/v2025_1/apis/3.0"
ADDITION = "/finance/agreements/3/additions/7"


def calls() -> list[str]:
    return [f"{call.request.method} {call.request.url}" for call in responses.calls]


@responses.activate
def test_the_code_base_is_looked_up_once_and_told() -> None:
    responses.get(LOGIN, json={"Codebase": "v2026_4/"})
    responses.get(f"{ROOT}/system/info", json={})
    found: list[str] = []
    client = make_client(codebase=None, on_codebase=found.append)
    client.system_info()
    client.system_info()
    assert found == ["v2026_4/"]
    assert len(responses.calls) == 3


@responses.activate
def test_without_company_info_the_router_is_called() -> None:
    responses.get(LOGIN, status=404)
    responses.get(f"{HOST}/v4_6_release/apis/3.0/system/info", json={})
    make_client(codebase=None).system_info()


@responses.activate
def test_after_an_upgrade_the_code_base_is_looked_up_again_and_the_call_repeated() -> None:
    responses.get(f"{OLD}{ADDITION}", status=404)
    responses.get(LOGIN, json={"Codebase": "v2026_4/"})
    responses.get(f"{ROOT}{ADDITION}", body=as_json(make_addition()))
    found: list[str] = []
    client = make_client(codebase="v2025_1/", on_codebase=found.append)
    assert client.addition(3, 7).id == 7
    assert found == ["v2026_4/"]


@responses.activate
def test_a_write_is_repeated_after_an_upgrade_and_stamped_again() -> None:
    responses.post(f"{OLD}/finance/agreements/3/additions", status=404)
    responses.get(LOGIN, json={"Codebase": "v2026_4/"})
    created = f"{ROOT}/finance/agreements/3/additions"
    responses.post(created, status=201, body=as_json(make_addition()))
    stamps: list[int] = []
    client = make_client(codebase="v2025_1/")
    client.create_addition(3, make_new_addition(), on_send=lambda: stamps.append(1))
    assert len(stamps) == 2


def gone(info: dict[str, Any]) -> RemoteError:
    """The error of a 404 where /system/info answers so."""
    responses.get(LOGIN, json={"Codebase": "v2026_4/"})
    body = {"code": "NotFound", "message": "Entity not found."}
    responses.delete(f"{ROOT}{ADDITION}", status=404, json=body)
    responses.get(f"{ROOT}/system/info", **info)
    with pytest.raises(RemoteError) as caught:
        make_client().delete_addition(3, 7)
    return caught.value


@responses.activate
def test_a_404_is_believed_once_the_system_answers() -> None:
    error = gone({"json": {}})
    assert type(error) is NotFound
    assert str(error) == (
        "ConnectWise has no such record: the removal of addition 7 (404): Entity not found."
    )
    assert calls() == [f"DELETE {ROOT}{ADDITION}", f"GET {LOGIN}", f"GET {ROOT}/system/info"]


@responses.activate
@pytest.mark.parametrize(
    ("info", "kind", "fix"),
    [
        ({"status": 404}, ConfigError, "Check the API URL and the Company ID"),
        ({"status": 401}, ConfigError, "Check Company ID, public and private key"),
        ({"status": 403}, ConfigError, "security role"),
        ({"status": 503}, TransientError, "Try again later"),
    ],
)
def test_a_404_is_not_believed_while_the_system_does_not_answer(
    info: dict[str, Any], kind: type[RemoteError], fix: str
) -> None:
    error = gone(info)
    assert type(error) is kind
    assert fix in str(error)


@responses.activate
def test_the_code_base_is_looked_up_again_only_once() -> None:
    responses.get(LOGIN, json={"Codebase": "v2026_4/"})
    responses.get(f"{ROOT}{ADDITION}", status=404)
    responses.get(f"{ROOT}/system/info", json={})
    client = make_client()
    for _ in range(3):
        with pytest.raises(NotFound):
            client.addition(3, 7)
    assert calls().count(f"GET {LOGIN}") == 1


@responses.activate
@pytest.mark.parametrize("body", ["<html><title>Sign in</title></html>", "It works!"])
def test_a_page_that_answers_a_removal_with_200_has_removed_nothing(body: str) -> None:
    responses.delete(f"{ROOT}{ADDITION}", status=200, body=body)
    with pytest.raises(OutcomeUnknown, match="can't be read"):
        make_client().delete_addition(3, 7)
