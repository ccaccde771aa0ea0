"""The figures of /metrics, each family made by a function that asks for it once."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import redis
from django.conf import settings
from django.db.models import Count, Min
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from integration.metrics.requests import LABELS, counted
from integration.probes import last_knock
from invoices.models import InvoiceLine, Load, Operation, Period, SyncRun
from invoices.sync.run import live_run, progress
from invoices.sync.states import DRAFTS, OperationState

# The periods that people work on; older ones would be more labels each month, for ever.
NEWEST = 2
QUEUE = "celery"  # Celery's own name for its default queue, a list in Redis
BROKER_SECONDS = 1.0


class Figures(Collector):
    """All families; one that can't be asked for is left out, and said to be."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Asked anew for each scrape; a part that fails is told by a 0 under `linebridge_answered`."""
        answered = GaugeMetricFamily(
            "linebridge_answered", "1 where this part could be asked.", labels=["part"]
        )
        for part, families in PARTS.items():
            try:
                yield from list(families(self._now))
                answered.add_metric([part], 1)
            except Exception:  # whatever it is: the other parts are still worth knowing
                answered.add_metric([part], 0)
        yield answered


def registry(*, now: datetime) -> CollectorRegistry:
    """Made for one answer: nothing of it stays in the process."""
    made = CollectorRegistry()
    made.register(Figures(now=now))
    return made


def lines(_now: datetime) -> Iterable[Metric]:
    """Lines of the two newest periods by status, a status without a line too."""
    family = GaugeMetricFamily(
        "linebridge_lines", "Invoice lines by their status in PSA.", labels=["period", "status"]
    )
    months = list(Period.objects.order_by("-month").values_list("month", flat=True)[:NEWEST])
    rows = InvoiceLine.objects.filter(period__in=months).values_list("period", "psa_status")
    counts = {tuple(key): lines for *key, lines in rows.annotate(lines=Count("pk"))}
    for month in months:
        for status in InvoiceLine.Status:
            labels = [f"{month:%Y-%m}", status.value]
            family.add_metric(labels, counts.get((month, status.value), 0))
    return [family]


def operations(_now: datetime) -> Iterable[Metric]:
    """What came of the runs over these periods; previews are none."""
    family = GaugeMetricFamily(
        "linebridge_operations",
        "Operations of the two newest periods' runs by kind and outcome.",
        labels=["kind", "outcome"],
    )
    months = Period.objects.order_by("-month").values("month")[:NEWEST]
    runs = SyncRun.objects.filter(period__in=months).exclude(state__in=[s.value for s in DRAFTS])
    rows = Operation.objects.filter(run__in=runs).values_list("kind", "state")
    for kind, state, number in rows.annotate(number=Count("pk")).order_by("kind", "state"):
        family.add_metric([kind, state], number)
    return [family]


def unconfirmed(now: datetime) -> Iterable[Metric]:
    """What an alarm should watch: a posting that stays out longer than time-out and settle time."""
    found = Operation.objects.filter(state=OperationState.UNKNOWN).aggregate(
        number=Count("pk"), oldest=Min("sent_at")
    )
    age = (now - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    return [
        GaugeMetricFamily(
            "linebridge_unconfirmed_postings",
            "Sent to ConnectWise, and not known yet whether made.",
            value=found["number"],
        ),
        GaugeMetricFamily(
            "linebridge_oldest_unconfirmed_seconds",
            "How long the oldest unconfirmed posting has been out.",
            value=max(0.0, age),
        ),
    ]


def run(_now: datetime) -> Iterable[Metric]:
    """The live run; 0 of 0 where there is none."""
    live = live_run()
    here = progress(live) if live else None
    figures = (
        ("live", "1 while a run is on.", int(live is not None)),
        # Not …_total: by Prometheus' rules only what never falls is called so.
        ("lines", "Lines of the live run.", here.total if here else 0),
        ("lines_done", "Lines of the live run that are dealt with.", here.done if here else 0),
    )
    return [GaugeMetricFamily(f"linebridge_run_{n}", told, value=v) for n, told, v in figures]


def loads(_now: datetime) -> Iterable[Metric]:
    """All that ever were, by how they ended."""
    family = GaugeMetricFamily("linebridge_loads", "Loads by their state.", labels=["state"])
    rows = Load.objects.values_list("state").annotate(number=Count("pk"))
    counts: dict[str, int] = dict(rows)
    for state in Load.State:
        family.add_metric([state.value], counts.get(state.value, 0))
    return [family]


def queue(_now: datetime) -> Iterable[Metric]:
    """Doorbells that nobody has answered yet: work itself waits in the database."""
    with redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=BROKER_SECONDS,
        socket_connect_timeout=BROKER_SECONDS,
    ) as broker:
        waiting = broker.llen(QUEUE)
    heard = last_knock()
    return [
        GaugeMetricFamily("linebridge_queue_tasks", "Tasks that wait for a worker.", value=waiting),
        GaugeMetricFamily(
            "linebridge_beat_heard_timestamp_seconds",
            "When a worker heard beat last; 0 for never.",
            value=heard.timestamp() if heard else 0,
        ),
    ]


def remotes(_now: datetime) -> Iterable[Metric]:
    """Each attempt counts, also one that was tried again."""
    latency = HistogramMetricFamily(
        "linebridge_remote_request_seconds",
        "How long the Platform and ConnectWise took to answer.",
        labels=["remote", "method"],
    )
    outcomes = CounterMetricFamily(
        "linebridge_remote_requests",
        "Requests to the Platform and ConnectWise by outcome.",
        labels=["remote", "method", "outcome"],
    )
    sums = counted()
    for remote, method in sorted({key[:2] for key in sums}):
        buckets, below = [], 0.0
        for label in LABELS:
            below += sums.get((remote, method, "bucket", label), 0)
            buckets.append((label, below))
        seconds = sums.get((remote, method, "seconds", ""), 0)
        latency.add_metric([remote, method], buckets, seconds)
    for (remote, method, what, label), number in sorted(sums.items()):
        if what == "outcome":
            outcomes.add_metric([remote, method, label], number)
    return [latency, outcomes]


PARTS: dict[str, Callable[[datetime], Iterable[Metric]]] = {
    "lines": lines,
    "operations": operations,
    "unconfirmed": unconfirmed,
    "run": run,
    "loads": loads,
    "queue": queue,
    "remotes": remotes,
}
