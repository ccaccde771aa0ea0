"""Addresses of the Invoices tab."""

from django.urls import URLPattern, path

from invoices.views import loading, sync

app_name = "invoices"
urlpatterns: list[URLPattern] = [
    path("load/", loading.load, name="load"),
    path("load/progress/", loading.load_progress, name="load_progress"),
    path("sync/", sync.sync, name="sync"),
    path("lines/<int:pk>/sync/", sync.sync_line, name="sync_line"),
    path("run/", sync.run_bar, name="run"),
    path("run/stop/", sync.run_stop, name="run_stop"),
]
