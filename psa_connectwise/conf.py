"""From settings to a client: what is saved in the database wins over the environment."""

import functools
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from django.conf import settings
from django.core.cache import cache

from psa_connectwise.address import SERVICE
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.models import ConnectWiseSettings
from wire.errors import NotConfigured
from wire.throttle import Throttle

# An upgrade in between is noticed by its 404s.
CODEBASE_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Credentials:
    """How we reach ConnectWise; never printed."""

    url: str
    company_id: str
    client_id: str
    public_key: str = field(repr=False)
    private_key: str = field(repr=False)

    @property
    def missing(self) -> list[str]:
        """What is still to be filled in, by its name on the screen."""
        wanted = {
            "API URL": self.url,
            "Company ID": self.company_id,
            "public key": self.public_key,
            "private key": self.private_key,
            "client ID": self.client_id,
        }
        return [name for name, value in wanted.items() if not value]


def connectwise_settings() -> ConnectWiseSettings:
    """The one row, with its default agreement type."""
    return ConnectWiseSettings.load()


def credentials() -> Credentials:
    """What is in force now, complete or not."""
    saved = connectwise_settings()
    return Credentials(
        url=saved.url or settings.CONNECTWISE_URL,
        company_id=saved.company_id or settings.CONNECTWISE_COMPANY_ID,
        client_id=saved.client_id or settings.CONNECTWISE_CLIENT_ID,
        public_key=saved.public_key or settings.CONNECTWISE_PUBLIC_KEY,
        private_key=saved.private_key or settings.CONNECTWISE_PRIVATE_KEY,
    )


def get_client(*, turn: AbstractContextManager[object] | None = None) -> ConnectWiseClient:
    """A client ready to use; raises NotConfigured naming what is missing."""
    known = credentials()
    if known.missing:
        raise NotConfigured(known.missing, service=SERVICE)
    shared = limit()
    # By both: after the settings were changed, what was found for the old ones says nothing.
    codebase_key = f"connectwise-codebase:{known.company_id}@{known.url}"
    return ConnectWiseClient(
        url=known.url,
        company_id=known.company_id,
        public_key=known.public_key,
        private_key=known.private_key,
        client_id=known.client_id,
        timeout=settings.CONNECTWISE_TIMEOUT_SECONDS,
        throttle=shared,
        pause=shared.pause,
        turn=turn,
        codebase=cache.get(codebase_key),
        on_codebase=lambda found: cache.set(codebase_key, found, CODEBASE_SECONDS),
    )


def limit() -> Throttle:
    """The rate limit that all workers share, as the settings have it now."""
    per_minute = settings.CONNECTWISE_MAX_REQUESTS_PER_MINUTE
    return throttle(redis_url=settings.REDIS_URL, per_minute=per_minute)


@functools.cache
def throttle(*, redis_url: str, per_minute: int) -> Throttle:
    """The one rate limit towards ConnectWise; kept, for it holds connections to Redis."""
    return Throttle(name=SERVICE, redis_url=redis_url, per_minute=per_minute)
