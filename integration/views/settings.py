"""The settings pages: Authentication, Configuration, Dictionary (P5, P6)."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from integration.changes import kept_changes
from integration.doctor import check_connections
from integration.forms import ConfigurationForm, ConnectionsForm
from integration.roles import SETTINGS_PERMISSIONS
from integration.services import fetch_agreement_types, save_configuration, save_connections
from invoices.admin_log import told_changes
from invoices.models import InvoiceSettings
from mapping.grid import read_grid
from mapping.http import HtmxHttpRequest, varying, wants_fragment
from wire.errors import RemoteError

administrators_only = permission_required(SETTINGS_PERMISSIONS, raise_exception=True)


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
def authentication(request: HtmxHttpRequest) -> HttpResponse:
    """Where both sides are and who we are there; a secret goes in and never comes out."""
    form = ConnectionsForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        changed = save_connections(values=form.changed_values(), user=request.user)
        return _saved(request, changed, "settings_authentication")
    return _form_page(request, "settings/authentication.html", form)


@administrators_only
@require_POST
def test_connection(request: HtmxHttpRequest) -> HttpResponse:
    """Asks both sides with what is saved; one line a check."""
    checks = check_connections()
    amiss = sum(check.state != "ok" for check in checks)
    context = {"checks": checks, "amiss": amiss, "form": ConnectionsForm()}
    template = "settings/_checks.html" if request.htmx else "settings/authentication.html"
    return render(request, template, context)


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
def configuration(request: HtmxHttpRequest) -> HttpResponse:
    """What the product does, as far as an administrator decides it."""
    form = ConfigurationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        changed = save_configuration(
            values=form.changed_values(), told=told_changes(form), user=request.user
        )
        return _saved(request, changed, "settings_configuration")
    return _form_page(request, "settings/configuration.html", form)


@administrators_only
@require_safe
def changes(request: HtmxHttpRequest) -> HttpResponse:
    """Who changed what in settings, rules, names and users; HTMX gets the part under the search."""
    grid = read_grid(request, grid="changes", sorts=(), default_sort="")
    found = kept_changes(grid.search)
    page = grid.at(found.count())
    context = {
        "grid": grid,
        "page": page,
        "entries": found[page.offset : page.offset + page.size],
        "zone": ZoneInfo(InvoiceSettings.load().time_zone),
    }
    template = "settings/_changes.html" if wants_fragment(request) else "settings/changes.html"
    return varying(render(request, template, context))


@administrators_only
@require_POST
def refresh_agreement_types(request: HtmxHttpRequest) -> HttpResponse:
    """Reads ConnectWise's list of agreement types anew."""
    try:
        count = fetch_agreement_types()
    except RemoteError as error:
        messages.error(request, error.message)
    else:
        noun = "agreement type" if count == 1 else "agreement types"
        messages.success(request, f"ConnectWise has {count} {noun}.")
    return redirect("settings_configuration")


@require_GET
def dictionary(request: HtmxHttpRequest) -> HttpResponse:
    """The two vocabularies side by side; for every role."""
    return render(request, "settings/dictionary.html")


def _saved(request: HtmxHttpRequest, changed: list[str], page: str) -> HttpResponse:
    words = f"Saved: {', '.join(changed)}." if changed else "Nothing to save."
    messages.success(request, words)
    return redirect(page)


def _form_page(request: HtmxHttpRequest, template: str, form: Form) -> HttpResponse:
    """Empty or as it was sent; with errors it is no answer to be kept."""
    return render(request, template, {"form": form}, status=422 if form.is_bound else 200)
