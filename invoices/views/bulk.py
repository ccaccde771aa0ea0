"""Bulk Update (P36): its card, the confirmation, the result, and the progress everyone sees."""

from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import reswap, retarget, trigger_client_event

from invoices.forms import BulkForm
from invoices.models import LineEdit
from invoices.queries.bulk import Companies, companies_of, updates_ended_since, updates_under_way
from invoices.services import bulk
from invoices.services.selection import selected_lines
from invoices.tasks.bulk import ring
from invoices.views.grid import period_or_404
from invoices.views.told import looks_since, tell
from mapping.http import HtmxHttpRequest, toast
from mapping.queries.pickers import agreement_options, words_of

may_edit = permission_required("invoices.edit_lines", raise_exception=True)
State = LineEdit.State


@require_http_methods(["GET", "POST"])
@may_edit
def card(request: HtmxHttpRequest) -> HttpResponse:
    """GET is the card; POST asks whether to do what it says, without closing it."""
    period = period_or_404(request)
    if request.method == "GET":
        return _card(request, BulkForm())
    form = BulkForm(request.POST)
    if not form.is_valid():
        return _card(request, form)
    try:
        edit = bulk.draft_update(user=request.user, period=period.month, change=form.change())
    except bulk.NothingToUpdate as nothing:
        form.add_error(None, str(nothing))
        return _card(request, form)
    return _dialog(request, "confirm", edit)


@require_GET
@may_edit
def agreements(request: HtmxHttpRequest) -> HttpResponse:
    """The picker of the card: agreements of the one company that the selected lines have."""
    search = request.GET.get("q", "").replace("\0", "")[:200]
    companies = _companies(request)
    options = agreement_options(
        company_ids=list(companies.names),
        search=search,
        today=timezone.now().date(),
        user=request.user,
    )
    context = {
        "options": options if companies.names else [],
        "words": words_of(search),
        "search": search,
        "noun": "agreement" if companies.names else "no_company",
    }
    return render(request, "mapping/_picker_options.html", context)


@require_POST
@may_edit
def confirm(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Few lines are updated at once, many by a worker."""
    with transaction.atomic():
        edit = bulk.confirm_update(edit_id=pk, user=request.user)
        if edit and edit.total > bulk.AT_ONCE:
            transaction.on_commit(lambda: ring([pk]))
    if edit is None:
        return _closing(toast(HttpResponse(status=204), EXPIRED, kind="error"))
    if edit.total > bulk.AT_ONCE:
        return trigger_client_event(_closing(HttpResponse(status=204)), "bulkStarted")
    edit = bulk.apply_update(edit_id=pk) or LineEdit.objects.get(pk=pk)
    if edit.state != State.DONE:
        return _dialog(request, "refused", edit)
    done = toast(_closing(HttpResponse(status=204)), edit.message)
    return trigger_client_event(done, "linesChanged")


EXPIRED = "This confirmation is no longer good. Nothing was changed; press Apply again."


@require_POST
@may_edit
def leave_out(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Asks again, without the lines that stood in the way."""
    edit = get_object_or_404(LineEdit, pk=pk, user=request.user, state=State.REFUSED)
    try:
        return _dialog(request, "confirm", bulk.leave_out_refused(edit))
    except bulk.NothingToUpdate as nothing:
        response = toast(HttpResponse(status=204), str(nothing), kind="error")
        return trigger_client_event(_closing(response), "linesChanged")


@require_GET
@may_edit
def refused(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Which lines stood in the way of an update that a worker did."""
    edit = get_object_or_404(LineEdit, pk=pk, state=State.REFUSED)
    return _dialog(request, "refused", edit)


@require_GET
def progress(request: HtmxHttpRequest) -> HttpResponse:
    """The bars of long updates, and the results of those that ended while this page was open."""
    since = looks_since(request)
    return tell(
        request,
        "invoices/_bulk_progress.html",
        running=updates_under_way(),
        ended=updates_ended_since(since, larger_than=bulk.AT_ONCE),
        since=since,
        event="linesChanged",
    )


def _card(request: HtmxHttpRequest, form: BulkForm) -> HttpResponse:
    period = period_or_404(request)
    selected = selected_lines(user=request.user, period=period.month)
    chosen = form.cleaned_data.get("agreement") if form.is_bound else None
    new = form.is_bound and form.data.get("agreement") == "new"
    context = {
        "form": form,
        "period": period,
        "count": selected.count(),
        "companies": companies_of(selected),
        "agreement": "Create new agreement" if new else getattr(chosen, "name", ""),
    }
    status = 422 if form.is_bound else 200
    return render(request, "invoices/_bulk_card.html", context, status=status)


def _companies(request: HtmxHttpRequest) -> Companies:
    period = period_or_404(request)
    return companies_of(selected_lines(user=request.user, period=period.month))


def _dialog(request: HtmxHttpRequest, step: str, edit: LineEdit) -> HttpResponse:
    context = {"edit": edit, "more": edit.refused - len(edit.refusals)}
    response = render(request, f"invoices/_bulk_{step}.html", context)
    return reswap(retarget(response, "#dialog-body"), "innerHTML")


def _closing(response: HttpResponse) -> HttpResponse:
    """The confirmation and the card have done their work."""
    return trigger_client_event(trigger_client_event(response, "closeDialog"), "closeBulk")
