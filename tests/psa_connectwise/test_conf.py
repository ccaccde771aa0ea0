"""Database before environment; the shared limit and the known code base reach the client."""

from collections.abc import Iterator

import pytest
import responses
from django.core.cache import cache
from pytest_django import Settings

from psa_connectwise import conf
from psa_connectwise.models import ConnectWiseSettings
from tests.psa_connectwise.wire_data import LOGIN, ROOT, SITE
from wire.errors import NotConfigured

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def environment(settings: Settings) -> Iterator[None]:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.CONNECTWISE_URL = SITE
    settings.CONNECTWISE_COMPANY_ID = "acme"
    settings.CONNECTWISE_PUBLIC_KEY = "env-public-1"
    settings.CONNECTWISE_PRIVATE_KEY = "env-private-1"
    settings.CONNECTWISE_CLIENT_ID = "env-client-1"
    settings.CONNECTWISE_MAX_REQUESTS_PER_MINUTE = 0
    yield
    cache.clear()


def test_what_is_saved_wins_field_by_field() -> None:
    ConnectWiseSettings.objects.create(company_id="saved", private_key="saved-private-1")
    known = conf.credentials()
    assert (known.company_id, known.private_key) == ("saved", "saved-private-1")
    assert (known.public_key, known.url, known.missing) == ("env-public-1", SITE, [])


def test_what_is_missing_is_named(settings: Settings) -> None:
    settings.CONNECTWISE_PRIVATE_KEY = settings.CONNECTWISE_CLIENT_ID = ""
    with pytest.raises(NotConfigured, match="private key, client ID missing"):
        conf.get_client()


@responses.activate
def test_the_code_base_is_looked_up_once_for_all_clients() -> None:
    responses.get(LOGIN, json={"Codebase": "v2026_4/"})
    responses.get(f"{ROOT}/system/info", json={})
    conf.get_client().system_info()
    conf.get_client().system_info()
    assert len([call for call in responses.calls if call.request.url == LOGIN]) == 1


def test_all_clients_of_a_process_share_one_limit() -> None:
    kept = {"redis_url": "redis://127.0.0.1:1/0", "per_minute": 5}
    assert conf.throttle(**kept) is conf.throttle(**kept)


@pytest.mark.parametrize("secret", ["env-public-1", "env-private-1"])
def test_keys_are_not_in_representations(secret: str) -> None:
    assert secret not in repr(conf.credentials())
    assert secret not in repr(conf.get_client())
