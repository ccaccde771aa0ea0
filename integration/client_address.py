"""Who asks, when a proxy stands between: for the lock after wrong passwords."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def read_client_address(request: HttpRequest) -> str:
    """The address that the outermost of our own proxies saw; the connection's where none says."""
    told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    # Each proxy appends whom it saw. What stands further left, a browser can have made up: with a
    # new lie each time it would never be locked out.
    seen = told[-settings.PROXIES] if len(told) >= settings.PROXIES else ""
    try:
        return str(ip_address(seen))
    except ValueError:
        return str(request.META.get("REMOTE_ADDR", ""))  # a sign-in by code has no connection
