"""Posting, small: creations and updates apart, by round trip, requests at once and worker processes.

The same lines twice: recurring ones of May, which are created, and those of June with other quantities,
which change what May has created. Ideal and plain script are reckoned as in the table above; the script
changes nothing, so it stands beside the creations. Without a round trip nothing but work is left: there the
requests at once are as many as the processors can serve, and a second process takes its share.
The plain script is quicker there, three to four times: it keeps nothing, and could not tell after a crash what it
had posted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import requests

from bench import posting, world
from bench.report import Row
from bench.sizes import Sizes

AGREEMENTS = 20


@dataclass(frozen=True)
class Case:
    """One way to post."""

    latency: float  # milliseconds
    at_once: int
    processes: int = 1

    def __str__(self) -> str:
        processes = "1 process" if self.processes == 1 else f"{self.processes} processes"
        return f"{self.latency:g} ms, {self.at_once} at once, {processes}"


# With 100 ms and 8 at once, the part post measures far more lines.
CASES = (
    Case(0, 1), Case(0, 8), Case(0, 8, 2),
    Case(20, 8), Case(20, 32, 2),
    Case(100, 32), Case(100, 32, 2),
)  # fmt: skip


def rows(sizes: Sizes) -> list[Row]:
    port = world.free_port()
    url = f"http://127.0.0.1:{port}"
    with world.stand_in(port) as connectwise:
        database = world.prepare(url=url, quota=posting.QUOTA)
        world.settle_in()
        agreements = world.make_agreements(AGREEMENTS)
        scripts: dict[float, float] = {}
        found: list[Row] = []
        for number, case in enumerate(CASES):
            for month, more in ((world.MAY, 0), (world.JUNE, 1)):
                world.add_lines(
                    sizes.sampled, agreements=agreements, prefix=f"CASE{number}",
                    charge_type="Cycle Fee", month=month, more=more,
                )  # fmt: skip
            requests.post(f"{url}/_sandbox/faults", json={"latency_ms": case.latency}, timeout=5)
            # It posts one after the other, so that only the round trip makes a difference.
            if case.latency not in scripts:
                scripts[case.latency] = posting.script_per_line()
            with posting.workers(
                replace(sizes, concurrency=case.at_once, workers=case.processes)
            ) as pids:
                posted = list(_posted(number, url, database, connectwise.pid, pids))
            found += _rows(case, sizes.sampled, scripts[case.latency], posted)
        return found


def _posted(
    number: int, url: str, database: str, stand_in: int, pids: Sequence[int]
) -> Iterator[posting.Posted]:
    """What the creations took, then what the updates did."""
    from invoices.models import InvoiceLine

    for month in (world.MAY, world.JUNE):
        lines = InvoiceLine.objects.filter(period=month, platform_id__startswith=f"CASE{number}-")
        yield posting.run_once(
            url=url, database=database, stand_in=stand_in, workers=pids, period=month,
            line_ids=list(lines.values_list("pk", flat=True)),
        )  # fmt: skip
        left = lines.exclude(psa_status=InvoiceLine.Status.SYNCED)
        if first := left.first():
            raise RuntimeError(f"{left.count()} lines of {month:%B} were not posted: {first.error}")


def _rows(case: Case, lines: int, script: float, posted: Sequence[posting.Posted]) -> Iterator[Row]:
    for what, one in zip(("created", "updated"), posted, strict=True):
        ideal = one.requests * case.latency / 1000 / case.at_once
        cpu = sum(one.cpu.values()) / lines * 1000
        note = f"{one.requests / lines:.2f} requests and {cpu:.1f} ms CPU a line"
        if what == "created":
            note += f"; plain script {script * lines:.1f} s"
        yield Row(
            what=f"{lines} {what}, {case}", ours=one.posting, unit="s", other=ideal or None,
            beside="ideal" if ideal else "", note=note,
        )  # fmt: skip
