"""For the machines that watch us: is the process alive, can it work. Both without a login."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integration.probes import ask_broker, ask_database, ask_workers


@login_not_required
@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Alive: touches nothing, so that a slow database doesn't get the process killed."""
    return JsonResponse({"status": "alive"})


@login_not_required
@never_cache
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Ready: 503 names what is missing. Without the broker nobody can ask the workers."""
    parts = {"database": _works(ask_database), "broker": _works(ask_broker)}
    parts["workers"] = parts["broker"] and _works(ask_workers)
    missing = [name for name, works in parts.items() if not works]
    response = JsonResponse(
        {"status": "not ready" if missing else "ready", "missing": missing},
        status=503 if missing else 200,
    )
    # Who asks hears it; Django would log an error each time, as for a page that broke.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _works(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except Exception:  # whatever it is, that part does not work
        return False
