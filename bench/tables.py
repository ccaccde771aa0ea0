"""What django-tables2 makes of the same lines: a sortable table with the grid's columns and page size.

It has no filters of its own: month, search and filter are conditions that a view of ten lines sets,
and nothing offers their values.
"""

import operator
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

import django_tables2
from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from bench.changelist import SEARCHED
from invoices.models import InvoiceLine
from invoices.queries.columns import BY_KEY, SHOWN

PAGE_SIZE = 20
COLUMNS = tuple(BY_KEY[key].field for key in SHOWN)


class LineTable(django_tables2.Table):  # type: ignore[misc]  # it has no types
    class Meta:
        model = InvoiceLine
        fields = COLUMNS
        order_by = "-invoice_date"


def page(request: HttpRequest) -> HttpResponse:
    lines = InvoiceLine.objects.filter(period=request.GET["period"])
    if cycle := request.GET.get("billing_cycle"):
        lines = lines.filter(billing_cycle=cycle)
    if text := request.GET.get("q"):
        lines = lines.filter(
            reduce(operator.or_, (Q(**{f"{n}__icontains": text}) for n in SEARCHED))
        )
    table = LineTable(lines)
    pages = {"per_page": PAGE_SIZE}
    django_tables2.RequestConfig(request, paginate=pages).configure(table)
    return HttpResponse(table.as_html(request))


def address(month: date, query: Mapping[str, Any]) -> str:
    """The same query as `changelist.address` takes, in this page's words."""
    told = {{"p": "page"}.get(name, name): value for name, value in query.items()}
    if "sort" in told:
        told["sort"] = BY_KEY[told["sort"]].field
    told["period"] = month.isoformat()
    return "/tables/?" + "&".join(f"{name}={value}" for name, value in told.items())


@contextmanager
def installed() -> Iterator[None]:
    """With its templates found, and this page at its address; no app is made ready again for it."""
    engine: dict[str, Any] = deepcopy(settings.TEMPLATES[0])
    engine["DIRS"] = [Path(django_tables2.__file__).parent / "templates"]
    engine["OPTIONS"]["libraries"] = {
        "django_tables2": "django_tables2.templatetags.django_tables2",
    }
    with override_settings(TEMPLATES=[engine], ROOT_URLCONF="bench.tables"):
        yield


urlpatterns = [path("tables/", page)]
