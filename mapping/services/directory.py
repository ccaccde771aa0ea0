"""A refresh of the directory, from the request to its result (P9, P10).

At most one is under way. Its row is its truth: whoever holds the row's token works on it, and a
worker that finds another token there gives up. A part that was read whole is not read again.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from functools import partial
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from mapping.models import DirectoryRefresh
from mapping.numbers import numbered
from mapping.queries.offered import mapped_to_gone
from mapping.services.directory_parts import PARTS, PLATFORM_PARTS, Part, refresh_part
from mapping.services.suggesting import suggest_quietly
from mapping.tabs import ORGANIZATIONS, PRODUCTS, Tab
from wire.errors import RemoteError, TransientError

logger = logging.getLogger(__name__)

State = DirectoryRefresh.State
UNDER_WAY = (State.QUEUED, State.RUNNING)
# Longer than a page that is retried takes; a worker that is silent for so long is dead.
STALE_AFTER = timedelta(minutes=3)
# So long a worker may need from the ring to its claim, before the sweep rings once more.
UNHEARD_AFTER = timedelta(seconds=30)

WORDS: Mapping[Part, tuple[str, str]] = {
    "organizations": ("organization", "organizations"),
    "offers": ("offer", "offers"),
    "agreement_types": ("agreement type", "agreement types"),
    "companies": ("company", "companies"),
    "products": ("product", "products"),
    "agreements": ("agreement", "agreements"),
}
# What a part's remote confirms.
MAPPED: Mapping[Part, Tab] = {"companies": ORGANIZATIONS, "products": PRODUCTS}
# Told: part, read so far, how many there are.
OnProgress = Callable[[Part, int, int | None], None]


class RefreshUnderWay(Exception):
    """Another refresh has not ended yet."""


class _TakenOver(Exception):
    """Another worker has the row now."""


def start_refresh(
    *, parts: Sequence[Part] = PARTS, months: int = 16, user: User | None
) -> DirectoryRefresh:
    """Queue a refresh; raises `RefreshUnderWay`, but not because of a worker that died long ago."""
    _give_up_dead_refreshes()
    try:
        with transaction.atomic():
            return DirectoryRefresh.objects.create(parts=list(parts), months=months, user=user)
    except IntegrityError as error:
        raise RefreshUnderWay(
            "A refresh of the directory is under way. Wait until it has ended."
        ) from error


def _give_up_dead_refreshes() -> None:
    DirectoryRefresh.objects.filter(_silent()).update(
        state=State.FAILED,
        finished_at=timezone.now(),
        token=None,
        message="Its worker died before it ended. What it had read is kept.",
    )


def _silent() -> Q:
    """Running, and its worker has not been heard of."""
    return Q(state=State.RUNNING, heartbeat__lt=timezone.now() - STALE_AFTER)


def waiting_refreshes() -> list[int]:
    """Refreshes that no worker is at: never taken, or left by one that died. For the sweep."""
    untaken = Q(state=State.QUEUED, created_at__lt=timezone.now() - UNHEARD_AFTER)
    return list(DirectoryRefresh.objects.filter(untaken | _silent()).values_list("pk", flat=True))


def run_refresh(
    *, refresh_id: int, today: date, on_progress: OnProgress | None = None
) -> DirectoryRefresh | None:
    """Do a queued or abandoned refresh to its end; None when another worker has it or it is done."""
    token = uuid4()
    # Asked before it is taken, which writes a heartbeat of our own.
    resumed = DirectoryRefresh.objects.filter(pk=refresh_id, heartbeat__isnull=False).exists()
    free = DirectoryRefresh.objects.filter(Q(state=State.QUEUED) | _silent(), pk=refresh_id)
    if not free.update(state=State.RUNNING, token=token, heartbeat=timezone.now()):
        return None
    refresh = DirectoryRefresh.objects.get(pk=refresh_id)
    work = _Work(
        refresh=refresh, token=token, today=today, resumed=resumed, on_progress=on_progress
    )
    try:
        work.run()
    except _TakenOver:
        return None
    except Exception:
        # The row must not stay under way for a mistake of ours; the log has the rest.
        logger.exception("The refresh of the directory broke")
        work.finish(["Something went wrong; what had been read is kept. See System Logs."])
    return refresh


@dataclass(kw_only=True)
class _Work:
    """One worker's hold on a refresh."""

    refresh: DirectoryRefresh
    token: UUID
    today: date
    resumed: bool
    on_progress: OnProgress | None
    told: dict[str, str] = field(default_factory=dict)  # service → what it failed with
    gone: list[str] = field(default_factory=list)  # what is mapped to something deleted, in words

    def run(self) -> None:
        """Part by part; one remote that fails does not keep the other from being read."""
        for part in self.refresh.parts:
            service = "platform" if part in PLATFORM_PARTS else "connectwise"
            # What failed for one part would fail for the next one of the same remote.
            if service in self.told or self.refresh.counts.get(part, {}).get("done"):
                continue
            try:
                self._read(part)
            except RemoteError as error:
                logger.error("The directory was not refreshed: %s", error.message)
                self.told[service] = error.message
                if service == "connectwise" and isinstance(error, TransientError):
                    self._mark_unchecked(error.message)
        # Also after a failure: what was read whole may be enough to suggest by.
        for tab in (ORGANIZATIONS, PRODUCTS):
            self._update(heartbeat=timezone.now())
            suggest_quietly(tab)
        self.finish(list(self.told.values()))

    def _read(self, part: Part) -> None:
        self._save_counts(part, {"read": 0})
        counts = refresh_part(
            part,
            today=self.today,
            months=self.refresh.months,
            resumed=self.resumed,
            on_page=partial(self._on_page, part),
        )
        self._save_counts(part, {**asdict(counts), "done": True})
        if tab := MAPPED.get(part):
            # Read whole, it confirms every mapping: whatever failed before is over.
            tab.model._default_manager.exclude(response_error="").update(response_error="")
            if words := gone_words(tab):
                logger.warning("%s", words)
                self.gone.append(words)

    def _on_page(self, part: Part, read: int, total: int | None) -> None:
        self._save_counts(part, {"read": read, "total": total})
        if self.on_progress:
            self.on_progress(part, read, total)

    def _mark_unchecked(self, words: str) -> None:
        """ConnectWise fails for the moment: a Response Error on what it should still have confirmed."""
        for part, tab in MAPPED.items():
            if part in self.refresh.parts and not self.refresh.counts.get(part, {}).get("done"):
                mapped = tab.model._default_manager.filter(**{f"{tab.field}__isnull": False})
                mapped.update(response_error=words)

    def _save_counts(self, part: Part, counts: dict[str, object]) -> None:
        self.refresh.counts[part] = counts
        self._update(counts=self.refresh.counts, heartbeat=timezone.now())

    def finish(self, failures: list[str]) -> None:
        """`failures` are sentences; without any it is done."""
        read = summary(self.refresh)
        self.refresh.message = " ".join(
            [*failures, f"Still read: {read}" if failures and read else read, *self.gone]
        )
        self._update(
            state=State.FAILED if failures else State.DONE,
            message=self.refresh.message,
            finished_at=timezone.now(),
            token=None,
        )
        self.refresh.refresh_from_db()
        if not failures:
            logger.info("Directory refreshed: %s", self.refresh.message)

    def _update(self, **values: object) -> None:
        held = DirectoryRefresh.objects.filter(pk=self.refresh.pk, token=self.token)
        if not held.update(**values):
            raise _TakenOver


def summary(refresh: DirectoryRefresh) -> str:
    """What was read, in one sentence: "40 organizations (2 new), 3 offers."; "" for nothing."""
    done = [part for part in refresh.parts if refresh.counts.get(part, {}).get("done")]
    told = [_told(part, refresh.counts[part]) for part in done]
    bad = sum(counts.get("bad", 0) for counts in refresh.counts.values())
    sentence = f"{', '.join(told)}." if told else ""
    if bad:
        records = numbered(bad, "record")
        sentence += f" {records} could not be read: see System Logs."
    return sentence


def gone_words(tab: Tab) -> str:
    """Which records are mapped to what can't be used any more, and what to do; "" for none."""
    gone = mapped_to_gone(tab).order_by("name")
    number, names = gone.count(), list(gone.values_list("name", flat=True)[:3])
    if not number:
        return ""
    more = f" and {number - len(names):,} more" if number > len(names) else ""
    who = f"{', '.join(names)}{more} {'is' if number == 1 else 'are'}"
    return (
        f"{who} mapped to a {tab.target_noun} that is deleted or inactive in ConnectWise: "
        f"map {'it' if number == 1 else 'them'} to another one ({tab.title}, filter Gone)."
    )


def _told(part: Part, counts: Mapping[str, int]) -> str:
    notes = [
        f"{counts[name]:,} {name}" for name in ("new", "changed", "missing") if counts.get(name)
    ]
    told = numbered(counts["read"], *WORDS[part])
    return f"{told} ({', '.join(notes)})" if notes else told
