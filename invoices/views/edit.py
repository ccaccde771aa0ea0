"""Inline edit of one row (P30–P34): the row, the row as inputs, the save, and what it offers then."""

import json
from collections.abc import Mapping

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from invoices.forms import LineForm, changed_inputs, initial_of, offered_again
from invoices.models import InvoiceLine, LineEdit
from invoices.queries.lines import period_counts
from invoices.services import bulk
from invoices.services.line_change import sentence
from invoices.services.lines import LinesRefused, update_lines, why_closed
from invoices.services.others import ask_for_others, count_others, given_to_others
from invoices.tasks.bulk import ring
from invoices.views.grid import rows_for
from mapping.http import HtmxHttpRequest, toast
from mapping.services.choices import MappingRefused

CONFLICT = 409
PICKERS = {"company", "agreement", "product"}

may_edit = permission_required("invoices.edit_lines", raise_exception=True)


@require_GET
def line_row(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """The row as it stands now: what cancelling leads back to."""
    return _row(request, get_object_or_404(InvoiceLine, pk=pk))


@may_edit
@require_http_methods(["GET", "POST"])
def line_edit(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """The row as inputs; a POST saves it and answers with the row.

    A GET with `again` has what the user had changed before somebody else was faster.
    """
    related = InvoiceLine.objects.select_related("company", "agreement", "product", "synced_by")
    line = get_object_or_404(related, pk=pk)
    if request.method == "POST":
        return _save(request, line)
    if reason := why_closed(line):
        return _refused(request, line, reason)
    if "again" in request.GET:
        return _inputs(request, line, offered_again(line, request.GET.dict()))
    return _inputs(request, line, LineForm(initial=initial_of(line)))


@may_edit
@require_http_methods(["GET", "POST"])
def line_others(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """GET offers to give other lines what this edit gave its row; POST does."""
    edit = get_object_or_404(LineEdit, pk=pk, user=request.user, kind=LineEdit.Kind.ROW)
    if request.method == "POST":
        return _apply_to_others(request, edit)
    context = {"edit": edit, "count": count_others(edit), "what": sentence(given_to_others(edit))}
    return render(request, "invoices/_offer_others.html", context)


def _apply_to_others(request: HtmxHttpRequest, edit: LineEdit) -> HttpResponse:
    """Few lines at once, many by a worker, as in Bulk Update."""
    asked = ask_for_others(edit=edit, user=request.user)
    response = render(request, "invoices/_offer_others.html", {"edit": edit, "count": 0})
    if asked.total > bulk.AT_ONCE:
        ring([asked.pk])
        return trigger_client_event(response, "bulkStarted")
    done = bulk.apply_update(edit_id=asked.pk) or LineEdit.objects.get(pk=asked.pk)
    return trigger_client_event(toast(response, done.message), "linesChanged")


def _save(request: HtmxHttpRequest, line: InvoiceLine) -> HttpResponse:
    form = LineForm(request.POST)
    if not form.is_valid():
        return _inputs(request, line, form, status=422)
    asked = form.cleaned_data
    try:
        edit = update_lines(
            seen={line.pk: asked["version"]},
            change=form.change(),
            user=request.user,
            since=asked["opened"],
        )
    except LinesRefused as refused:
        if form.add_refusals(refused):
            return _inputs(request, line, form, status=422)
        return _refused(request, line, refused.refusals[0].reason, mine=changed_inputs(form))
    except MappingRefused as refused:
        return _refused(request, line, str(refused), mine=changed_inputs(form))
    line.refresh_from_db()
    offers = edit is not None and bool(PICKERS & edit.change.keys())
    return _row(
        request, line, new_totals=period_counts(line.period), saved=edit if offers else None
    )


def _refused(
    request: HtmxHttpRequest,
    line: InvoiceLine,
    reason: str,
    *,
    mine: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Nothing was written: the reason, the row as it stands now, and what the user had changed."""
    line.refresh_from_db()
    told = f"The row was not saved: {reason.rstrip('.')}."
    if mine and not why_closed(line):
        again = json.dumps({"again": "yes", **mine})
        return _row(request, line, status=CONFLICT, again=again, told=told)
    return toast(_row(request, line, status=CONFLICT), told, kind="error")


def _row(
    request: HtmxHttpRequest, line: InvoiceLine, *, status: int = 200, **context: object
) -> HttpResponse:
    row = rows_for(request, [line])[0]
    return render(request, "invoices/_row_answer.html", {"row": row, **context}, status=status)


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
