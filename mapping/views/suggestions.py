"""Yes and no to suggestions: on a row, and to all that are sure at once (P11)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reswap, retarget, trigger_client_event

from mapping.forms import AcceptAllForm, SuggestionForm
from mapping.http import HtmxHttpRequest, toast
from mapping.models import MappingChange
from mapping.numbers import is_number, numbered
from mapping.queries.suggestions import Proposal
from mapping.services.accepting import (
    ListChanged,
    SureOnes,
    accept_suggestion,
    accept_sure_ones,
    dismiss_suggestion,
    lines_to_fill,
    sure_ones,
)
from mapping.services.choices import MappingRefused
from mapping.tabs import Tab
from mapping.views.tabs import record_of, row_response, saved

# A list of a thousand comes in parts; all of it is meant from the first on.
PART = 100


@dataclass(frozen=True, kw_only=True)
class ListedPart:
    """A part of one of the two lists: `key` says which, `start` where it begins."""

    of: Sequence[Proposal]
    key: str
    start: int = 0
    size: int = PART

    @property
    def rows(self) -> Sequence[Proposal]:
        return self.of[self.start : self.next]

    @property
    def next(self) -> int:
        return self.start + self.size

    @property
    def left(self) -> int:
        return max(0, len(self.of) - self.next)

    @property
    def is_ticked(self) -> bool:
        """Whether each row has a box of its own."""
        return self.key == "claimed"


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_POST
def accept(request: HtmxHttpRequest, tab: Tab, pk: int) -> HttpResponse:
    """Map the row to its suggestion; where that has changed, the row as it is now comes back."""
    record, form = record_of(tab, pk), SuggestionForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("Name the suggestion.")
    target_id = form.cleaned_data["target"]
    try:
        change = accept_suggestion(tab=tab, record=record, target_id=target_id, user=request.user)
    except MappingRefused as refused:
        response = row_response(request, tab, record_of(tab, pk), status=409)
        return toast(response, str(refused), kind="error")
    return saved(request, tab, record, change)


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_POST
def dismiss(request: HtmxHttpRequest, tab: Tab, pk: int) -> HttpResponse:
    """Never suggest it for this row again; the runner-up moves up."""
    record, form = record_of(tab, pk), SuggestionForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("Name the suggestion.")
    target_id = form.cleaned_data["target"]
    dismiss_suggestion(tab=tab, record=record, target_id=target_id, user=request.user)
    return saved(request, tab, record, words=f"It won't be suggested for {record.name} again.")


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_http_methods(["GET", "POST"])
def accept_all(request: HtmxHttpRequest, tab: Tab) -> HttpResponse:
    """The list of what is sure, or its next part; a POST maps exactly what was shown."""
    shown = sure_ones(tab)
    if request.method != "POST":
        return _part(request, tab, shown) if "part" in request.GET else _dialog(request, tab, shown)
    form = AcceptAllForm(request.POST, claimed=[one.record.pk for one in shown.claimed])
    if not form.is_valid():
        return _dialog(request, tab, shown, has_changed=True)
    given = form.cleaned_data
    try:
        changes = accept_sure_ones(
            tab=tab, mark=given["mark"], also=given["also"], user=request.user
        )
    except ListChanged:
        return _dialog(request, tab, sure_ones(tab), has_changed=True)
    return _accepted(tab, changes)


def _accepted(tab: Tab, changes: list[MappingChange]) -> HttpResponse:
    """An empty answer that closes the dialog, draws the grid anew and tells what was done."""
    lines = numbered(sum(change.lines_affected for change in changes), "line")
    response = HttpResponse()
    trigger_client_event(response, "closeDialog", {})
    trigger_client_event(response, "mappingsChanged", {})
    number = len(changes)
    records = numbered(number, f"{tab.noun} is", f"{tab.plural} are")
    return toast(response, f"{records} mapped; {lines} changed.")


def _part(request: HtmxHttpRequest, tab: Tab, shown: SureOnes) -> HttpResponse:
    """Further rows; where the list is another one by now, the whole of it anew."""
    key, start = request.GET["part"], request.GET.get("start", "")
    lists = {"clear": shown.clear, "claimed": shown.claimed}
    if key not in lists or not is_number(start, digits=6):
        return HttpResponseBadRequest("Name a part of the list.")
    if request.GET.get("mark") != shown.mark:
        response = _dialog(request, tab, shown, has_changed=True)
        return reswap(retarget(response, "#dialog-body"), "innerHTML")
    part = ListedPart(of=lists[key], key=key, start=int(start))
    context = {"tab": tab, "shown": shown, "part": part}
    return render(request, "mapping/_accept_all_rows.html", context)


def _dialog(
    request: HtmxHttpRequest, tab: Tab, shown: SureOnes, *, has_changed: bool = False
) -> HttpResponse:
    context = {
        "tab": tab,
        "shown": shown,
        "lines": lines_to_fill(tab, shown),
        "clear": ListedPart(of=shown.clear, key="clear"),
        "claimed": ListedPart(of=shown.claimed, key="claimed"),
        "has_changed": has_changed,
    }
    status = 422 if has_changed else 200
    return render(request, "mapping/_accept_all_dialog.html", context, status=status)
