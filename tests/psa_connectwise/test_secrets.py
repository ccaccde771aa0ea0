"""Whatever ConnectWise does and echoes, no key appears in an error, a log or a representation."""

import base64
import logging
import traceback
from typing import Any

import pytest
import requests
import responses
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psa_connectwise.conf import Credentials
from tests.psa_connectwise.wire_data import LOGIN, ROOT, make_client, make_new_addition
from wire.errors import RemoteError
from wire.redact import MASK, RedactingFilter

KEYS = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"\\'),
    min_size=10,
    max_size=30,
).filter(lambda key: key not in MASK)
STATUSES = st.sampled_from([200, 201, 302, 400, 401, 403, 404, 409, 429, 500, 503])


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered here is not masked in other tests."""
    monkeypatch.setattr("wire.redact._known", set())


def token_of(public: str, private: str) -> str:
    return base64.b64encode(f"acme+{public}:{private}".encode()).decode()


@given(public=KEYS, private=KEYS, status=STATUSES)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_secret_survives_an_answer_that_echoes_it(
    caplog: pytest.LogCaptureFixture, public: str, private: str, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    secrets = (public, private, token_of(public, private))
    echo: dict[str, Any] = {
        "code": f"Bad {public}",
        "message": f"Denied for Basic {secrets[2]}",
        "errors": [{"code": public, "message": f"{private} is wrong", "field": private}],
    }
    shown = [repr(make_client(public_key=public, private_key=private))]
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        mocked.get(LOGIN, status=404)
        for method in ("GET", "POST"):
            mocked.add(method, f"{ROOT}/finance/agreements/3/additions", status=status, json=echo)
        mocked.get(f"{ROOT}/system/info", status=status, json=echo)
        client = make_client(public_key=public, private_key=private)
        for call in (
            lambda: client.create_addition(3, make_new_addition()),
            lambda: client.additions(3),
            client.system_info,
        ):
            try:
                call()
            except RemoteError as error:
                shown += [str(error), repr(error), error.words]
    shown += [record.getMessage() for record in caplog.records]
    for secret in secrets:
        assert all(secret not in text for text in shown)


@responses.activate
def test_a_logged_traceback_is_masked_by_the_filter() -> None:
    secret = "private-key-in-an-error"
    responses.get(f"{ROOT}/system/info", body=requests.ConnectionError(f"bad header {secret}"))
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", None, None)
    try:
        make_client(private_key=secret).system_info()
    except RemoteError as error:
        assert secret in "".join(traceback.format_exception(error))
        record.exc_info = (type(error), error, error.__traceback__)
    RedactingFilter().filter(record)
    assert secret not in logging.Formatter().format(record)


def test_credentials_do_not_show_themselves() -> None:
    known = Credentials(
        url="u", company_id="acme", client_id="c", public_key="pub-1", private_key="priv-1"
    )
    assert "pub-1" not in repr(known)
    assert "priv-1" not in repr(known)
