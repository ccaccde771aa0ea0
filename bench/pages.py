"""The Invoices grid: what each request costs the server, signed in, without a network.

Every sort, filter, search, list of filter values and picker is asked for. Beside some of them stands the
changelist of Django's admin with the same columns, page size, search and filters (`bench/changelist.py`):
the month is one of its filters. It profits from the grid's own indexes. An admin that somebody has narrowed
to the one month beforehand, so that its filters need not look at the others, is told beside.
"""

from collections.abc import Sequence

from django.test import Client, override_settings

from bench import changelist, grid
from bench.report import Row
from bench.sizes import Sizes
from invoices.models import Period

# The admin takes seconds.
ADMINS_ROUNDS = 3
# Of the admin's time.
RATIO = 0.2
Figures = tuple[float, float, int, int]


def rows(sizes: Sizes) -> list[Row]:
    month = Period.objects.filter(loaded_at__isnull=False).latest("month").month
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        client = grid.signed_in()
        measured = {
            name: grid.measure(client, address, sizes.rounds)
            for name, address in grid.requests(month)
        }
        page = f"{grid.GRID}?period={month:%Y-%m}&per_page=20"
        return [*_all(measured), *(row for row in _beside_the_admin(client, page, sizes))]


def _all(measured: dict[str, Figures]) -> Sequence[Row]:
    slowest = sorted(measured, key=lambda name: measured[name][1], reverse=True)
    over = [name for name in slowest if measured[name][1] > grid.TARGET]
    told = "; ".join(f"{name} {measured[name][1]:.0f}" for name in slowest[:5])
    return [
        Row(what=f"{len(measured)} requests, the slowest of them, p95", ours=measured[slowest[0]][1],
            unit="ms", at_most=grid.TARGET, note=told),
        Row(what=f"requests whose p95 is over {grid.TARGET:.0f} ms", ours=len(over), unit="",
            at_most=0),
    ]  # fmt: skip


def _beside_the_admin(client: Client, page: str, sizes: Sizes) -> Sequence[Row]:
    last = max(1, sizes.lines // 20)
    pairs: Sequence[tuple[str, str, dict[str, object]]] = (
        ("first page", "", {}),
        ("last page", f"&page={last}", {"p": last}),
        ("sorted by offer", "&sort=offer", {"sort": "offer"}),
        ("filtered by billing cycle", "&billing_cycle=Monthly", {"billing_cycle": "Monthly"}),
        ("search, many hits", "&q=nordwind", {"q": "nordwind"}),
        ("search, no hit", "&q=zzzz", {"q": "zzzz"}),
    )
    return [
        _row(
            name,
            grid.measure(client, page + query, sizes.rounds),
            _admins(client, "lines", **its),
            _admins(client, "month", **its),
        )
        for name, query, its in pairs
    ]


def _admins(client: Client, page: str, **query: object) -> Figures:
    with override_settings(ROOT_URLCONF="bench.changelist"):
        return grid.measure(client, changelist.address(page, **query), ADMINS_ROUNDS)


def _row(name: str, ours: Figures, admins: Figures, narrowed: Figures) -> Row:
    return Row(
        what=f"page of 20, {name}, p95",
        ours=ours[1],
        unit="ms",
        other=admins[1],
        beside="Django's admin",
        at_most=grid.TARGET,
        ratio_at_most=RATIO,
        note=f"p50 {ours[0]:.0f} and {admins[0]:,.0f} ms; queries {ours[2]} and {admins[2]};"
        f" kB {ours[3] / 1000:.0f} and {admins[3] / 1000:,.0f};"
        f" an admin narrowed to the month beforehand: {narrowed[1]:,.0f} ms",
    )
