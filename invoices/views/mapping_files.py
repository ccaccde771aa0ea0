"""Mappings as a file: exported, and imported once a person has seen what would change."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from invoices.mapping_text import UnreadableFile
from invoices.services.mapping_export import export_mappings
from invoices.services.mapping_files import ImportChanged, Imported
from invoices.services.mapping_uploads import MAX_BYTES, TOO_LARGE, import_file, take_file
from mapping.grid import read_grid
from mapping.http import HtmxHttpRequest, varying, wants_fragment
from mapping.models import MappingFile
from mapping.numbers import numbered


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What a file would change, in numbers."""

    new: int
    changed: int
    unchanged: int
    filled: int  # a line may be filled by its company's, its product's and its agreement's mapping


@require_GET
def export(request: HtmxHttpRequest) -> HttpResponse:
    """Every mapping; the mark at its begin tells Excel the encoding."""
    text, _ = export_mappings()
    name = f"mappings-{timezone.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(f"\ufeff{text}", content_type="text/csv; charset=utf-8", headers=headers)


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_http_methods(["GET", "POST"])
def upload(request: HtmxHttpRequest) -> HttpResponse:
    """The dialog that takes a file; a POST leads to what it would change."""
    if request.method != "POST":
        return _dialog(request)
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        too_large = int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES
        return _dialog(request, error=TOO_LARGE if too_large else "Choose a file.")
    try:
        taken = take_file(name=file.name or "mappings", data=file.read(), user=request.user)
    except UnreadableFile as refused:
        return _dialog(request, error=str(refused))
    if not request.htmx:
        return redirect("mapping_files:file", taken.pk)
    return HttpResponseClientRedirect(f"{request.path}{taken.pk}/")


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_http_methods(["GET", "POST"])
def imported(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """What a file would change, or what is wrong with it; a POST does what was shown."""
    file = get_object_or_404(MappingFile.objects.select_related("user"), pk=pk)
    if request.method != "POST":
        return _page(request, file)
    try:
        done = import_file(pk=pk, mark=request.POST.get("mark", ""), user=request.user)
    except ImportChanged:
        file.refresh_from_db()
        return _page(request, file, has_changed=True)
    messages.success(request, _told(done))
    answer = redirect("mapping:history_batch", done.batch)
    return HttpResponseClientRedirect(answer.url) if request.htmx else answer


def _dialog(request: HtmxHttpRequest, *, error: str = "") -> HttpResponse:
    context = {"error": error, "max_megabytes": MAX_BYTES // 1024**2}
    status = 422 if error else 200
    return render(request, "invoices/_mapping_upload_dialog.html", context, status=status)


def _page(
    request: HtmxHttpRequest, file: MappingFile, *, has_changed: bool = False
) -> HttpResponse:
    grid = read_grid(request, grid="mapping_import", sorts=(), default_sort="")
    listed = file.faults or file.changes
    page = grid.at(len(listed))
    context = {
        "file": file,
        "grid": grid,
        "page": page,
        "shown": listed[page.offset : page.offset + page.size],
        "counts": _counts(file),
        "has_changed": has_changed,
    }
    part = wants_fragment(request)
    template = "invoices/_mapping_import.html" if part else "invoices/mapping_import.html"
    return varying(render(request, template, context, status=422 if has_changed else 200))


def _counts(file: MappingFile) -> Counts:
    new = sum(one["before"] is None for one in file.changes)
    return Counts(
        new=new,
        changed=len(file.changes) - new,
        unchanged=file.mappings - len(file.changes),
        filled=sum(one["lines"] for one in file.changes),
    )


def _told(done: Imported) -> str:
    number, filled = len(done.changes), sum(one.lines_affected for one in done.changes)
    mappings = numbered(number, "mapping is", "mappings are")
    values = numbered(filled, "value")
    return f"{mappings} imported, and {values} filled on invoice lines."
