"""How long somebody stays signed in: a working day at most, and not without doing anything."""

import time
from collections.abc import Callable
from importlib import import_module

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse

SIGNED_IN, SEEN, ENDED = "signed_in_at", "seen_at", "has_ended"
# Written no more often than this: else every page would cost a write.
WRITTEN_EVERY_SECONDS = 60
# What pages ask by themselves, also where nobody sits before them.
BY_ITSELF = ("/progress/", "/news/", "/watch/", "/run/", "/changed/", "/months/")


class SessionLimits:
    """Signs out whose time is over, whichever page asks first; the login comes of what follows."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            _check(request, now=time.time())
        return self.get_response(request)


def note_sign_in(request: HttpRequest, user: User, **_signal: object) -> None:
    """On user_logged_in: a session that was there before begins anew."""
    request.session[SIGNED_IN] = request.session[SEEN] = time.time()
    request.session.pop(ENDED, None)


def forget_old_sessions() -> None:
    """Expired ones stay in the table until somebody deletes them."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


def _check(request: HttpRequest, *, now: float) -> None:
    began = request.session.get(SIGNED_IN, now)
    seen = request.session.get(SEEN, now)
    if now - began > settings.SESSION_COOKIE_AGE or now - seen > settings.SESSION_IDLE_SECONDS:
        logout(request)
        # Kept until the next sign-in: the first who asks may be a poll, and nobody reads its answer.
        request.session[ENDED] = True
    elif SEEN not in request.session or _is_somebody(request, now - seen):
        request.session[SIGNED_IN], request.session[SEEN] = began, now


def _is_somebody(request: HttpRequest, seconds: float) -> bool:
    asks_by_itself = request.method == "GET" and request.path_info.endswith(BY_ITSELF)
    return seconds > WRITTEN_EVERY_SECONDS and not asks_by_itself
