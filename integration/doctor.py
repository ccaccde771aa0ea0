"""Test connection: asks both sides with what is in force, and says in a line each what is wrong.

Nothing is changed: rights to write are probed by requests that ConnectWise can't accept. After a check that fails for all others too (address, keys), the side's rest is left out.
"""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus

from django.utils import timezone

from integration.checks import Check, Side
from integration.own_checks import own_checks
from platform_client import conf as platform
from platform_client.client import PlatformClient
from platform_client.errors import SERVICE as PLATFORM
from psa_connectwise import conf as connectwise
from psa_connectwise.address import SERVICE as CONNECTWISE
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.models import AgreementType
from psa_connectwise.schemas import AgreementType as RemoteType
from wire.errors import NotConfigured, RemoteError, TransientError

logger = logging.getLogger(__name__)

# A person waits for the page: a side is given up long before posting would give up.
TIMEOUT_SECONDS = 6.0
DEADLINE_SECONDS = 15.0
# So much may be the way of the answer, and a clock that nobody sets by the second.
CLOCK_SECONDS = 120.0
CHOOSE_TYPE = "Choose one in Settings → Configuration."

# Takes what stops its repeats; tells who we are there, and how to go on asking. Raises RemoteErrors.
SignIn = Callable[[Callable[[], None]], tuple[str, Iterator[Check]]]


def check_connections() -> list[Check]:
    """Both sides, at the same time, then what we run on; never raises a RemoteError, and ends within half a minute."""
    asked = (
        _platform_checks(platform.credentials()),
        _connectwise_checks(
            connectwise.credentials(), connectwise.connectwise_settings().default_agreement_type
        ),
    )
    # The threads only talk to the remotes: the database was read above.
    with ThreadPoolExecutor(max_workers=2) as pool:
        sides: Iterator[list[Check]] = pool.map(list, asked)
        checks = [check for side in sides for check in side]
    checks += own_checks()
    _log(checks)
    return checks


def _side_checks(
    side: Side, entrance: str, *, service: str, missing: list[str], sign_in: SignIn
) -> Iterator[Check]:
    """The entrance first; what lies behind it is asked only where that opens."""
    try:
        if missing:
            raise NotConfigured(missing, service=service)
        told, others = sign_in(_Deadline(service).check)
    except RemoteError as error:
        yield Check(side, entrance, "failed", error.message)
        return
    yield Check(side, entrance, "ok", told)
    yield from others


def _platform_checks(known: platform.Credentials) -> Iterator[Check]:
    def sign_in(throttle: Callable[[], None]) -> tuple[str, Iterator[Check]]:
        client = PlatformClient(
            base_url=known.url,
            api_key=known.api_key,
            timeout=TIMEOUT_SECONDS,
            throttle=throttle,
            sleep=_no_pause,
        )
        seller = client.ping()
        told = f"Signed in as {seller.seller_name} ({seller.seller_id})."
        return told, _behind_platform(client, seller.server_time)

    return _side_checks(
        "Platform",
        "Address and key",
        service=PLATFORM,
        missing=known.missing,
        sign_in=sign_in,
    )


def _behind_platform(client: PlatformClient, theirs: datetime) -> Iterator[Check]:
    yield clock(theirs, now=timezone.now())
    yield _asked(
        "Platform", "Right to read", lambda: _first(client.organizations(), "organizations")
    )


def _connectwise_checks(
    known: connectwise.Credentials, chosen: AgreementType | None
) -> Iterator[Check]:
    def sign_in(throttle: Callable[[], None]) -> tuple[str, Iterator[Check]]:
        client = ConnectWiseClient(
            url=known.url,
            company_id=known.company_id,
            public_key=known.public_key,
            private_key=known.private_key,
            client_id=known.client_id,
            timeout=TIMEOUT_SECONDS,
            throttle=throttle,
            sleep=_no_pause,
        )
        version = client.system_info().version or "unknown"
        told = f"Signed in to {known.company_id}, version {version}."
        return told, _behind_connectwise(client, chosen)

    return _side_checks(
        "ConnectWise",
        "Address and keys",
        service=CONNECTWISE,
        missing=known.missing,
        sign_in=sign_in,
    )


def _behind_connectwise(client: ConnectWiseClient, chosen: AgreementType | None) -> Iterator[Check]:
    def check(name: str, ask: Callable[[], str], tick: str) -> Check:
        return _asked("ConnectWise", name, ask, tick=tick)

    yield check(
        "Right to companies",
        lambda: _first(client.companies(), "companies"),
        "Companies → Company Maintenance: inquire, all",
    )
    yield check(
        "Right to the catalog",
        lambda: _first(client.products(), "products"),
        "Procurement → Product Catalog: inquire, all",
    )
    agreements = "Finance → Agreements"
    reading = check(
        "Right to agreements",
        lambda: _first(client.agreements(), "agreements"),
        f"{agreements}: inquire, all",
    )
    yield reading
    if reading.state == "ok":
        adding = f"{agreements}: add and edit, all"
        yield check("Right to add agreements", lambda: _may_add_agreements(client), adding)
        yield check("Right to add Additions", lambda: _may_add_additions(client), adding)
    yield from _type_checks(client, chosen)


def _type_checks(client: ConnectWiseClient, chosen: AgreementType | None) -> Iterator[Check]:
    try:
        # All of them: the chosen one may stand on any page.
        types = [one for page in client.agreement_types() for one in page.items]
    except RemoteError as error:
        yield Check("ConnectWise", "Agreement types", "failed", error.message)
        return
    yield agreement_type(chosen, types)


def agreement_type(chosen: AgreementType | None, types: list[RemoteType]) -> Check:
    """Whether the default type can be used for new agreements."""
    name = "Default Agreement Type"
    if chosen is None:
        return Check("ConnectWise", name, "failed", f"None is chosen. {CHOOSE_TYPE}")
    found = next((one for one in types if one.id == chosen.connectwise_id), None)
    if found is None:
        words = f"{chosen.name} is no longer in ConnectWise. {CHOOSE_TYPE}"
    elif found.inactive:
        words = f"{found.name} is inactive in ConnectWise. Activate it there, or choose another."
    else:
        return Check("ConnectWise", name, "ok", f"{found.name} is active.")
    return Check("ConnectWise", name, "failed", words)


def clock(theirs: datetime, *, now: datetime) -> Check:
    """Months are cut by our clock, so it has to be right."""
    off = (now - theirs).total_seconds()
    if abs(off) <= CLOCK_SECONDS:
        return Check("Platform", "Clock", "ok", "This server's clock agrees with the Platform's.")
    direction = "ahead of" if off > 0 else "behind"
    return Check(
        "Platform",
        "Clock",
        "failed",
        f"This server's clock is {abs(off) / 60:.0f} minutes {direction} the Platform's. "
        "Set it by a time server (NTP).",
    )


class _Deadline:
    """Stops the repeats of a side that does not answer, so that the page does."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._until = time.monotonic() + DEADLINE_SECONDS

    def check(self) -> None:
        """Raises TransientError once the time is up."""
        if time.monotonic() > self._until:
            raise TransientError(
                f"{self._service} did not answer within {DEADLINE_SECONDS:.0f} seconds. "
                "Check the address and the network.",
                service=self._service,
            )


def _asked(side: Side, name: str, ask: Callable[[], str], *, tick: str = "") -> Check:
    """`tick` is what a 403 says is missing in ConnectWise's security role."""
    try:
        return Check(side, name, "ok", ask())
    except RemoteError as error:
        where = f" Tick there: {tick}." if tick and error.status == HTTPStatus.FORBIDDEN else ""
        return Check(side, name, "failed", f"{error.message}{where}")


def _first(pages: Iterator[object], what: str) -> str:
    """The first page is enough to know that we may."""
    next(pages, None)
    return f"May read {what}."


def _may_add_agreements(client: ConnectWiseClient) -> str:
    client.probe_adding_agreements()
    return "May add agreements."


def _may_add_additions(client: ConnectWiseClient) -> str:
    """Asked of any agreement: where there is none yet, there is nothing to ask of."""
    found = next(iter(client.agreements()), None)
    if found is None or not found.items:
        return "There is no agreement yet to ask of."
    client.probe_adding_additions(found.items[0].id)
    return "May add Additions."


def _no_pause(_seconds: float) -> None:
    pass


def _log(checks: list[Check]) -> None:
    failed = [check for check in checks if check.state == "failed"]
    if not failed:
        logger.info("Connections tested: both sides answer as they should")
        return
    lines = "\n".join(f"{check.side}, {check.name}: {check.words}" for check in failed)
    logger.warning(
        "Connections tested: %s of %s checks failed\n%s", len(failed), len(checks), lines
    )
