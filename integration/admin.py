"""Users in Django admin: an Administrator owns them, but never makes or becomes a superuser there."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from integration.roles import ADMINISTRATOR
from invoices.admin_log import TellsValues

# Django's own page for users is registered by its app; this one stands in its place.
admin.site.unregister(User)


@admin.register(User)
class PeopleAdmin(TellsValues, UserAdmin):  # type: ignore[type-arg]
    """Rights come by groups; single permissions and superusers are a superuser's business."""

    list_display = ("username", "email", "roles", "is_active", "is_superuser", "last_login")
    list_filter = ("groups", "is_active", "is_superuser")
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "username",
                    "email",
                    "groups",
                    "usable_password",
                    "password1",
                    "password2",
                ),
                "description": "Without a role (a group) a user sees no page: Viewer looks, "
                "Operator maps, loads, edits and syncs, Administrator also sets up and undoes.",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all()) or "none"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Only a superuser makes superusers and gives single permissions."""
        fields = tuple(super().get_readonly_fields(request, obj))
        if request.user.is_superuser:
            return fields
        return (*fields, "is_superuser", "user_permissions")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes who may more than they themselves."""
        return super().has_change_permission(request, obj) and _is_within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: what a user changed is kept with the user. Switch it off (Active) instead."""
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """An Administrator's rules and users are here, where only staff gets in."""
        super().save_related(request, form, formsets, change)
        user = form.instance
        if not user.is_staff and user.groups.filter(name=ADMINISTRATOR).exists():
            user.is_staff = True
            user.save(update_fields=["is_staff"])
            self.message_user(
                request, f"{user} got Staff status too: an Administrator works in Django admin."
            )


def _is_within_reach(request: HttpRequest, user: User | None) -> bool:
    """A new password for a superuser would be all their rights."""
    return user is None or request.user.is_superuser or not user.is_superuser
