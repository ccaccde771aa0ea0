"""Which addresses are accepted, and which credentials can travel at all."""

import pytest

from wire.address import checked, sendable
from wire.errors import ConfigError


@pytest.mark.parametrize(
    "url", ["https://na.example.net", "https://host:8443/x", "http://127.0.0.1:80", "http://[::1]"]
)
def test_https_and_loopback_are_accepted(url: str) -> None:
    assert checked(f" {url} ", service="It").hostname


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host",
        "http://host.example",
        "http://127.0.0.1.example",
        "ftp://127.0.0.1",
        "https://",
        "https://host:99999",
        "https://host:x",
        "https://[::1",
        "https://user:password@host",
    ],
)
def test_anything_else_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        checked(url, service="It")
    assert "password" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["key\n", "k\r\nX: y", "ключ-123456", " a-key-with-a-blank", "key\x00"]
)
def test_a_secret_that_can_not_travel_is_named_but_not_shown(value: str) -> None:
    with pytest.raises(ConfigError, match="API key") as caught:
        sendable({"API key": value}, service="It")
    assert value not in str(caught.value)
