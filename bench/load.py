"""Loading a month: from lines as the client hands them out to lines that are committed.

The Platform's HTTP and the reading of its JSON are apart. Beside it stand a bare COPY of the rows that
came about – all columns of the line, ready in memory – into a table with nothing but the primary and
the unique key; the same COPY into our own table, with the indexes that the grid lives by and its foreign
keys, which is as quick as anyone can be there; and Django's `bulk_create(update_conflicts=True)` into it,
in batches of 1,000. All of them write less than a load: no search texts, and nothing is compared,
prefilled from the mappings or counted.

Why not 3 ×: the same COPY into our own table, which does nothing but keep its indexes and foreign keys, takes
3.2 × as much of the processors as the bare one (1.45 s, 4.65 s and, for the load, 7.1 s, measured together in
processor time on a busy machine with 300,000 lines in the table). Each of the twenty indexes costs a load
0.02 to 0.18 s, and those that the grid counts and sorts by are what its pages live from; each foreign key that
is not empty costs 0.25 to 0.4 s, because PostgreSQL checks it row by row. What is left above that: 1.9 s
bring the lines into staging, where they wait until all are read, and 0.5 s write search texts; comparing,
filling from the mappings and counting take as much together.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import cycle
from pathlib import Path
from typing import cast
from unittest.mock import patch

from django.db import connection, transaction

from bench import world
from bench.clock import Spent, in_cpu, middle, spent
from bench.report import Row
from bench.sizes import Sizes
from invoices.loading import load
from invoices.loading.start import start_load
from invoices.models import InvoiceLine as Line
from invoices.models import Load
from invoices.months import last_day
from mapping.models import Offer, Organization
from platform_client.client import PlatformClient
from platform_client.schemas import InvoiceLine, Page
from psa_connectwise.models import Company, Product

# Months of their own: those that are seeded end before.
FIRST_DAY, SECOND_DAY = date(2026, 8, 28), date(2026, 12, 28)
BARE = """
DROP TABLE IF EXISTS bare_line;
CREATE TABLE bare_line (
    LIKE invoices_invoiceline INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING GENERATED);
ALTER TABLE bare_line ADD PRIMARY KEY (id), ADD UNIQUE (platform_id)"""
COLUMNS = [
    field for field in Line._meta.concrete_fields if not (field.generated or field.primary_key)
]


@dataclass
class Recorded:
    """A client whose pages were read before."""

    pages: Sequence[Page[InvoiceLine]]

    def invoice_lines(self, *, date_from: date, date_to: date) -> Iterator[Page[InvoiceLine]]:
        return iter(self.pages)


def rows(sizes: Sizes) -> list[Row]:
    month = FIRST_DAY.replace(day=1)
    recorded, http = _recorded(month, sizes.lines)
    first, again = _twice(month, recorded, sizes.repeats)
    stored = list(
        Line.objects.filter(period=month).values_list(*(field.attname for field in COLUMNS))
    )
    bare = middle([_bare_copy(stored) for _ in range(sizes.repeats)])
    _empty(month)
    into_ours = spent(lambda: _copy(stored, "invoices_invoiceline"))
    _empty(month)
    # Twice: the second time every row is there, as in a load that finds nothing new.
    by_django = [spent(lambda: _bulk_create(stored)) for _ in range(2)]
    _empty(month)
    count, created = f"{len(stored):,} lines", "bulk_create"
    return [
        Row(what=f"{count}, first load", ours=first.seconds, unit="s", other=bare.seconds,
            beside="bare COPY", ratio_at_most=3, note=in_cpu(first, bare)),
        Row(what=f"{count}, first load", ours=first.seconds, unit="s", other=into_ours.seconds,
            beside="bare COPY into our own table", note=in_cpu(first, into_ours)),
        Row(what=f"{count}, bare COPY into our own table", ours=into_ours.seconds, unit="s",
            other=bare.seconds, beside="bare COPY", note=in_cpu(into_ours, bare)),
        Row(what=f"{count}, first load", ours=first.seconds, unit="s", other=by_django[0].seconds,
            beside=created),
        Row(what=f"{count}, unchanged, again", ours=again.seconds, unit="s", other=first.seconds,
            beside="first load", ratio_at_most=1, note=in_cpu(again, first)),
        Row(what=f"{count}, unchanged, again", ours=again.seconds, unit="s",
            other=by_django[1].seconds, beside=f"{created}, again"),
        Row(what=f"{count}: the Platform's HTTP and JSON, not in the above", ours=http.seconds,
            unit="s"),
        *_memory(sizes),
    ]  # fmt: skip


def both(sizes: Sizes) -> tuple[Spent, Spent]:
    """Only the first load of a month, and the next one; it is gone again afterwards."""
    month = FIRST_DAY.replace(day=1)
    recorded, _ = _recorded(month, sizes.lines)
    took = _twice(month, recorded, sizes.repeats)
    _empty(month)
    return took


def _recorded(month: date, lines: int) -> tuple[PlatformClient, Spent]:
    """The month's pages, and what reading them took."""
    with platform(FIRST_DAY, lines) as client:
        _map_all(client, month)
        pages: list[Page[InvoiceLine]] = []
        stream = client.invoice_lines(date_from=month, date_to=last_day(month))
        http = spent(lambda: pages.extend(stream))
    return cast(PlatformClient, Recorded(pages)), http


def _twice(month: date, client: PlatformClient, repeats: int) -> tuple[Spent, Spent]:
    """A first load of the month, and one that finds it unchanged."""
    firsts, again = [], []
    for _ in range(repeats):
        _empty(month)
        firsts.append(_load(month, client))
        again.append(_load(month, client))
    return middle(firsts), middle(again)


@contextmanager
def platform(today: date, lines: int) -> Iterator[PlatformClient]:
    """A client of a stand-in with months of so many lines."""
    port = world.free_port()
    command = ["platform_client.sandbox", "--api-key", "bench", "--lines", str(lines)]
    with world.stand_in(port, *command, today=today):
        yield PlatformClient(base_url=f"http://127.0.0.1:{port}", api_key="bench")


def _map_all(client: PlatformClient, month: date) -> None:
    """So that lines are prefilled from the mappings, as they are every month but the first."""
    companies = cycle(Company.objects.order_by("pk")[:500] or [None])
    products = cycle(Product.objects.order_by("pk")[:500] or [None])
    organizations = [
        Organization(
            platform_id=one.id,
            name=one.name,
            reference_number=one.reference_number or "",
            status=one.status,
            company=next(companies),
        )
        for page in client.organizations()
        for one in page.items
    ]
    offers = [
        Offer(
            platform_id=one.id,
            name=one.name,
            vendor_name=one.vendor_name,
            sku=one.sku or "",
            product=next(products),
        )
        for page in client.offers(date_from=month, date_to=last_day(month))
        for one in page.items
    ]
    # Whoever measures twice has them already.
    Organization.objects.bulk_create(organizations, ignore_conflicts=True)
    Offer.objects.bulk_create(offers, ignore_conflicts=True)


def _load(month: date, client: PlatformClient) -> Spent:
    """Until its lines are committed; the suggestions that follow are left away."""
    started = start_load(month=month, user=None)
    with patch.object(load, "suggest_for_all_tabs"):
        took = spent(lambda: load.run_load(load_id=started.pk, make_client=lambda: client))
    started.refresh_from_db()
    if started.state != Load.State.DONE or not started.complete:
        raise RuntimeError(started.message)
    return took


def _empty(month: date) -> None:
    with connection.cursor() as cursor:
        for name in ("invoices_linesearch", "invoices_invoiceline"):
            cursor.execute(f"DELETE FROM {name} WHERE period = %s", [month])
            cursor.execute(f"VACUUM (ANALYZE) {name}")


def _bare_copy(rows: Sequence[tuple[object, ...]]) -> Spent:
    with connection.cursor() as cursor:
        cursor.execute(BARE)
    took = spent(lambda: _copy(rows, "bare_line"))
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bare_line")
    return took


@transaction.atomic
def _copy(rows: Sequence[tuple[object, ...]], table: str) -> None:
    names = ", ".join(str(field.column) for field in COLUMNS)
    statement = f"COPY {table} ({names}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _bulk_create(rows: Sequence[tuple[object, ...]]) -> None:
    names = [field.attname for field in COLUMNS]
    Line.objects.bulk_create(
        (Line(**dict(zip(names, row, strict=True))) for row in rows),
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["platform_id"],
        update_fields=[field.name for field in COLUMNS if field.name != "platform_id"],
    )


def _memory(sizes: Sizes) -> list[Row]:
    """Each in a process of its own, over HTTP: a process that loads and does nothing else."""
    small = max(1, sizes.lines // 10)
    peaks = [
        world.in_a_process(load_and_weigh, day, lines)
        for day, lines in ((FIRST_DAY, sizes.lines), (SECOND_DAY, small))
    ]
    return [
        Row(what=f"peak memory of a process that loads {sizes.lines:,} lines", ours=peaks[0],
            unit="MB", other=peaks[1], beside=f"{small:,} lines", ratio_at_most=1.1)
    ]  # fmt: skip


def load_and_weigh(today: date, lines: int) -> float:
    """Loads a month over HTTP; the most memory that this process has had, in MB."""
    month = today.replace(day=1)
    with platform(today, lines) as client:
        _load(month, client)
    _empty(month)
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
