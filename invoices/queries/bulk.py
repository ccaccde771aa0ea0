"""What Bulk Update shows: the companies of its lines, and how far the long ones are."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db.models import QuerySet
from redis.exceptions import RedisError

from invoices.models import InvoiceLine, LineEdit

# Its worker writes it with each portion; the database shows nothing before the end.
PROGRESS = "line-edit-{}"
# So often it is told how far it is.
PORTION = 10_000
# More are not read: the sentence names three, and that there are others.
MOST_COMPANIES = 20
NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Companies:
    """Those of the selected lines; `unmapped` when a line has none."""

    names: dict[int, str]
    unmapped: bool
    has_others: bool = False

    @property
    def is_one(self) -> bool:
        """What an agreement needs: all lines have a company, and it is the same (P36)."""
        return len(self.names) == 1 and not self.unmapped

    def __str__(self) -> str:
        """A few by name; how many more is told only where all of them were read."""
        if not self.names:
            return "none"
        named = ", ".join(list(self.names.values())[:NAMED])
        more = max(0, len(self.names) - NAMED)
        others = " and others" if self.has_others else f" and {more} more" if more else ""
        return f"{named}{others}{', and some none' if self.unmapped else ''}"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One update under way; `done` is None before its worker writes."""

    edit: LineEdit
    done: int | None
    seconds_left: int | None


def companies_of(lines: QuerySet[InvoiceLine]) -> Companies:
    """By name, as they stand on the lines."""
    pairs = lines.order_by("company_name").values_list("company", "company_name").distinct()
    found = list(pairs[: MOST_COMPANIES + 1])
    return Companies(
        names={company: name for company, name in found if company is not None},
        unmapped=any(company is None for company, _ in found),
        has_others=len(found) > MOST_COMPANIES,
    )


def tell_progress(edit: LineEdit, done: int, *, seconds: float) -> None:
    """What its worker has written after so many seconds."""
    left = round(seconds * (edit.total - done) / done)
    with suppress(RedisError):  # without it the bar only says less
        # Ten minutes: what a worker that died has told doesn't stand there for ever.
        cache.set(PROGRESS.format(edit.pk), (done, left), timeout=600)


def updates_under_way() -> list[Progress]:
    """Everybody's, for everyone to see."""
    waiting = LineEdit.objects.filter(state=LineEdit.State.QUEUED).select_related("user")
    return [_progress(edit) for edit in waiting.order_by("pk")]


def _progress(edit: LineEdit) -> Progress:
    told: tuple[int, int] | None = None
    with suppress(RedisError):
        told = cache.get(PROGRESS.format(edit.pk))
    done, left = told or (None, None)
    return Progress(edit=edit, done=done, seconds_left=left)


def updates_ended_since(moment: datetime, *, larger_than: int) -> list[LineEdit]:
    """Those that a worker did; the small ones are told at once, to who asked for them."""
    ended = LineEdit.objects.filter(
        kind__in=LineEdit.IN_BULK, finished_at__gt=moment, total__gt=larger_than
    )
    return list(ended.exclude(state=LineEdit.State.QUEUED).select_related("user").order_by("pk"))
