"""Addresses of records in ConnectWise's web client, for people (docs/connectwise.md, "Finding the API")."""

from urllib.parse import urlencode

from psa_connectwise.address import ROUTER_CODEBASE, site
from psa_connectwise.conf import credentials
from wire.errors import ConfigError

ROUTER = f"{ROUTER_CODEBASE}services/system_io/router/openrecord.rails"


def agreement_url(connectwise_id: int) -> str:
    """Opens the agreement, whose tab lists its Additions; "" where no site is set up.

    An Addition has no address of its own there.
    """
    known = credentials()
    try:
        login = site(known.url).login
    except ConfigError:
        return ""
    record = {"recordType": "AgreementFV", "recid": connectwise_id, "companyName": known.company_id}
    return f"{login}/{ROUTER}?{urlencode(record)}"
