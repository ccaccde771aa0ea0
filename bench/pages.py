"""The Invoices grid: what each request costs the server, signed in, without a network.

Every sort, filter, search, list of filter values and picker is asked for. Beside some of them stand, with
the same columns, page size, search and filters, and all on the grid's own indexes:
the changelist of Django's admin (`bench/changelist.py`), where the month is one of its filters, as an admin
has it – the target is a fifth of its time; the same changelist after somebody has narrowed it to the one
month in code, so that its filters need not look at the others – there the grid, which does more, takes a
third of its time and promises nothing; and django-tables2 (`bench/tables.py`), which offers no filters'
values and no counters.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from django.test import Client, override_settings

from bench import changelist, grid, tables
from bench.report import Row
from bench.sizes import Sizes
from invoices.models import Period

# The others take long.
OTHERS_ROUNDS = 3
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
        return [*_all(measured), *_beside_others(client, month, page, sizes)]


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


def _beside_others(client: Client, month: date, page: str, sizes: Sizes) -> Sequence[Row]:
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
        row
        for name, query, its in pairs
        for row in _rows(
            name,
            grid.measure(client, page + query, sizes.rounds),
            {
                "Django's admin": _admins(client, "lines", **its),
                "the admin, narrowed to the month": _admins(client, "month", **its),
                "django-tables2": _tables(client, month, its),
            },
        )
    ]


def _admins(client: Client, page: str, **query: object) -> Figures:
    with override_settings(ROOT_URLCONF="bench.changelist"):
        return grid.measure(client, changelist.address(page, **query), OTHERS_ROUNDS)


def _tables(client: Client, month: date, query: Mapping[str, object]) -> Figures:
    with tables.installed():
        return grid.measure(client, tables.address(month, query), OTHERS_ROUNDS)


def _rows(name: str, ours: Figures, others: Mapping[str, Figures]) -> Sequence[Row]:
    """A row for each of the others; only beside the admin as it comes something was promised."""
    first = next(iter(others))
    return [
        Row(
            what=f"page of 20, {name}, p95",
            ours=ours[1],
            unit="ms",
            other=other[1],
            beside=beside,
            at_most=grid.TARGET if beside == first else None,
            ratio_at_most=RATIO if beside == first else None,
            note=f"p50 {ours[0]:.0f} and {other[0]:,.0f} ms; queries {ours[2]} and {other[2]};"
            f" kB {ours[3] / 1000:.0f} and {other[3] / 1000:,.0f}",
        )
        for beside, other in others.items()
    ]
