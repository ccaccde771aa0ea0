"""What of ConnectWise may be chosen for a mapping, as a condition and in words."""

from typing import Any

from django.db.models import Q, QuerySet

from mapping.tabs import Field, Tab, Target


def offered(field: Field, prefix: str = "") -> Q:
    """The condition on a record of ConnectWise; `prefix` leads to it, such as "target__"."""
    there = {f"{prefix}missing": False, f"{prefix}inactive": False}
    if field == "company":
        return Q(**there, **{f"{prefix}deleted": False})
    # A bundle can't be an addition.
    return Q(**there) & ~Q(**{f"{prefix}product_class": "Bundle"})


def why_not_offered(target: Target) -> str:
    """Why a record can't be chosen for a mapping; "" when it can."""
    reasons = {
        "deleted in ConnectWise": getattr(target, "deleted", False),
        "not in ConnectWise any more": target.missing,
        "inactive in ConnectWise": target.inactive,
        "a bundle, which can't be an addition": getattr(target, "product_class", "") == "Bundle",
    }
    return next((words for words, holds in reasons.items() if holds), "")


def mapped_to_gone(tab: Tab) -> "QuerySet[Any]":
    """Records that are mapped to what nobody could choose any more."""
    mapped = tab.model._default_manager.filter(**{f"{tab.field}__isnull": False})
    return mapped.exclude(offered(tab.field, f"{tab.field}__"))
