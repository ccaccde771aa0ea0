"""The System Log in Django admin: to read, never to write."""

from django.contrib import admin
from django.http import HttpRequest

from integration.system_log.models import LogEntry


@admin.register(LogEntry)
class LogEntryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("created_at", "level", "logger", "summary", "line", "run", "load")
    list_filter = ("level",)
    search_fields = ("summary", "details", "line")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        return False
