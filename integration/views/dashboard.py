"""The Dashboard (P52): how the month stands and what needs attention."""

from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from integration import charts, queries
from integration.recent import held_up, recent_work
from invoices.models import InvoiceSettings
from invoices.months import months_before
from invoices.services.mailed_reports import choose_reports, mail_choice
from invoices.services.schedule import standings
from invoices.sync.ending import waiting_ends
from mapping.http import HtmxHttpRequest


@require_POST
def mailed_reports(request: HtmxHttpRequest) -> HttpResponse:
    """Whether this user gets the schedule's results by e-mail."""
    try:
        choose_reports(user=request.user, when=request.POST.get("when", ""))
    except ValueError as error:
        raise BadRequest from error
    return redirect("dashboard")


@require_safe
def dashboard(request: HtmxHttpRequest) -> HttpResponse:
    """The newest loaded period, or how to begin where there is none."""
    context = {**_figures(), "mail": mail_choice(request.user)}
    return render(request, "dashboard.html", context)


@require_safe
def news(request: HtmxHttpRequest) -> HttpResponse:
    """What changes while a load or a sync is under way: each part for its place on the page."""
    return render(request, "dashboard/_live.html", _figures())


@require_safe
def months(request: HtmxHttpRequest) -> HttpResponse:
    """The chart of the last twelve months: apart, because a year of lines takes longer to count."""
    period = queries.newest_period()
    if period is None:
        return HttpResponse()
    newest = period.month
    wanted = [months_before(newest, ago) for ago in range(charts.MONTHS)]
    chart = charts.columns(queries.month_counts(wanted), newest=newest)
    return render(request, "dashboard/_months.html", {"chart": chart, "legend": charts.LABELS})


def _figures() -> dict[str, Any]:
    period = queries.newest_period()
    context: dict[str, Any] = {
        "period": period,
        "progress": queries.mapping_progress(),
        "recent": recent_work(),
        "held_up": held_up(),
        "schedule": standings(timezone.now()),
        "zone": ZoneInfo(InvoiceSettings.load().time_zone),
    }
    if period is not None:
        statuses = queries.standings(period.month)
        context["standings"] = statuses
        context["lines"] = sum(one.lines for one in statuses)
        counts = queries.month_counts([period.month]).get(period.month, {})
        context["synced"] = counts.get("synced", 0)
        context["bar"] = charts.bar(counts)
        context["totals"] = queries.totals(statuses)
        context["concerns"] = queries.concerns(period.month)
        context["waiting_ends"] = waiting_ends().count()
    return context
