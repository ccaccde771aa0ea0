"""What Django's admin makes of the same lines: a changelist with the grid's columns, filters, search.

At /lines/ the month is one of the filters, in the address, as an admin has it; its filters then offer
the values of all months. At /month/ somebody has narrowed it to the newest month beforehand.
"""

from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path

from invoices.models import InvoiceLine, Period
from invoices.queries.columns import BY_KEY, FILTERS, SHOWN

SEARCHED = (
    "organization_name", "organization_reference", "offer_name", "billing_cycle", "commitment_term",
)  # fmt: skip


class LineAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = tuple(BY_KEY[key].field for key in SHOWN)
    list_filter = tuple(BY_KEY[key].field for key in FILTERS if key in BY_KEY)
    search_fields = SEARCHED
    list_per_page = 20
    ordering = ("-invoice_date",)


class MonthAdmin(LineAdmin):
    def get_queryset(self, request: HttpRequest) -> QuerySet[InvoiceLine]:
        return super().get_queryset(request).filter(period=_newest_month())


def address(page: str, **query: Any) -> str:
    """Of the changelist at "lines" or "month"; a sort by the key of a column."""
    key = query.pop("sort", None)
    if page == "lines":
        query["period"] = _newest_month().isoformat()
    if key:
        # The changelist counts its columns from 1.
        query["o"] = 1 + SHOWN.index(key)
    return f"/{page}/?" + "&".join(f"{name}={value}" for name, value in query.items())


def _newest_month() -> date:
    return Period.objects.filter(loaded_at__isnull=False).latest("month").month


site = admin.AdminSite()
site.register(InvoiceLine, LineAdmin)
urlpatterns = [
    path("admin/", site.urls),
    path("lines/", site.admin_view(LineAdmin(InvoiceLine, site).changelist_view)),
    path("month/", site.admin_view(MonthAdmin(InvoiceLine, site).changelist_view)),
]
