"""Addresses of the Invoices tab."""

from django.urls import URLPattern, path

from invoices.views import (
    bulk,
    edit,
    grid,
    loading,
    preview,
    receipts,
    runs,
    selection,
    sync,
    undo,
)

app_name = "invoices"
urlpatterns: list[URLPattern] = [
    path("", grid.lines, name="lines"),
    path("periods/", grid.periods, name="periods"),
    path("filters/<slug:column>/", grid.filter_values, name="filter_values"),
    path("changed/", grid.changed_rows, name="changed_rows"),
    path("tick/", selection.tick, name="tick"),
    path("tick/all/", selection.tick_all, name="tick_all"),
    path("tick/none/", selection.untick_all, name="untick_all"),
    path("bulk/", bulk.card, name="bulk"),
    path("bulk/agreements/", bulk.agreements, name="bulk_agreements"),
    path("bulk/progress/", bulk.progress, name="bulk_progress"),
    path("bulk/<int:pk>/confirm/", bulk.confirm, name="bulk_confirm"),
    path("bulk/<int:pk>/leave-out/", bulk.leave_out, name="bulk_leave_out"),
    path("bulk/<int:pk>/refused/", bulk.refused, name="bulk_refused"),
    path("edits/<int:pk>/others/", edit.line_others, name="line_others"),
    path("lines/<int:pk>/", edit.line_row, name="line_row"),
    path("lines/<int:pk>/edit/", edit.line_edit, name="line_edit"),
    path("load/", loading.load, name="load"),
    path("load/progress/", loading.load_progress, name="load_progress"),
    path("sync/", sync.sync, name="sync"),
    path("lines/<int:pk>/sync/", sync.sync_line, name="sync_line"),
    path("lines/<int:pk>/receipt/", receipts.receipt, name="receipt"),
    path("lines/<int:pk>/retry/", receipts.retry, name="retry"),
    path("lines/<int:pk>/retry/<int:run_id>/", receipts.retry_confirm, name="retry_confirm"),
    path("lines/<int:pk>/undo/", undo.undo_line, name="undo_line"),
    path("runs/<int:pk>/undo/", undo.undo_run, name="undo_run"),
    path("runs/", runs.run_list, name="runs"),
    path("runs/<int:pk>/", runs.run_page, name="run_page"),
    path("runs/<int:pk>/watch/", runs.run_watch, name="run_watch"),
    path("runs/<int:pk>/customers/", runs.run_customers, name="run_customers"),
    path("runs/<int:pk>/rows.csv", runs.run_csv, name="run_csv"),
    path("runs/<int:pk>/confirm/", preview.run_confirm, name="run_confirm"),
    path("runs/<int:pk>/again/", preview.run_again, name="run_again"),
    path("run/", sync.run_bar, name="run"),
    path("run/stop/", sync.run_stop, name="run_stop"),
]
