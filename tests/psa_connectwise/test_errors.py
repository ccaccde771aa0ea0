"""ConnectWise's refusals, as published, each become one sentence that names the fix."""

import json
from typing import Any

import pytest

from psa_connectwise.errors import refusal, words
from tests.contracts import published
from wire.errors import ConfigError, Conflict, PermanentError, RemoteError
from wire.session import Answer


def make_answer(status: int, body: Any = None, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {"x-cw-request-id": "r-1"} | headers, raw)


def invalid(*inner: dict[str, Any]) -> dict[str, Any]:
    return {"code": "InvalidObject", "message": "addition object is invalid", "errors": [*inner]}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            invalid({"code": "OutOfRange", "message": "Too small.", "field": "quantity"}),
            "addition object is invalid: Too small. (quantity)",
        ),
        (
            invalid({"message": "quantity is wrong", "field": "quantity"}, {"code": "NotFound"}),
            "addition object is invalid: quantity is wrong; NotFound",
        ),
        (
            {"code": "InvalidObject", "errors": [{"message": "In use.", "field": "identifier"}]},
            "InvalidObject: In use. (identifier)",
        ),
        ({"code": "Security", "message": "SSL is required.", "errors": None}, "SSL is required"),
        ({"code": "Unauthorized", "message": None}, "Unauthorized"),
        ({"error": "ConnectWiseAPI"}, "ConnectWiseAPI"),
        ({"errors": ["odd", {"message": None}]}, ""),
        ({"errors": {"a": 1}, "message": "m"}, "m"),
        ([], ""),
        (None, ""),
        (b"", ""),
        (b"<html>Bad gateway</html>", ""),
        (b"\xff\xfe", ""),
    ],
)
def test_words_are_found_in_every_shape(body: Any, told: str) -> None:
    assert words(make_answer(400, body)) == told


@pytest.mark.parametrize(
    ("status", "body", "kind", "sentence"),
    [
        (
            400,
            invalid({"message": "Too small", "field": "quantity"}),
            PermanentError,
            "ConnectWise refused the addition (400): "
            "addition object is invalid: Too small (quantity).",
        ),
        (400, b"", PermanentError, "ConnectWise refused the addition (400): no reason given."),
        (
            401,
            {"code": "Unauthorized", "message": None},
            ConfigError,
            "ConnectWise refused the keys (401): Unauthorized. "
            "Check Company ID, public and private key under Settings → Authentication.",
        ),
        (
            403,
            {"code": "Security", "message": "You do not have permission."},
            ConfigError,
            "ConnectWise denied access to the addition (403): You do not have permission. "
            "Check the security role of the API member and the client ID.",
        ),
        (
            400,
            {"code": "InvalidHeader", "message": "ClientID header is missing"},
            ConfigError,
            "ConnectWise denied access to the addition (400): ClientID header is missing. "
            "Check the security role of the API member and the client ID.",
        ),
        (
            400,
            {"code": "Security", "message": "SSL is required.", "errors": None},
            ConfigError,
            "ConnectWise does not take API calls at this host: SSL is required. "
            "Check the API URL and the Company ID under Settings → Authentication.",
        ),
        (
            302,
            b"",
            ConfigError,
            "ConnectWise answers with a redirect (302). "
            "Check the API URL and the Company ID under Settings → Authentication.",
        ),
        (409, {"message": "In use"}, Conflict, "ConnectWise refused the addition (409): In use."),
        (405, b"", PermanentError, "ConnectWise refused the addition (405): no reason given."),
    ],
)
def test_each_status_says_what_to_do(
    status: int, body: Any, kind: type[RemoteError], sentence: str
) -> None:
    error = refusal(make_answer(status, body), what="the addition")
    assert type(error) is kind
    assert str(error) == sentence
    assert (error.status, error.request_id, error.service) == (status, "r-1", "ConnectWise")


def test_endless_words_are_cut() -> None:
    assert len(words(make_answer(400, {"message": "x" * 5000}))) == 1000


def test_every_published_refusal_keeps_its_words() -> None:
    examples = [item for item in published.connectwise_errors() if item["status"] != 429]
    for example in examples:
        error = refusal(make_answer(example["status"] or 400, example["body"]), what="it")
        for inner in example["body"].get("errors") or []:
            assert inner["message"].rstrip(".") in str(error)
        assert isinstance(error, ConfigError) == (example["kind"] in CONFIGURATION)


CONFIGURATION = {"bad keys", "security role", "missing api- prefix on cloud"}
