"""Growth: the same work with a hundredth, a tenth and all of the lines a month, in fifteen months each.

Beside each figure stands the one of a tenth of the lines: 10 × is in proportion to them, 1 × is not to
depend on them at all. What is told is processor time, of Python and of PostgreSQL together, which others
on the machine lengthen least. Last come the pages of the largest month with no other month in the table:
1 × is that months of long ago cost a page nothing. The chart is drawn from this table by `bench/chart.py`.

![How cost grows with the lines of a month](growth.svg)
"""

import logging
import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import pairwise

from django.test import Client

from bench import world
from bench.clock import spent
from bench.report import Row
from bench.sizes import Sizes

Times = Mapping[str, float]  # seconds of the processor
PAGES = {
    "the grid's first page": "",
    "a page in the middle, sorted by offer": "&sort=offer&page={middle}",
    "a search with many hits": "&q=nordwind",
}


def rows(sizes: Sizes) -> list[Row]:
    """Each size has a database and a process of its own, so that nothing is warm from the one before."""
    counts = [max(1, sizes.lines // 100), max(1, sizes.lines // 10), sizes.lines]
    steps = [
        {
            **_apart(on_months, replace(sizes, lines=count)),
            **_apart(of_a_preview, replace(sizes, previewed=count)),
        }
        for count in counts
    ]
    alone = _apart(pages_of_months, replace(sizes, months=1))
    world.prepare()  # whose versions the page names
    found = [_row(what, counts[0], seconds) for what, seconds in steps[0].items()]
    for (_, small), (count, large) in pairwise(zip(counts, steps, strict=True)):
        found += [_row(what, count, large[what], small[what]) for what in large]
    months = f"{sizes.months} months in the table"
    return found + [
        Row(what=f"{what}, {months}", ours=steps[-1][what], unit="s", other=seconds, beside="one")
        for what, seconds in alone.items()
    ]


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
    _seed(sizes)
    return measured(sizes)


def pages_of_months(sizes: Sizes) -> Times:
    _seed(sizes)
    return _pages(sizes)


def _seed(sizes: Sizes) -> None:
    logging.disable(logging.WARNING)
    world.prepare()
    from bench.command import NEWEST
    from bench.seed import seed

    seed(newest=NEWEST, months=sizes.months, lines=sizes.lines)


def measured(sizes: Sizes) -> Times:
    """On seeded months; nothing that is compared with the product is measured."""
    from django.contrib.auth.models import User

    from bench import bulk, load
    from invoices.models import InvoiceLine

    month = _newest()
    pages = _pages(sizes)
    user, _ = User.objects.get_or_create(username="bench", is_superuser=True, is_staff=True)
    InvoiceLine.objects.filter(period=month).update(psa_status="not_synced", error="")
    ids = list(InvoiceLine.objects.filter(period=month).order_by("pk").values_list("pk", flat=True))
    changed = bulk.bulk_update(user, month, ids, bulk.Changes(month).next())
    first, again = load.both(sizes)
    return {
        "load a new month": first.cpu,
        "load it again, unchanged": again.cpu,
        "Bulk Update of all its lines": changed.cpu,
        **pages,
    }


def _newest() -> date:
    from invoices.models import Period

    return Period.objects.filter(loaded_at__isnull=False).latest("month").month


def _pages(sizes: Sizes) -> Times:
    from django.test import override_settings

    from bench import grid

    page = f"{grid.GRID}?period={_newest():%Y-%m}&per_page=20"
    middle = max(1, sizes.lines // 40)
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        client = grid.signed_in()
        return {
            name: _cost(client, page + query.format(middle=middle), sizes.rounds)
            for name, query in PAGES.items()
        }


def _cost(client: Client, address: str, rounds: int) -> float:
    """On average, once it is warm."""

    def ask() -> None:
        client.get(address, headers={"HX-Request": "true"})

    ask()
    return sum(spent(ask).cpu for _ in range(rounds)) / rounds


def of_a_preview(sizes: Sizes) -> Times:
    """Processor seconds of planning and keeping it; its page is not counted."""
    logging.disable(logging.WARNING)
    from bench import planning

    return {"the preview of all its lines": planning.measured(sizes).kept.cpu}
