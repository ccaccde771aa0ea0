"""Addresses of the Invoices tab."""

from django.urls import URLPattern, path

from invoices.views import sync

app_name = "invoices"
urlpatterns: list[URLPattern] = [
    path("sync/", sync.sync, name="sync"),
    path("lines/<int:pk>/sync/", sync.sync_line, name="sync_line"),
    path("run/", sync.run_bar, name="run"),
    path("run/stop/", sync.run_stop, name="run_stop"),
]
