"""Bulk Update of 10,000 and 100,000 lines, beside a bare UPDATE of the same columns of the same lines.

    DATABASE_URL=… python -m bench.bulk          # on a database that `bench.grid --seed` filled

The targets: 2 s, 15 s, and at most twice the bare UPDATE. On a busy machine read PostgreSQL's own CPU
seconds, where it runs beside us.
"""

import os
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import django
from django.db import connection, transaction

BARE = """
    UPDATE invoices_invoiceline SET charge_start_date = %s, charge_start_date_source = 'user',
        version = version + 1, last_edit_id = 1
    WHERE id IN (SELECT id FROM invoices_invoiceline WHERE period = %s AND psa_status <> 'synced'
        ORDER BY id LIMIT %s)
"""


class Undone(Exception):
    """Takes a bare UPDATE back."""


def bare(month: date, lines: int, day: date) -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BARE, [day, month, lines])
            raise Undone
    except Undone:
        pass


def timed(name: str, work: Callable[[], object]) -> float:
    began, cpu = time.perf_counter(), _cpu()
    work()
    seconds = time.perf_counter() - began
    print(f"{name:36} {seconds:7.2f} s   {_cpu() - cpu:7.2f} s CPU", flush=True)
    return seconds


def _cpu() -> float:
    """What this session's server process has used; 0 where it can't be seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        row = cursor.fetchone()
    stat = Path(f"/proc/{row[0] if row else 0}/stat")
    if not stat.exists():
        return 0.0
    used = stat.read_text().rsplit(")", 1)[1].split()
    return (int(used[11]) + int(used[12])) / 100


def measure(month: date, lines: int, target: float) -> None:
    """Ticks so many, asks, and does it; then the same bare."""
    from django.contrib.auth.models import User

    from invoices.models import InvoiceLine
    from invoices.services import bulk
    from invoices.services.line_change import LineChange
    from invoices.services.selection import clear_selection, select_lines

    user, _ = User.objects.get_or_create(username="bench")
    # Another day each time, so that each line really changes.
    day = month + timedelta(days=int(time.time()) // 60 % 27)
    open_lines = InvoiceLine.objects.filter(period=month).exclude(psa_status="synced")
    ids = list(open_lines.order_by("pk").values_list("pk", flat=True)[:lines])
    change = LineChange(start=day, end=day + timedelta(days=40))
    clear_selection(user=user)
    chosen = InvoiceLine.objects.filter(pk__in=ids)
    timed(f"tick {len(ids):,}", lambda: select_lines(user=user, period=month, lines=chosen))
    drafted = []
    timed(
        "ask",
        lambda: drafted.append(bulk.draft_update(user=user, period=month, change=change)),
    )
    bulk.confirm_update(edit_id=drafted[0].pk, user=user)
    took = timed(
        f"update {len(ids):,} (target {target:.0f} s)",
        lambda: bulk.apply_update(edit_id=drafted[0].pk),
    )
    again = day + timedelta(days=1)
    plain = timed(f"bare UPDATE of {len(ids):,}", lambda: bare(month, lines, again))
    print(f"{'':36} {took / plain:7.2f} × the bare UPDATE\n")


def main() -> None:
    django.setup()
    from invoices.models import InvoiceLine, Period

    newest = Period.objects.order_by("-month").first()
    if newest is None:
        raise SystemExit("No period is loaded: seed the database first.")
    InvoiceLine.objects.filter(period=newest.month, psa_status="synced").update(
        psa_status="not_synced"
    )
    for lines, target in ((10_000, 2.0), (100_000, 15.0)):
        measure(newest.month, lines, target)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.settings")
    main()
