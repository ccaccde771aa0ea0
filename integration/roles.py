"""The roles: three groups, kept complete after each migration.

Viewer sees everything but the settings; Operator maps, loads, edits and syncs; Administrator also
undoes, and owns settings, rules and users. Who works in Django admin needs its `is_staff` flag too.
"""

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db.models import Q

VIEWER, OPERATOR, ADMINISTRATOR = "Viewer", "Operator", "Administrator"

OPERATOR_PERMISSIONS = (
    "mapping.edit_mappings",
    "invoices.edit_lines",
    "invoices.load_invoices",
    "invoices.sync_invoices",
)
SETTINGS_PERMISSIONS = (
    "psa_connectwise.change_connectwisesettings",
    "platform_client.change_platformsettings",
    "invoices.change_invoicesettings",
)
ADMINISTRATOR_PERMISSIONS = (
    *OPERATOR_PERMISSIONS,
    *SETTINGS_PERMISSIONS,
    "invoices.undo_sync",
    *(
        f"{app}.{action}_{model}"
        for app, model in (
            ("invoices", "chargedaterule"),
            ("invoices", "chargetypename"),
        )
        for action in ("view", "add", "change", "delete")
    ),
    # None is deleted: what they did stays under their name.
    *(f"auth.{action}_user" for action in ("view", "add", "change")),
    "auth.view_group",
    "system_log.view_logentry",
    "mapping.view_mappingchange",
)
ROLES = {
    VIEWER: (),
    OPERATOR: OPERATOR_PERMISSIONS,
    ADMINISTRATOR: ADMINISTRATOR_PERMISSIONS,
}


def may_administer(user: AbstractBaseUser | AnonymousUser) -> bool:
    """True for who may change every setting."""
    return user.has_perms(SETTINGS_PERMISSIONS)  # type: ignore[union-attr]


def has_role(user: User) -> bool:
    """False for who was let in but not given anything yet: they see no page; queries."""
    if user.is_superuser:
        return True
    given = Q(groups__isnull=False) | Q(user_permissions__isnull=False)
    return User.objects.filter(given, pk=user.pk).exists()


def make_roles() -> None:
    """Makes the groups and adds what they lack; what an administrator added stays."""
    for role, permissions in ROLES.items():
        group, _created = Group.objects.get_or_create(name=role)
        if permissions:
            group.permissions.add(*_found(permissions))


def make_roles_after_migrating(sender: AppConfig, **_signal: Any) -> None:
    """On post_migrate of the last app with tables: all permissions exist by then."""
    with_tables = [config for config in apps.get_app_configs() if config.models_module]
    if sender is with_tables[-1]:
        make_roles()


def _found(permissions: tuple[str, ...]) -> list[Permission]:
    wanted = Q()
    for permission in permissions:
        app, _, codename = permission.partition(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    return list(Permission.objects.filter(wanted))
