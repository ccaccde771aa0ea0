"""Addresses of records in ConnectWise's web client, for people (docs/connectwise.md, "Finding the API")."""

from collections.abc import Callable
from urllib.parse import urlencode

from psa_connectwise.address import ROUTER_CODEBASE, site
from psa_connectwise.conf import credentials
from wire.errors import ConfigError

ROUTER = f"{ROUTER_CODEBASE}services/system_io/router/openrecord.rails"


def agreement_url(connectwise_id: int) -> str:
    """Opens the agreement, whose tab lists its Additions; "" where no site is set up.

    An Addition has no address of its own there.
    """
    return agreement_urls()(connectwise_id)


def agreement_urls() -> Callable[[int], str]:
    """The same for many agreements; the settings are read once."""
    known = credentials()
    try:
        login = site(known.url).login
    except ConfigError:
        # Nothing, or nothing usable, is set up: pages then show the name without a link.
        return lambda _connectwise_id: ""

    def address(connectwise_id: int) -> str:
        named = {"recid": connectwise_id, "companyName": known.company_id}
        return f"{login}/{ROUTER}?{urlencode({'recordType': 'AgreementFV', **named})}"

    return address
