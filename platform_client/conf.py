"""From settings to a client: what is saved in the database wins over the environment."""

import functools
from dataclasses import dataclass, field

from django.conf import settings

from platform_client.client import PlatformClient
from platform_client.errors import SERVICE
from platform_client.models import PlatformSettings
from wire.errors import NotConfigured
from wire.throttle import Throttle


@dataclass(frozen=True, slots=True)
class Credentials:
    """How we reach the Platform."""

    url: str
    api_key: str = field(repr=False)

    @property
    def missing(self) -> list[str]:
        """What is still to be filled in, by its name on the screen."""
        wanted = {"API URL": self.url, "API key": self.api_key}
        return [name for name, value in wanted.items() if not value]


def credentials() -> Credentials:
    """What is in force now, complete or not."""
    saved = PlatformSettings.load()
    return Credentials(
        url=saved.api_url or settings.PLATFORM_URL,
        api_key=saved.api_key or settings.PLATFORM_API_KEY,
    )


def get_client() -> PlatformClient:
    """A client ready to use; raises NotConfigured naming what is missing."""
    known = credentials()
    if known.missing:
        raise NotConfigured(known.missing, service=SERVICE)
    limit = throttle(redis_url=settings.REDIS_URL)
    return PlatformClient(
        base_url=known.url, api_key=known.api_key, throttle=limit, pause=limit.pause
    )


@functools.cache
def throttle(*, redis_url: str) -> Throttle:
    """No quota is known, but a 429 stops all workers together."""
    return Throttle(name=SERVICE, redis_url=redis_url, per_minute=0)
