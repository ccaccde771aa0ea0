"""Posting under a quota: as long as the quota takes, and hardly a refused request (429).

The stand-in counts 900 requests a minute and refuses what goes beyond, and the workers keep to the same
number together; it goes on for more than a minute, so that each minute's count is full. The ideal is
requests ÷ quota; the lists at the start and the plan are apart.
"""

import requests

from bench import posting, world
from bench.report import Row
from bench.sizes import Sizes

PER_MINUTE = 900
AGREEMENTS = 20
LINES_PER_SAMPLED = 2  # 1,000 by default: 67 seconds
MOST_REFUSED = 0.01  # of all requests


def rows(sizes: Sizes) -> list[Row]:
    port = world.free_port()
    url = f"http://127.0.0.1:{port}"
    lines = sizes.sampled * LINES_PER_SAMPLED
    with world.stand_in(port) as connectwise:
        name = world.prepare(url=url, quota=PER_MINUTE, concurrency=sizes.concurrency)
        world.seed(lines, agreements=AGREEMENTS)
        faults = {"latency_ms": sizes.latency, "rate_limit_per_minute": PER_MINUTE}
        requests.post(f"{url}/_sandbox/faults", json=faults, timeout=5)
        with posting.workers(sizes) as pids:
            posted = posting.run_once(
                url=url, database=name, stand_in=connectwise.pid, workers=pids, period=world.MAY,
                line_ids=posting.lines_of(world.MAY, lines),
            )  # fmt: skip
    return [
        Row(what=f"{lines:,} lines created, {PER_MINUTE} requests a minute",
            ours=posted.posting, unit="s", other=posted.requests * 60 / PER_MINUTE, beside="quota",
            ratio_at_most=posting.LONGEST, note=posted.outcome),
        Row(what="refused with 429, of all requests", ours=posted.refused / posted.requests, unit="",
            at_most=MOST_REFUSED, note=f"{posted.refused} of {posted.requests:,}"),
    ]  # fmt: skip
