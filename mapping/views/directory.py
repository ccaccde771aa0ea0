"""Sync Organizations and Load Products: started, watched by everyone, told when they end (P9, P10)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from mapping import services
from mapping.forms import LoadProductsForm
from mapping.http import HtmxHttpRequest, toast
from mapping.queries.refreshes import current_refresh, ended_refreshes, progress_of
from mapping.services.directory_parts import (
    LOAD_PRODUCTS,
    SYNC_ORGANIZATIONS,
    WINDOWS,
    Part,
    window,
)
from mapping.tabs import ORGANIZATIONS, PRODUCTS, Tab
from mapping.tasks import refresh_directory

# A page that is opened tells results that are no older than this.
TOLD_FOR = timedelta(seconds=20)


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_POST
def sync_organizations(request: HtmxHttpRequest) -> HttpResponse:
    """What the Organizations tab shows and needs (P9); no offers are read, so no window matters."""
    return _start(request, ORGANIZATIONS, parts=SYNC_ORGANIZATIONS, months=1)


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_http_methods(["GET", "POST"])
def load_products(request: HtmxHttpRequest) -> HttpResponse:
    """The dialog with the windows; a POST starts."""
    if request.method != "POST":
        return _window_dialog(request, LoadProductsForm(initial={"months": 3}))
    form = LoadProductsForm(request.POST)
    if not form.is_valid():
        return _window_dialog(request, form, status=422)
    return _start(request, PRODUCTS, parts=LOAD_PRODUCTS, months=form.cleaned_data["months"])


@require_GET
def refresh_progress(request: HtmxHttpRequest, tab: Tab) -> HttpResponse:
    """What is under way and what ended since the page was opened; polled by every open tab."""
    running = current_refresh()
    was_running = request.GET.get("running") == "1"
    context = {
        "tab": tab,
        "progress": progress_of(running) if running else None,
        "ended": ended_refreshes(since=_since(request)),
        "since": _since(request),
        "now": timezone.now(),
        "is_refreshing": running is not None,
        "button_changes": was_running != (running is not None),
    }
    response = render(request, "mapping/_refresh_progress.html", context)
    if was_running and not running:
        trigger_client_event(response, "directoryRefreshed", {})
    return response


@require_GET
def best_practices(request: HtmxHttpRequest) -> HttpResponse:
    """The six rules (P4)."""
    return render(request, "mapping/_best_practices_dialog.html")


def _start(
    request: HtmxHttpRequest, tab: Tab, *, parts: Sequence[Part], months: int
) -> HttpResponse:
    """Queue the refresh and answer with an empty dialog, which closes; the progress shows the rest."""
    response = HttpResponse()
    try:
        refresh = services.start_refresh(parts=parts, months=months, user=request.user)
    except services.RefreshUnderWay as refused:
        toast(response, str(refused), kind="error")
    else:
        # Not before: a worker that is quicker than the commit would find no row.
        transaction.on_commit(partial(refresh_directory.delay, refresh.pk))
    trigger_client_event(response, "closeDialog", {})
    return trigger_client_event(response, "refreshStarted", {})


def _window_dialog(
    request: HtmxHttpRequest, form: LoadProductsForm, *, status: int = 200
) -> HttpResponse:
    today = timezone.now().date()
    windows = [(months, window(today=today, months=months)[0]) for months in WINDOWS]
    chosen = str(form["months"].value())
    context = {"form": form, "windows": windows, "chosen": chosen}
    return render(request, "mapping/_load_products_dialog.html", context, status=status)


def _since(request: HtmxHttpRequest) -> datetime:
    """From when on results are told; what can't be read is as good as nothing."""
    try:
        since = parse_datetime(request.GET.get("since", ""))
    except ValueError:
        since = None
    if since is None or timezone.is_naive(since):
        return timezone.now() - TOLD_FOR
    return since
