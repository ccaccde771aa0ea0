"""The mechanics that all grids share: what the URL says, pages, and the links that change it.

State lives in the URL (`q sort page per_page` and filters), the page size also with the user.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from django.contrib.auth.models import User
from django.http import QueryDict

from mapping.http import HtmxHttpRequest
from mapping.models import GridPreference
from mapping.numbers import is_number

PAGE_SIZES = (20, 50, 100, 200)  # P29
DEFAULT_PAGE_SIZE = 20
# Longer than any name; what is pasted by mistake shall not keep the database busy.
MAX_SEARCH = 200


@dataclass(frozen=True, kw_only=True)
class Page:
    """Which rows of how many; its number is always one that exists."""

    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        """At least one: an empty list has a page, too."""
        return max(1, -(-self.total // self.size))

    @property
    def offset(self) -> int:
        """Rows before it."""
        return (self.number - 1) * self.size

    @property
    def first(self) -> int:
        """The number of its first row as people count, 0 where there is none."""
        return self.offset + 1 if self.total else 0

    @property
    def last(self) -> int:
        """The number of its last row as people count."""
        return min(self.offset + self.size, self.total)

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None


@dataclass(frozen=True, kw_only=True)
class GridState:
    """What the URL asks for, cleaned: unknown columns and values that mean nothing are dropped."""

    search: str = ""
    sort: str = ""
    descending: bool = False
    page: int = 1
    per_page: int = DEFAULT_PAGE_SIZE
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Parameters that are carried along unchanged, such as the period.
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[int, ...]:
        return PAGE_SIZES

    @property
    def ordering(self) -> str:
        """The `sort` parameter: the column's key, with a minus when descending."""
        return f"-{self.sort}" if self.descending else self.sort

    @property
    def is_narrowed(self) -> bool:
        """Not all rows are shown: something is searched or filtered."""
        return bool(self.search or self.filters)

    def at(self, total: int) -> Page:
        """The page asked for, clamped to the pages that `total` rows have."""
        pages = max(1, -(-total // self.per_page))
        return Page(number=min(self.page, pages), size=self.per_page, total=total)

    def sorted_by(self, key: str) -> str:
        """ "ascending", "descending" or "none": what aria-sort says of a column."""
        if key != self.sort:
            return "none"
        return "descending" if self.descending else "ascending"

    def params(self) -> dict[str, list[str]]:
        """The state as parameters, without those that are at their default."""
        params = {name: [value] for name, value in self.extra.items() if value}
        if self.search:
            params["q"] = [self.search]
        params |= {name: list(values) for name, values in self.filters.items() if values}
        if self.sort:
            params["sort"] = [self.ordering]
        if self.page > 1:
            params["page"] = [str(self.page)]
        return params

    def with_params(self, **changes: object) -> str:
        """The query string with `changes`, "?" included; a change leads back to page 1.

        A value of None or "" takes the parameter away; a list or tuple gives several.
        """
        params = self.params()
        # Another search, filter or sort has other pages.
        if set(changes) - {"page"}:
            params.pop("page", None)
        for name, value in changes.items():
            values = value if isinstance(value, list | tuple) else [value]
            params[name] = [str(one) for one in values if one not in (None, "")]
        query = QueryDict(mutable=True)
        for name, texts in params.items():
            query.setlist(name, texts)
        return f"?{query.urlencode()}"

    def toggled(self, key: str) -> str:
        """The query string that a click on the head of column `key` leads to."""
        turned = key == self.sort and not self.descending
        return self.with_params(sort=f"-{key}" if turned else key)

    def without(self, name: str, value: str) -> str:
        """The query string without one value of a filter."""
        return self.with_params(**{name: [v for v in self.filters.get(name, ()) if v != value]})

    def cleared(self) -> str:
        """The query string without search and filters."""
        return replace(self, search="", filters={}, page=1).with_params()


def read_grid(
    request: HtmxHttpRequest,
    *,
    grid: str,
    sorts: Collection[str],
    default_sort: str,
    filters: Collection[str] = (),
    extra: Mapping[str, str] | None = None,
) -> GridState:
    """The state that the URL and the user's remembered page size give; `default_sort` may have a minus."""
    asked = request.GET.get("sort", "")
    ordering = asked if asked.removeprefix("-") in sorts else default_sort
    chosen = {name: _values(request.GET.getlist(name)) for name in filters}
    return GridState(
        # PostgreSQL takes no NUL in a text; blanks of a paste would keep words from being found.
        search=" ".join(request.GET.get("q", "").replace("\0", "").split())[:MAX_SEARCH],
        sort=ordering.removeprefix("-"),
        descending=ordering.startswith("-"),
        page=_positive(request.GET.get("page", "")),
        per_page=_page_size(request, grid=grid),
        filters={name: values for name, values in chosen.items() if values},
        extra=dict(extra or {}),
    )


def choice_of(*, user: User, grid: str) -> GridPreference:
    """What the user has chosen for this grid; the defaults, unsaved, until then."""
    remembered = GridPreference.objects.filter(user=user.pk, grid=grid).first()
    return remembered or GridPreference(grid=grid)


def _values(texts: list[str]) -> tuple[str, ...]:
    """Each once; a NUL is in no text of the database, and would only be refused there."""
    return tuple(dict.fromkeys(text for text in texts if text and "\0" not in text))


def _positive(text: str) -> int:
    # Longer numbers than any grid has pages would only overflow further down.
    return max(1, int(text)) if is_number(text, digits=9) else 1


def _page_size(request: HtmxHttpRequest, *, grid: str) -> int:
    """The size asked for, which is then remembered; else the remembered one; else the default."""
    asked = _positive(request.GET.get("per_page", ""))
    remembered = GridPreference.objects.filter(user=request.user.pk, grid=grid)
    if asked in PAGE_SIZES:
        if not remembered.filter(page_size=asked).exists():
            GridPreference.objects.update_or_create(
                user=request.user, grid=grid, defaults={"page_size": asked}
            )
        return asked
    size = remembered.values_list("page_size", flat=True).first()
    return size if size in PAGE_SIZES else DEFAULT_PAGE_SIZE
