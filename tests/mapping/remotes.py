"""Fake remotes of the directory: what they list is put into them."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from mapping.models import DirectoryRefresh
from mapping.services import run_refresh, start_refresh
from platform_client import schemas as platform
from psa_connectwise import schemas as connectwise
from wire.errors import ConfigError, RemoteError, TransientError
from wire.items import Page

TODAY = date(2026, 5, 18)
BUSY = TransientError("ConnectWise is busy: try again in a minute.", service="ConnectWise")
WRONG_KEY = ConfigError("The Platform refused the API key: check it.", service="the Platform")


class FakePlatform:
    """Lists what stands in it; `failing` raises after the first page."""

    def __init__(self) -> None:
        self.organization_pages: list[Page[platform.Organization]] = []
        self.offer_pages: list[Page[platform.Offer]] = []
        self.failing: RemoteError | None = None
        self.windows: list[tuple[date, date]] = []

    def organizations(self) -> Iterator[Page[platform.Organization]]:
        yield from self.organization_pages
        self._fail()

    def offers(self, *, date_from: date, date_to: date) -> Iterator[Page[platform.Offer]]:
        self.windows.append((date_from, date_to))
        yield from self.offer_pages
        self._fail()

    def _fail(self) -> None:
        if self.failing:
            raise self.failing


class FakeConnectWise:
    """Likewise for ConnectWise; `failing_at` names the only list that fails."""

    def __init__(self) -> None:
        self.pages: dict[str, list[Page[Any]]] = {}
        self.failing: RemoteError | None = None
        self.failing_at = ""

    def _list(self, what: str) -> Iterator[Page[Any]]:
        yield from self.pages.get(what, [])
        if self.failing and self.failing_at in ("", what):
            raise self.failing

    def companies(self) -> Iterator[Page[Any]]:
        return self._list("companies")

    def products(self) -> Iterator[Page[Any]]:
        return self._list("products")

    def agreement_types(self) -> Iterator[Page[Any]]:
        return self._list("agreement_types")

    def agreements(self) -> Iterator[Page[Any]]:
        return self._list("agreements")


def company(number: int, name: str, **given: Any) -> connectwise.Company:
    return connectwise.Company(id=number, identifier=f"C{number}", name=name, **given)


def organization(number: int, name: str, **given: Any) -> platform.Organization:
    return platform.Organization(
        **{"id": f"ORG-{number}", "name": name, "status": "Active", **given}
    )


def refresh(**given: Any) -> DirectoryRefresh:
    """Begun and done."""
    started = start_refresh(**{"user": None, **given})
    done = run_refresh(refresh_id=started.pk, today=TODAY)
    assert done is not None
    return done
