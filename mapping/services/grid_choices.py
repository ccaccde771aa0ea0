"""How a user wants to see a grid: columns, widths, and looks that got a name."""

from collections.abc import Mapping, Sequence

from django.contrib.auth.models import User
from django.db import transaction

from mapping.models import GridPreference, SavedView


def choose_columns(*, user: User, grid: str, columns: Sequence[str]) -> None:
    """Show these columns; none: the grid's own choice."""
    GridPreference.objects.update_or_create(
        user=user, grid=grid, defaults={"columns": list(columns)}
    )


@transaction.atomic
def set_width(*, user: User, grid: str, column: str, width: int) -> None:
    """Pixels; locked, for two columns dragged in two windows must both be kept."""
    GridPreference.objects.get_or_create(user=user, grid=grid)
    preference = GridPreference.objects.select_for_update().get(user=user, grid=grid)
    preference.widths[column] = width
    preference.save(update_fields=["widths"])


def reset_layout(*, user: User, grid: str) -> None:
    """The grid's own columns and widths again; the page size stays."""
    GridPreference.objects.filter(user=user, grid=grid).update(columns=[], widths={})


def save_view(
    *, user: User, grid: str, name: str, params: Mapping[str, list[str]], columns: Sequence[str]
) -> SavedView:
    """Keep the look under that name; a view of the same name is replaced."""
    look = {"params": dict(params), "columns": list(columns)}
    return SavedView.objects.update_or_create(user=user, grid=grid, name=name, defaults=look)[0]


def delete_view(*, user: User, pk: int) -> None:
    """Only one's own; nothing where it is gone already."""
    SavedView.objects.filter(user=user, pk=pk).delete()
