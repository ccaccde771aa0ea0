"""Inline edit of one row (P30, P31, P34): the row, the row as inputs, and the save."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods

from invoices.forms import LineForm, initial_of
from invoices.models import InvoiceLine
from invoices.queries.lines import period_counts
from invoices.services.lines import LinesRefused, update_lines, why_closed
from invoices.views.grid import rows_for
from mapping.http import HtmxHttpRequest, toast
from mapping.services.choices import MappingRefused

CONFLICT = 409
PICKERS = ("company", "agreement", "product")


@require_GET
def line_row(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """The row as it stands now: what cancelling leads back to."""
    return _row(request, get_object_or_404(InvoiceLine, pk=pk))


@permission_required("invoices.edit_lines", raise_exception=True)
@require_http_methods(["GET", "POST"])
def line_edit(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """The row as inputs; a POST saves it and answers with the row."""
    related = InvoiceLine.objects.select_related("company", "agreement", "product", "synced_by")
    line = get_object_or_404(related, pk=pk)
    if request.method == "POST":
        return _save(request, line)
    if reason := why_closed(line):
        return _refused(request, line, reason)
    return _inputs(request, line, LineForm(initial=initial_of(line)))


def _save(request: HtmxHttpRequest, line: InvoiceLine) -> HttpResponse:
    form = LineForm(request.POST)
    if not form.is_valid():
        return _inputs(request, line, form, status=422)
    version = form.cleaned_data["version"]
    try:
        update_lines(seen={line.pk: version}, change=form.change(), user=request.user)
    except LinesRefused as refused:
        if form.add_refusals(refused):
            return _inputs(request, line, form, status=422)
        return _refused(request, line, refused.refusals[0].reason)
    except MappingRefused as refused:
        return _refused(request, line, str(refused))
    line.refresh_from_db()
    return _row(request, line, new_totals=period_counts(line.period))


def _refused(request: HtmxHttpRequest, line: InvoiceLine, reason: str) -> HttpResponse:
    """Nothing was written: the reason, and the row as it stands now."""
    line.refresh_from_db()
    response = _row(request, line, status=CONFLICT)
    return toast(response, f"The row was not saved: {reason.rstrip('.')}.", kind="error")


def _row(
    request: HtmxHttpRequest, line: InvoiceLine, *, status: int = 200, **context: object
) -> HttpResponse:
    row = rows_for(request, [line])[0]
    return render(request, "invoices/_line_row.html", {"row": row, **context}, status=status)


def _inputs(
    request: HtmxHttpRequest, line: InvoiceLine, form: LineForm, *, status: int = 200
) -> HttpResponse:
    focus = request.GET.get("focus", "")
    context = {
        "row": rows_for(request, [line])[0],
        "form": form,
        "open_picker": focus if focus in PICKERS else "",
        "labels": _labels(line, form),
    }
    return render(request, "invoices/_line_row_form.html", context, status=status)


def _labels(line: InvoiceLine, form: LineForm) -> dict[str, str]:
    """What the pickers show: the names of what is posted, else of what the line has."""
    agreement = "Create new agreement" if line.create_agreement else line.agreement_name
    labels = {"company": line.company_name, "agreement": agreement, "product": line.product_name}
    if form.is_bound:
        chosen = {name: form.cleaned_data.get(name) for name in PICKERS}
        creates = form.data.get("agreement") == "new"
        labels = {name: getattr(value, "name", "") for name, value in chosen.items()}
        labels["agreement"] = "Create new agreement" if creates else labels["agreement"]
    return labels
