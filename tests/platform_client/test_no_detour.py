"""The Platform never sends us elsewhere: no redirect is followed, no address of its answers used."""

from datetime import date

import pytest
import responses

from platform_client.client import PlatformClient
from wire.errors import RemoteError

ROOT = "https://platform.example.com/api/v1"
DAY = date(2026, 5, 1)


def client() -> PlatformClient:
    return PlatformClient(
        base_url="https://platform.example.com", api_key="k" * 20, sleep=lambda _: None
    )


@responses.activate
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "to", ["https://evil.example/", "http://169.254.169.254/latest/", "//evil/"]
)
def test_a_redirect_is_an_error(status: int, to: str) -> None:
    responses.get(f"{ROOT}/ping", status=status, headers={"Location": to})
    with pytest.raises(RemoteError):
        client().ping()
    assert len(responses.calls) == 1


@responses.activate
def test_a_cursor_is_a_parameter_never_an_address() -> None:
    first = {"items": [], "total": 0, "nextCursor": "https://evil.example/?x=1#"}
    responses.get(f"{ROOT}/offers", json=first)
    responses.get(f"{ROOT}/offers", json={"items": [], "nextCursor": None})
    list(client().offers(date_from=DAY, date_to=DAY))
    asked = [call.request.url or "" for call in responses.calls]
    assert all(url.startswith(f"{ROOT}/offers?") for url in asked)
    assert "cursor=https%3A%2F%2Fevil.example" in asked[1]
