"""Addresses of importing and exporting mappings: pages of Mapping, made here, where the lines are."""

from django.urls import URLPattern, path

from invoices.views import mapping_files

app_name = "mapping_files"
urlpatterns: list[URLPattern] = [
    path("export.csv", mapping_files.export, name="export"),
    path("import/", mapping_files.upload, name="upload"),
    path("import/<int:pk>/", mapping_files.imported, name="file"),
]
