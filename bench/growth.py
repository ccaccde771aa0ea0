"""Growth: the same work with a hundredth, a tenth and all of the lines a month, in fifteen months each.

Beside each figure stands the one of a tenth of the lines: 10 × is in proportion to them, 1 × is not to
depend on them at all. The chart is drawn from this table by `bench/chart.py`. Read the slopes: on a machine
that others use, as the load below tells, every figure is higher than those of the tables above.

![How cost grows with the lines of a month](growth.svg)
"""

import logging
import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import pairwise

from bench import world
from bench.report import Row
from bench.sizes import Sizes

Times = Mapping[str, float]  # seconds


def rows(sizes: Sizes) -> list[Row]:
    counts = [max(1, sizes.lines // 100), max(1, sizes.lines // 10), sizes.lines]
    steps = [
        {
            **_apart(on_months, replace(sizes, lines=count)),
            **_apart(of_a_preview, replace(sizes, previewed=count)),
        }
        for count in counts
    ]
    world.prepare()  # whose versions the page names
    found = [_row(what, counts[0], seconds) for what, seconds in steps[0].items()]
    for (_, small), (count, large) in pairwise(zip(counts, steps, strict=True)):
        found += [_row(what, count, large[what], small[what]) for what in large]
    return found


def _row(what: str, lines: int, seconds: float, fewer: float | None = None) -> Row:
    return Row(
        what=f"{what}: {lines:,} lines a month", ours=seconds, unit="s", other=fewer,
        beside="" if fewer is None else "a tenth",
    )  # fmt: skip


def _apart(work: Callable[[Sizes], Times], sizes: Sizes) -> Times:
    """In a process and a database of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, sizes).result()


def on_months(sizes: Sizes) -> Times:
    logging.disable(logging.WARNING)
    world.prepare()
    from bench.command import NEWEST
    from bench.seed import seed

    seed(newest=NEWEST, months=sizes.months, lines=sizes.lines)
    return measured(sizes)


def measured(sizes: Sizes) -> Times:
    """On seeded months; nothing that is compared with the product is measured."""
    from django.contrib.auth.models import User

    from bench import bulk, load
    from invoices.models import InvoiceLine, Period

    month = Period.objects.filter(loaded_at__isnull=False).latest("month").month
    pages = _pages(sizes, f"{month:%Y-%m}")
    user, _ = User.objects.get_or_create(username="bench", is_superuser=True, is_staff=True)
    InvoiceLine.objects.filter(period=month).update(psa_status="not_synced", error="")
    ids = list(InvoiceLine.objects.filter(period=month).order_by("pk").values_list("pk", flat=True))
    changed = bulk.bulk_update(user, month, ids, bulk.Changes(month).next())
    first, again = load.both(sizes)
    return {
        "load a new month": first.seconds,
        "load it again, unchanged": again.seconds,
        "Bulk Update of all its lines": changed.seconds,
        **pages,
    }


def _pages(sizes: Sizes, month: str) -> Times:
    """Their p95."""
    from django.test import override_settings

    from bench import grid

    asked = {
        "the grid's first page": "",
        "a page in the middle, sorted by offer": f"&sort=offer&page={max(1, sizes.lines // 40)}",
        "a search with many hits": "&q=nordwind",
    }
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        client = grid.signed_in()
        return {
            name: grid.measure(
                client, f"{grid.GRID}?period={month}&per_page=20{query}", sizes.rounds
            )[1]
            / 1000
            for name, query in asked.items()
        }


def of_a_preview(sizes: Sizes) -> Times:
    logging.disable(logging.WARNING)
    from bench import planning

    return {"the preview of all its lines": planning.rows(sizes)[-1].ours}
