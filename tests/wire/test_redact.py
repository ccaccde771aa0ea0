"""Secrets never come out at the other end, wherever they stand."""

import base64
import logging
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wire.redact import MASK, RedactingFilter, redact, remember

SECRETS = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40
).filter(lambda text: text not in MASK)
TEXTS = st.text(max_size=40)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered here is not masked in other tests."""
    monkeypatch.setattr("wire.redact._known", set())


@given(TEXTS, SECRETS, TEXTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_given_secret_never_survives(before: str, secret: str, after: str) -> None:
    assert secret not in redact(f"{before} {secret} {after}", [secret])


@given(SECRETS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_basic_token_never_survives(secret: str) -> None:
    token = base64.b64encode(f"acme+public:{secret}".encode()).decode()
    assert token not in redact(f"sent Authorization: Basic {token} to the host")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic c2VjcmV0LXZhbHVl",
        "{'X-Api-Key': 'c2VjcmV0LXZhbHVl'}",
        '"private_key": "c2VjcmV0LXZhbHVl"',
        "GET /?api_key=c2VjcmV0LXZhbHVl&page=2",
        "token Bearer c2VjcmV0LXZhbHVl.x",
        "Password=c2VjcmV0LXZhbHVl",
    ],
)
def test_what_looks_like_a_credential_is_masked(text: str) -> None:
    assert "c2VjcmV0LXZhbHVl" not in redact(text)
    assert MASK in redact(text)


def test_ordinary_words_are_left_alone() -> None:
    text = "ConnectWise refused the keys (401). Check public and private key, the basic ones."
    assert redact(text) == text


def test_a_remembered_secret_is_masked_in_its_encoded_spelling_too() -> None:
    remember("p+ss/word&sign")
    assert redact(f"?q={quote('p+ss/word&sign', safe='')}") == f"?q={MASK}"


def test_a_longer_secret_is_masked_whole_before_a_shorter_one_inside_it() -> None:
    assert redact("topsecret-topsecret!", ["topsecret", "topsecret-topsecret!"]) == MASK


def test_a_secret_as_short_as_a_word_does_not_tear_holes_into_texts() -> None:
    remember("public")
    assert redact("check the public key") == "check the public key"


def make_record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("x", logging.ERROR, __file__, 1, message, args, None)


def test_the_filter_masks_message_and_arguments() -> None:
    remember("swordfish-1")
    record = make_record("key %s refused", "swordfish-1")
    assert RedactingFilter().filter(record)
    assert record.getMessage() == f"key {MASK} refused"


def test_the_filter_masks_the_traceback() -> None:
    remember("swordfish-2")
    record = make_record("failed")
    try:
        raise RuntimeError("bad header swordfish-2")
    except RuntimeError as error:
        record.exc_info = (type(error), error, error.__traceback__)
    RedactingFilter().filter(record)
    text = logging.Formatter().format(record)
    assert "RuntimeError" in text
    assert "swordfish-2" not in text
