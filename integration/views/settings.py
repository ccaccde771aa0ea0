"""The settings pages: Authentication, Configuration, Dictionary (P5, P6)."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from integration.doctor import check_connections
from integration.forms import ConfigurationForm, ConnectionsForm
from integration.roles import SETTINGS_PERMISSIONS
from integration.services import fetch_agreement_types, save_configuration, save_connections
from mapping.http import HtmxHttpRequest
from wire.errors import RemoteError

administrators_only = permission_required(SETTINGS_PERMISSIONS, raise_exception=True)


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
def authentication(request: HtmxHttpRequest) -> HttpResponse:
    """Where both sides are and who we are there; a secret goes in and never comes out."""
    form = ConnectionsForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        changed = save_connections(values=form.changed_values(), user=request.user)
        messages.success(
            request, f"Saved: {', '.join(changed)}." if changed else "Nothing to save."
        )
        return redirect("settings_authentication")
    status = 422 if form.is_bound else 200
    return render(request, "settings/authentication.html", {"form": form}, status=status)


@administrators_only
@require_POST
def test_connection(request: HtmxHttpRequest) -> HttpResponse:
    """Asks both sides with what is saved; one line a check."""
    context = {"checks": check_connections(), "form": ConnectionsForm()}
    template = "settings/_checks.html" if request.htmx else "settings/authentication.html"
    return render(request, template, context)


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
def configuration(request: HtmxHttpRequest) -> HttpResponse:
    """What the product does, as far as an administrator decides it."""
    form = ConfigurationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        changed = save_configuration(values=form.changed_values(), user=request.user)
        messages.success(
            request, f"Saved: {', '.join(changed)}." if changed else "Nothing to save."
        )
        return redirect("settings_configuration")
    status = 422 if form.is_bound else 200
    return render(request, "settings/configuration.html", {"form": form}, status=status)


@administrators_only
@require_POST
def refresh_agreement_types(request: HtmxHttpRequest) -> HttpResponse:
    """Reads ConnectWise's list of agreement types anew."""
    try:
        count = fetch_agreement_types()
    except RemoteError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"ConnectWise has {count} agreement types.")
    return redirect("settings_configuration")


@require_GET
def dictionary(request: HtmxHttpRequest) -> HttpResponse:
    """The two vocabularies side by side; for every role."""
    return render(request, "settings/dictionary.html")
