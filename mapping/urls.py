"""Addresses of the Organizations and Products tabs and the pickers."""

from django.urls import URLPattern, path

from mapping.tabs import ORGANIZATIONS, PRODUCTS, Tab
from mapping.views import directory, history, own_products, pickers, suggestions, tabs

app_name = "mapping"


def _of(tab: Tab) -> list[URLPattern]:
    """The addresses that both tabs have."""
    name, one, given = tab.key, f"{tab.key}/<int:pk>/", {"tab": tab}
    return [
        path(f"{name}/", tabs.mapping_list, given, name=name),
        path(f"{name}/progress/", directory.refresh_progress, given, name=f"{name}_progress"),
        path(one, tabs.mapping_row, given, name=f"{name}_row"),
        path(f"{one}edit/", tabs.mapping_edit, given, name=f"{name}_edit"),
        path(f"{one}effect/", tabs.mapping_effect, given, name=f"{name}_effect"),
        path(f"{one}unmap/", tabs.mapping_unmap, given, name=f"{name}_unmap"),
        path(f"{one}accept/", suggestions.accept, given, name=f"{name}_accept"),
        path(f"{one}dismiss/", suggestions.dismiss, given, name=f"{name}_dismiss"),
        path(f"{name}/accept/", suggestions.accept_all, given, name=f"{name}_accept_all"),
        path(f"{one}history/", tabs.mapping_history, given, name=f"{name}_history"),
    ]


urlpatterns = [
    *_of(ORGANIZATIONS),
    *_of(PRODUCTS),
    path("organizations/sync/", directory.sync_organizations, name="organizations_refresh"),
    path("products/load/", directory.load_products, name="products_refresh"),
    path("products/<int:pk>/own/", own_products.own_products, name="own_products"),
    path("products/<int:pk>/own/effect/", own_products.effect, name="own_products_effect"),
    path(
        "products/<int:pk>/own/<int:organization_pk>/remove/",
        own_products.remove,
        name="own_products_remove",
    ),
    path("history/", history.history, name="history"),
    path("history/<uuid:batch>/", history.history, name="history_batch"),
    path("history/<uuid:batch>/revert/", history.revert_batch, name="revert_batch"),
    path("history/<int:pk>/revert/", history.revert_one, name="revert"),
    path("best-practices/", directory.best_practices, name="best_practices"),
    path("pick/companies/", pickers.pick_company, name="pick_company"),
    path("pick/organizations/", pickers.pick_organization, name="pick_organization"),
    path("pick/products/", pickers.pick_product, name="pick_product"),
    path("pick/agreements/", pickers.pick_agreement, name="pick_agreement"),
]
