"""An offer's products for single organizations, which beat the one for all (P19)."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from mapping.forms import OwnProductForm
from mapping.http import HtmxHttpRequest, toast
from mapping.models import MappingChange, Offer, OrganizationOffer
from mapping.numbers import numbered
from mapping.queries.rows import own_products_of
from mapping.services.choices import MappingRefused
from mapping.services.choosing import map_own_product, own_lines_to_change


@require_http_methods(["GET", "POST"])
def own_products(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """The dialog that lists them; for an operator also the form that adds one, or sets it anew."""
    if request.method == "POST":
        return _save(request, _offer(pk))
    return _dialog(request, _offer(pk), OwnProductForm())


@permission_required("mapping.edit_mappings", raise_exception=True)
def _save(request: HtmxHttpRequest, offer: Offer) -> HttpResponse:
    form = OwnProductForm(request.POST)
    if not form.is_valid():
        return _dialog(request, offer, form, status=422)
    organization, product = form.cleaned_data["organization"], form.cleaned_data["target"]
    try:
        change = map_own_product(
            offer=offer, organization=organization, product=product, user=request.user
        )
    except MappingRefused as refused:
        form.add_error("target", str(refused))
        return _dialog(request, offer, form, status=422)
    told = f"{offer.name} is {product.name} for {organization.name}"
    return _done(request, offer, change, told)


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_GET
def effect(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """How many lines the choice would change, told before it is saved."""
    form, number = OwnProductForm(request.GET), None
    if form.is_valid():
        number = own_lines_to_change(
            offer=_offer(pk),
            organization=form.cleaned_data["organization"],
            product=form.cleaned_data["target"],
        )
    return render(request, "mapping/_effect.html", {"number": number})


@permission_required("mapping.edit_mappings", raise_exception=True)
@require_http_methods(["GET", "POST"])
def remove(request: HtmxHttpRequest, pk: int, organization_pk: int) -> HttpResponse:
    """Asks with the number of lines; a POST lets the product for all hold again."""
    owned = OrganizationOffer.objects.select_related("organization", "offer__product", "product")
    own = get_object_or_404(owned, offer=pk, organization=organization_pk)
    if request.method == "POST":
        change = map_own_product(
            offer=own.offer, organization=own.organization, product=None, user=request.user
        )
        told = f"{own.organization.name} has no product of its own for {own.offer.name} any more"
        return _done(request, own.offer, change, told)
    number = own_lines_to_change(offer=own.offer, organization=own.organization, product=None)
    context = {"own": own, "number": number}
    return render(request, "mapping/_own_product_remove_dialog.html", context)


def _offer(pk: int) -> Offer:
    return get_object_or_404(Offer.objects.select_related("product"), pk=pk)


def _done(
    request: HtmxHttpRequest, offer: Offer, change: MappingChange | None, told: str
) -> HttpResponse:
    """The list again, for there may be more to do; and the grid behind it drawn anew."""
    response = _dialog(request, offer, OwnProductForm())
    trigger_client_event(response, "mappingsChanged", {})
    lines = numbered(change.lines_affected if change else 0, "line")
    return toast(response, f"{told}; {lines} changed.")


def _dialog(
    request: HtmxHttpRequest, offer: Offer, form: OwnProductForm, *, status: int = 200
) -> HttpResponse:
    context = {"offer": offer, "owned": own_products_of(offer), "form": form}
    if form.is_bound:
        context |= {name: form.cleaned_data.get(name) for name in ("organization", "target")}
    return render(request, "mapping/_own_products_dialog.html", context, status=status)
