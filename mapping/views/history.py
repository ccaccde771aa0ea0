"""The history of all mappings, and taking changes back: what that will change is shown first (P13)."""

from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from mapping.grid import read_grid
from mapping.http import HtmxHttpRequest, toast, varying, wants_fragment
from mapping.models import MappingChange
from mapping.numbers import numbered
from mapping.queries.history import changes_of_batch, history_page, one_change
from mapping.services.reverting import RevertRefused, plan_revert, revert_changes


@require_GET
def history(request: HtmxHttpRequest, batch: UUID | None = None) -> HttpResponse:
    """Every change, newest first; what was made together is one row, or, of `batch`, all of it."""
    grid = read_grid(request, grid="mapping_history", sorts=(), default_sort="", filters=("kind",))
    entries, page = history_page(grid, batch=batch)
    if batch is not None and not entries and not grid.is_narrowed:
        raise Http404
    context = {
        "grid": grid,
        "entries": entries,
        "page": page,
        "batch": batch,
        "kinds": [("", "All"), *MappingChange.Kind.choices],
        "shown_kind": grid.filters.get("kind", ("",))[0],
    }
    fragment = wants_fragment(request)
    template = "mapping/_history_grid.html" if fragment else "mapping/history.html"
    return varying(render(request, template, context))


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_http_methods(["GET", "POST"])
def revert_one(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    return _revert(request, one_change(pk))


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_http_methods(["GET", "POST"])
def revert_batch(request: HtmxHttpRequest, batch: UUID) -> HttpResponse:
    return _revert(request, changes_of_batch(batch))


def _revert(request: HtmxHttpRequest, changes: list[MappingChange]) -> HttpResponse:
    """The dialog with what will change, or what stands in the way; a POST does it as it was shown."""
    if not changes:
        raise Http404
    if request.method != "POST":
        return _dialog(request, changes)
    mark = request.POST.get("mark", "")
    try:
        made = revert_changes(changes, mark=mark, user=request.user)
    except RevertRefused:
        return _dialog(request, changes, has_changed=True)
    response = HttpResponse()
    trigger_client_event(response, "closeDialog", {})
    trigger_client_event(response, "mappingsChanged", {})
    lines = numbered(sum(change.lines_affected for change in made), "line")
    number = numbered(len(made), "change is", "changes are")
    return toast(response, f"{number} taken back; {lines} changed.")


def _dialog(
    request: HtmxHttpRequest, changes: list[MappingChange], *, has_changed: bool = False
) -> HttpResponse:
    context = {
        "first": changes[0],
        "number": len(changes),
        "plan": plan_revert(changes),
        "has_changed": has_changed,
        "address": request.path,
    }
    status = 422 if has_changed else 200
    return render(request, "mapping/_revert_dialog.html", context, status=status)
