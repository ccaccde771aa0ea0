"""The Organizations and the Products tab: the grid, inline choice, unmap, history (P9, P10, P12, P13)."""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from mapping.forms import MappingForm
from mapping.grid import read_grid
from mapping.http import HtmxHttpRequest, toast, varying, wants_fragment
from mapping.models import MappingChange
from mapping.numbers import numbered
from mapping.queries.history import history_of
from mapping.queries.refreshes import current_refresh, last_refresh
from mapping.queries.rows import FILTERS, grid_page, rows_of, tab_counts
from mapping.services.choices import MappingRefused
from mapping.services.choosing import lines_to_change, map_record
from mapping.tabs import Mapped, Tab, Target


@require_GET
def mapping_list(request: HtmxHttpRequest, tab: Tab) -> HttpResponse:
    """The grid: HTMX gets the fragment, everyone else the page around it."""
    grid = read_grid(
        request, grid=tab.key, sorts=tab.sorts, default_sort="name", filters=("status",)
    )
    rows, page = grid_page(tab, grid)
    counts = tab_counts(tab)
    shown = grid.filters.get("status", ("",))
    context = {
        "tab": tab,
        "grid": grid,
        "rows": rows,
        "page": page,
        "statuses": counts.statuses,
        "sure": counts.sure,
        "refreshed": last_refresh(tab),
        "is_refreshing": current_refresh() is not None,
        "shown_status": shown[0] if shown[0] in FILTERS else "",
    }
    if fragment := wants_fragment(request):  # the page has it on its tab
        context["step"] = counts.step
    template = "mapping/_mapping_grid.html" if fragment else "mapping/mapping_list.html"
    return varying(render(request, template, context))


@require_GET
def mapping_row(request: HtmxHttpRequest, tab: Tab, pk: int) -> HttpResponse:
    """The row as it stands now: what cancelling leads back to."""
    return row_response(request, tab, record_of(tab, pk))


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_http_methods(["GET", "POST"])
def mapping_edit(request: HtmxHttpRequest, tab: Tab, pk: int) -> HttpResponse:
    """The row with its picker; a POST saves the choice and answers with the row."""
    record = record_of(tab, pk)
    if request.method != "POST":
        return _row_form(request, tab, record, MappingForm(tab=tab, current=_target(tab, record)))
    form = MappingForm(request.POST, tab=tab, current=_target(tab, record))
    if not form.is_valid():
        return _row_form(request, tab, record, form, status=422)
    try:
        change = map_record(record=record, target=form.cleaned_data["target"], user=request.user)
    except MappingRefused as refused:
        form.add_error("target", str(refused))
        return _row_form(request, tab, record, form, status=422)
    return saved(request, tab, record, change)


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_GET
def mapping_effect(request: HtmxHttpRequest, tab: Tab, pk: int) -> HttpResponse:
    """How many lines the choice would change, told beside the row before it is saved."""
    record = record_of(tab, pk)
    form = MappingForm(request.GET, tab=tab, current=_target(tab, record))
    number = None
    if form.is_valid():
        target = form.cleaned_data["target"]
        number = lines_to_change(tab=tab, wanted={record.pk: target})
    return render(request, "mapping/_effect.html", {"number": number})


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_http_methods(["GET", "POST"])
def mapping_unmap(request: HtmxHttpRequest, tab: Tab, pk: int) -> HttpResponse:
    """Asks with the number of lines; a POST takes the mapping away."""
    record = record_of(tab, pk)
    if request.method == "POST":
        change = map_record(record=record, target=None, user=request.user)
        return saved(request, tab, record, change)
    context = {
        "tab": tab,
        "record": record,
        "target": _target(tab, record),
        "number": lines_to_change(tab=tab, wanted={record.pk: None}),
    }
    return render(request, "mapping/_unmap_dialog.html", context)


@require_GET
def mapping_history(request: HtmxHttpRequest, tab: Tab, pk: int) -> HttpResponse:
    """Who mapped it to what, newest first."""
    record = record_of(tab, pk)
    context = {"tab": tab, "record": record, "changes": history_of(tab, record)}
    return render(request, "mapping/_history_dialog.html", context)


def record_of(tab: Tab, pk: int) -> Mapped:
    """With what it is mapped to; 404 where it isn't."""
    records: QuerySet[Any] = tab.model._default_manager.select_related(tab.field)
    record: Mapped = get_object_or_404(records, pk=pk)
    return record


def _target(tab: Tab, record: Mapped) -> Target | None:
    target: Target | None = getattr(record, tab.field)
    return target


def row_response(
    request: HtmxHttpRequest, tab: Tab, record: Mapped, *, status: int = 200, **context: Any
) -> HttpResponse:
    """The row as it is now; `context` adds what is swapped beside it."""
    context |= {"tab": tab, "rows": rows_of(tab, [record])}
    return render(request, "mapping/_mapping_row.html", context, status=status)


def _row_form(
    request: HtmxHttpRequest, tab: Tab, record: Mapped, form: MappingForm, *, status: int = 200
) -> HttpResponse:
    target = _target(tab, record)
    if form.is_bound and form.cleaned_data.get("target"):
        target = form.cleaned_data["target"]
    context = {"tab": tab, "row": rows_of(tab, [record])[0], "form": form, "chosen": target}
    return render(request, "mapping/_mapping_row_form.html", context, status=status)


def saved(
    request: HtmxHttpRequest,
    tab: Tab,
    record: Mapped,
    change: MappingChange | None = None,
    *,
    words: str = "",
) -> HttpResponse:
    """The row as it is now, the counts of statuses, and a sentence about what was done."""
    record = record_of(tab, record.pk)
    counts = tab_counts(tab)
    response = row_response(
        request, tab, record, new_counts=counts.statuses, sure=counts.sure, step=counts.step
    )
    trigger_client_event(response, "closeDialog", {})
    return toast(response, words or _told(record, _target(tab, record), change))


def _told(record: Mapped, target: Target | None, change: MappingChange | None) -> str:
    if change is None:
        return f"{record.name} stays as it was."
    lines = numbered(change.lines_affected, "line")
    if target is None:
        return f"{record.name} is not mapped any more; {lines} changed."
    return f"{record.name} is mapped to {target.name}; {lines} changed."
