"""To the provider and back."""

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from integration.single_sign_on.people import person_of
from integration.single_sign_on.provider import SignInRefused, claims_of, send_to_provider

NEXT = "single_sign_on_next"


@login_not_required
@never_cache
@require_GET
def begin(request: HttpRequest) -> HttpResponseBase:
    """A link, not a form: a provider may lead on to others, which form-action would forbid."""
    if settings.SINGLE_SIGN_ON is None:
        raise Http404
    request.session[NEXT] = _safe(request, request.GET.get("next", ""))
    try:
        return send_to_provider(request, back_to=_back_to(request))
    except SignInRefused as refusal:
        return _refused(request, refusal)


@login_not_required
@never_cache
@require_GET
def come_back(request: HttpRequest) -> HttpResponse:
    """Signs in whom the provider vouches for; the session gets another key with that."""
    if settings.SINGLE_SIGN_ON is None:
        raise Http404
    try:
        user = person_of(claims_of(request))
    except SignInRefused as refusal:
        return _refused(request, refusal)
    after = request.session.pop(NEXT, "")
    login(request, user, backend=settings.OWN_PASSWORDS)
    return redirect(after or settings.LOGIN_REDIRECT_URL)


def _back_to(request: HttpRequest) -> str:
    """By the address that users see, which a proxy may hide from us."""
    path = reverse("single_sign_on_back")
    return f"{settings.SITE_URL}{path}" if settings.SITE_URL else request.build_absolute_uri(path)


def _safe(request: HttpRequest, address: str) -> str:
    """Never to another site."""
    allowed = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if allowed else ""


def _refused(request: HttpRequest, refusal: SignInRefused) -> HttpResponse:
    """The login page with the reason: a password may still do."""
    context = {
        "form": AuthenticationForm(request),
        "single_sign_on": settings.SINGLE_SIGN_ON,
        "refusal": str(refusal),
    }
    return render(request, "registration/login.html", context, status=403)
