"""A run's page in all its states, what it asks for while it is open, its CSV, and all runs."""

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET
from django_htmx.http import HTMX_STOP_POLLING, reswap, retarget, trigger_client_event

from invoices.models import SyncRun
from invoices.queries import history
from invoices.queries.plan_row import plan_rows
from invoices.queries.plan_rows import rows_by_ids
from invoices.queries.runs import CUSTOMER_SORTS, KINDS, MOST_CUSTOMERS, customers, figures
from invoices.services.run_export import export_run
from invoices.views import run_context
from mapping.grid import read_grid
from mapping.http import HtmxHttpRequest, varying, wants_fragment
from mapping.numbers import is_number

MOST_ROWS = 200


@require_GET
def run_page(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """The page, or for HTMX its rows and what stands above them."""
    run = get_object_or_404(SyncRun.objects.select_related("user", "follows"), pk=pk)
    whole = request.htmx.target == "run-page"
    if wants_fragment(request) and not whole and run_context.is_planned(run):
        context = run_context.rows_context(request, run) | {"grid_alone": True}
        return varying(render(request, "invoices/_run_rows.html", context))
    name = "_run_page.html" if whole else "run.html"
    context = run_context.page_context(request, run)
    return varying(render(request, f"invoices/{name}", context))


@require_GET
def run_watch(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """What an open page asks for again and again; once the run has moved on, it is told so."""
    run = SyncRun.objects.select_related("user", "follows").filter(pk=pk).first()
    if run is None:
        response = render(request, "invoices/_run_dropped.html", {})
        response.status_code = HTMX_STOP_POLLING
        return reswap(retarget(response, "#run-page"), "outerHTML")
    if request.GET.get("was") != run_context.signature(run):
        return trigger_client_event(HttpResponse(status=204), "runMoved")
    context = run_context.watch_context(request, run)
    if not run.is_draft and run_context.is_planned(run):
        context |= _as_they_stand(request, run)  # else there are no rows or figures to swap
    return render(request, "invoices/_run_watch.html", context)


@require_GET
def run_customers(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """The table of customers, read once it is opened."""
    run = get_object_or_404(SyncRun, pk=pk)
    grid = read_grid(request, grid="run_customers", sorts=CUSTOMER_SORTS, default_sort="-revenue")
    found = customers(run, sort=grid.sort, descending=grid.descending)
    shown = [kind for kind in KINDS if any(one.kinds[kind] for one in found)]
    context = {
        "run": run,
        "grid": grid,
        "customers": [(one, one.counts(shown)) for one in found[:MOST_CUSTOMERS]],
        "total": len(found),
        "kinds": [KINDS[kind] for kind in shown],
    }
    return render(request, "invoices/_run_customers.html", context)


@require_GET
def run_csv(request: HtmxHttpRequest, pk: int) -> StreamingHttpResponse:
    """The rows as filtered."""
    run = get_object_or_404(SyncRun, pk=pk)
    name = f"{'preview' if run.is_draft else 'run'}-{run.pk}-{run.period:%Y-%m}.csv"
    response = StreamingHttpResponse(
        export_run(run, run_context.grid_of(request)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_GET
def run_list(request: HtmxHttpRequest) -> HttpResponse:
    """All runs, the newest first."""
    grid = read_grid(request, grid="runs", sorts=("when",), default_sort="-when")
    rows, page = history.page_of_runs(grid)
    context = {"rows": rows, "page": page, "grid": grid, "zone": run_context.zone()}
    name = "_run_list.html" if wants_fragment(request) else "run_list.html"
    return varying(render(request, f"invoices/{name}", context))


def _as_they_stand(request: HtmxHttpRequest, run: SyncRun) -> dict[str, Any]:
    """The rows that the page shows; what was not confirmed settles when the run is over, too."""
    shown = [int(one) for one in request.GET.getlist("row")[:MOST_ROWS] if is_number(one)]
    operations = [one for one in rows_by_ids(shown) if one.run_id == run.pk]
    return {"rows": plan_rows(run, operations), "figures": figures(run)}
