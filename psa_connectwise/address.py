"""Where ConnectWise's API is, given what people know: the address of its site.

See docs/connectwise.md, "Finding the API".
"""

import logging
import re
from dataclasses import dataclass
from urllib.parse import quote

from wire.address import checked, is_loopback
from wire.errors import RemoteError
from wire.session import RemoteSession

logger = logging.getLogger(__name__)

SERVICE = "ConnectWise"
CLOUD_DOMAINS = (".myconnectwise.net", ".connectwisedev.com")
API_PREFIX = "api-"
# Works on every installation; on the cloud it is a router to the company's own.
ROUTER_CODEBASE = "v4_6_release/"
CODEBASE = re.compile(r"[\w.]+/", re.ASCII)
# It only spares the way through the router: not worth waiting a whole time-out for.
LOOKUP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Site:
    """Origins of one installation: `api` is called, `login` knows the code base."""

    api: str
    login: str


def site(url: str) -> Site:
    """Both origins; a cloud host's API carries a prefix, own hosts and stand-ins don't."""
    parts = checked(url, service=SERVICE)
    port = f":{parts.port}" if parts.port else ""
    host = (parts.hostname or "").lower()
    if is_loopback(parts) or not host.endswith(CLOUD_DOMAINS):
        shown = f"[{host}]" if ":" in host else host
        return Site(api=f"{parts.scheme}://{shown}{port}", login=f"{parts.scheme}://{shown}{port}")
    bare = host.removeprefix(API_PREFIX)
    return Site(api=f"https://{API_PREFIX}{bare}{port}", login=f"https://{bare}{port}")


def look_up_codebase(login: str, company_id: str, *, timeout: float) -> str:
    """The company's code base; the one that works everywhere when nobody tells.

    Sends no credentials: the login host doesn't need them.
    """
    session = RemoteSession(service=SERVICE, timeout=min(timeout, LOOKUP_SECONDS), headers={})
    try:
        answer = session.request(
            "GET", f"{login}/login/companyinfo/{quote(company_id, safe='')}", tries=1
        )
        told = answer.json() if answer.status == 200 else None
    except (RemoteError, ValueError) as error:
        logger.debug("no company information from ConnectWise: %s", error)
        return ROUTER_CODEBASE
    codebase = told.get("Codebase") if isinstance(told, dict) else None
    usable = isinstance(codebase, str) and CODEBASE.fullmatch(codebase)
    return str(codebase) if usable else ROUTER_CODEBASE
