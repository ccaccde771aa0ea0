"""The request as our views see it: with HTMX's details and a user who is signed in."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django_htmx.http import trigger_client_event
from django_htmx.middleware import HtmxDetails


class HtmxHttpRequest(HttpRequest):
    """What the middlewares make of a request; LoginRequiredMiddleware keeps everyone else out."""

    htmx: HtmxDetails
    user: User


def wants_fragment(request: HtmxHttpRequest) -> bool:
    """True when HTMX asks for a part; boosted and history-restoring requests want the page."""
    return bool(request.htmx) and not (request.htmx.boosted or request.htmx.history_restore_request)


def varying(response: HttpResponse) -> HttpResponse:
    """Marks an answer of an address that has two renderings."""
    patch_vary_headers(response, ["HX-Request"])
    return response


def toast(response: HttpResponse, text: str, *, kind: str = "success") -> HttpResponse:
    """Shows `text` in the corner; errors stay there until they are dismissed."""
    trigger_client_event(response, "toast", {"text": text, "kind": kind})
    return response
