"""What the pickers ask for: `<li role=option>`s, twenty at most (P32)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from mapping.http import HtmxHttpRequest
from mapping.numbers import is_number
from mapping.queries.pickers import (
    Option,
    agreement_options,
    company_options,
    organization_options,
    product_options,
    words_of,
)


@require_GET
def pick_organization(request: HtmxHttpRequest) -> HttpResponse:
    search = _search(request)
    return _answer(request, search, organization_options(search=search), "organization")


@require_GET
def pick_company(request: HtmxHttpRequest) -> HttpResponse:
    search = _search(request)
    return _answer(request, search, company_options(search=search, user=request.user), "company")


@require_GET
def pick_product(request: HtmxHttpRequest) -> HttpResponse:
    search = _search(request)
    return _answer(request, search, product_options(search=search, user=request.user), "product")


@require_GET
def pick_agreement(request: HtmxHttpRequest) -> HttpResponse:
    """The agreements of `company`; without one there is nothing to choose yet (P31)."""
    search = _search(request)
    company = request.GET.get("company", "")
    if not is_number(company):
        return _answer(request, search, [], "no_company")
    today = timezone.now().date()
    options = agreement_options(
        company_ids=[int(company)], search=search, today=today, user=request.user
    )
    return _answer(request, search, options, "agreement")


def _search(request: HtmxHttpRequest) -> str:
    return request.GET.get("q", "").replace("\0", "")[:200]


def _answer(
    request: HtmxHttpRequest, search: str, options: list[Option], noun: str
) -> HttpResponse:
    context = {"options": options, "words": words_of(search), "search": search, "noun": noun}
    return render(request, "mapping/_picker_options.html", context)
