"""How far a refresh of the directory is, for everyone who looks (P9, P10)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.timesince import timesince

from mapping.models import DirectoryRefresh
from mapping.tabs import Tab

State = DirectoryRefresh.State
PART_WORDS = {
    "organizations": "organizations of the Platform",
    "offers": "offers of the Platform",
    "agreement_types": "agreement types of ConnectWise",
    "companies": "companies of ConnectWise",
    "products": "products of ConnectWise",
    "agreements": "agreements of ConnectWise",
}


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a refresh is: the part that is read, how far, and how many parts there are."""

    refresh: DirectoryRefresh
    part: str
    step: int
    steps: int
    read: int
    total: int | None


def current_refresh() -> DirectoryRefresh | None:
    """The one under way, if there is one."""
    under_way = DirectoryRefresh.objects.filter(state__in=(State.QUEUED, State.RUNNING))
    return under_way.select_related("user").first()


def progress_of(refresh: DirectoryRefresh) -> Progress:
    """By the counts that its worker writes with each page."""
    done = [part for part in refresh.parts if refresh.counts.get(part, {}).get("done")]
    begun = [part for part in refresh.parts if part in refresh.counts and part not in done]
    counts = refresh.counts[begun[-1]] if begun else {}
    return Progress(
        refresh=refresh,
        part=PART_WORDS.get(begun[-1], begun[-1]) if begun else "",
        step=min(len(done) + 1, len(refresh.parts)),
        steps=len(refresh.parts),
        read=counts.get("read", 0),
        total=counts.get("total"),
    )


def ended_refreshes(*, since: datetime) -> list[DirectoryRefresh]:
    """Those that ended since, newest first."""
    ended = DirectoryRefresh.objects.filter(finished_at__gt=since)
    return list(ended.order_by("-finished_at")[:3])


def last_refresh(tab: Tab) -> str:
    """How long ago what the tab shows was last read whole: "2 hours ago"; "" if never."""
    part = "organizations" if tab.line_column == "organization_id" else "offers"
    done = DirectoryRefresh.objects.filter(state=State.DONE, parts__contains=[part])
    newest = done.order_by("-finished_at").values_list("finished_at", flat=True).first()
    if newest is None:
        return ""
    if timezone.now() - newest < timedelta(minutes=1):
        return "just now"
    return f"{timesince(newest, depth=1)} ago"
