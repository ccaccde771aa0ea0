"""The gates (P2, P3): nothing without a role; and what waits until ConnectWise is connected.

Every address is behind it unless it is named here, so that a new page can't be forgotten.
"""

from collections.abc import Callable
from typing import Literal

from django.conf import settings
from django.contrib import messages
from django.db.models import BooleanField, Exists, ExpressionWrapper, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from integration.roles import has_role, may_administer
from psa_connectwise.models import AgreementType, ConnectWiseSettings

# None when open, else what is missing.
Gate = Literal["credentials", "agreement_type"] | None

# Who has no role sees these only; Django admin asks for rights of its own.
OPEN_WITHOUT_ROLE = ("/admin/", "/accounts/", "/static/", "/healthz", "/readyz", "/metrics")
OPEN_WITHOUT_CREDENTIALS = ("/settings/",)
# The log helps to mend a half-made installation: the credentials are enough.
OPEN_WITH_CREDENTIALS = ("/logs/",)

# What a connection needs: the column, and the variable that stands in for an empty one.
CREDENTIALS = {
    "url": "CONNECTWISE_URL",
    "company_id": "CONNECTWISE_COMPANY_ID",
    "public_key": "CONNECTWISE_PUBLIC_KEY",
    "private_key": "CONNECTWISE_PRIVATE_KEY",
    "client_id": "CONNECTWISE_CLIENT_ID",
}
NEXT_STEP = {
    "credentials": (
        "settings_authentication",
        "Save the ConnectWise credentials first: Dashboard, Mapping and System Logs open then.",
    ),
    "agreement_type": (
        "settings_configuration",
        "Choose a default Agreement Type first: Dashboard and Mapping open then.",
    ),
}


class GateMiddleware:
    """Sends people who can set the product up to the next step, and tells the others whom to ask."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        """After LoginRequiredMiddleware: nobody is told anything before signing in."""
        if request.path_info.startswith(OPEN_WITHOUT_ROLE) or not request.user.is_authenticated:
            return None
        if not has_role(request.user):
            return render(request, "no_role.html", status=403)
        if request.path_info.startswith(OPEN_WITHOUT_CREDENTIALS):
            return None
        missing = gate_of(request)
        if missing is None or _is_open(request.path_info, missing):
            return None
        return _refuse(request, missing)


def gate(request: HttpRequest) -> dict[str, Gate]:
    """Context processor: what base.html shows of it."""
    user = getattr(request, "user", None)
    return {"gate": gate_of(request) if user is not None and user.is_authenticated else None}


def gate_of(request: HttpRequest) -> Gate:
    """What is missing; read once per request, by one query on one row."""
    # The middleware and the context processor both ask in one request.
    if not hasattr(request, "_gate"):
        request._gate = read_gate()  # type: ignore[attr-defined]
    found: Gate = request._gate  # type: ignore[attr-defined]
    return found


def read_gate() -> Gate:
    """What is missing; queries. Never decrypts: a lost key must not close the settings pages."""
    saved = {
        f"has_{name}": ExpressionWrapper(~Q(**{name: ""}), output_field=BooleanField())
        for name in CREDENTIALS
    }
    row = (
        ConnectWiseSettings.objects.annotate(
            types_read=Exists(AgreementType.objects.all()), **saved
        )
        .values(*saved, "types_read", "default_agreement_type_id")
        .first()
    ) or {}
    for name, variable in CREDENTIALS.items():
        if not row.get(f"has_{name}") and not getattr(settings, variable):
            return "credentials"
    if row.get("default_agreement_type_id"):
        return None
    # The environment's choice is applied when the types are read for the first time.
    is_chosen = settings.DEFAULT_AGREEMENT_TYPE and not row.get("types_read")
    return None if is_chosen else "agreement_type"


def _is_open(path: str, missing: Gate) -> bool:
    return missing == "agreement_type" and path.startswith(OPEN_WITH_CREDENTIALS)


def _refuse(
    request: HttpRequest, missing: Literal["credentials", "agreement_type"]
) -> HttpResponse:
    name, words = NEXT_STEP[missing]
    if not may_administer(request.user):
        return render(request, "setup_incomplete.html", {"words": words}, status=403)
    messages.warning(request, words)
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(reverse(name))
    return redirect(name)
