"""Bars of work under way, and results of what ended while a page was open: each is told on it once.

What the page knows travels with its questions: `since` when it began to look, `told` whose results
it shows already.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django_htmx.http import trigger_client_event

from invoices.loading.progress import RESULT_STAYS
from mapping.http import HtmxHttpRequest


def looks_since(request: HtmxHttpRequest) -> datetime:
    """When the page that asks was brought; without that, as long ago as a result stays."""
    return _moment(request.GET.get("since", "")) or timezone.now() - RESULT_STAYS


def tell(
    request: HtmxHttpRequest,
    template: str,
    *,
    running: Sequence[Any],
    ended: Sequence[Model],
    since: datetime,
    event: str,
) -> HttpResponse:
    """`event` is for the other parts of the page, once it shows a result that it didn't before."""
    keys = [str(one.pk) for one in ended]
    context = {
        "running": running,
        "ended": ended,
        "since": since.isoformat(),
        "now": timezone.now().isoformat(),
        "told": "_".join(keys),
    }
    response = render(request, template, context)
    if "since" in request.GET and set(keys) - set(request.GET.get("told", "").split("_")):
        trigger_client_event(response, event)
    return response


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
