"""Pages for when something is wrong: what happened, what it means, what to do."""

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token
from django.views.defaults import server_error as plain_server_error


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(
        request,
        HTTPStatus.BAD_REQUEST,
        title="This request can't be read",
        words="Nothing was changed. Go back, reload the page and try once more.",
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(
        request,
        HTTPStatus.FORBIDDEN,
        title="Your role doesn't allow this",
        words="Nothing was changed. An Administrator can do it, or give you the role that may: "
        "Operator to map, load, edit and sync, Administrator for settings and undo.",
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(
        request,
        HTTPStatus.NOT_FOUND,
        title="There is no such page",
        words="The address may be mistyped, or what it showed is gone. Your data are untouched.",
    )


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(
        request,
        HTTPStatus.FORBIDDEN,
        title="This form is out of date",
        words="Nothing was changed. You were signed out, or signed in again in another tab, since "
        "the page was opened. Go back, reload it and try once more.",
    )


def locked_out(request: HttpRequest, *_told: object) -> HttpResponse:
    """Too many wrong passwords for one user from one place."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    return _page(
        request,
        HTTPStatus.TOO_MANY_REQUESTS,
        title="Too many wrong passwords",
        words=f"This user can't sign in from here for {minutes} minutes after the last try. "
        "If you forgot the password, an Administrator can set a new one meanwhile.",
    )


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """500.html as it is: no database, no context, whatever is broken."""
    return plain_server_error(request)


def _page(request: HttpRequest, status: HTTPStatus, *, title: str, words: str) -> HttpResponse:
    # Middlewares that fail early leave the request without a user.
    user = getattr(request, "user", None)
    framed = user is not None and user.is_authenticated
    context = {"status": status.value, "error_title": title, "error_words": words}
    template = "error.html" if framed else "error_bare.html"
    return render(request, template, context, status=status)
