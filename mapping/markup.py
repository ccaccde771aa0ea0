"""Small pieces of markup and numbers as people read them, for templates and for grids in Python."""

from decimal import Decimal
from functools import cache

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString


@cache
def icon(name: str, css: str = "") -> SafeString:
    """A decorative symbol of icons.svg; the words beside it carry the meaning."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css,
        static("linebridge/icons.svg"),
        name,
    )


@cache
def source_badge(label: str) -> SafeString:
    """ "System Updated" or "User Updated", small, beside the value it is about."""
    by_user = label.startswith("User")
    return format_html(
        '<span class="badge-source {}">{}{}</span>',
        "is-user" if by_user else "is-system",
        icon("user" if by_user else "settings"),
        label,
    )


def amount(value: Decimal | None) -> str:
    """A decimal as it is read: grouped, at least two places, no further zeros, no rounding."""
    if value is None:
        return ""
    whole, _, places = f"{value:,f}".partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def quantity(value: Decimal | None) -> str:
    """A quantity without needless zeros: 12, 0.5."""
    if value is None:
        return ""
    whole, _, places = f"{value:,f}".partition(".")
    return f"{whole}.{places.rstrip('0')}" if places.strip("0") else whole
