"""Bulk Update: the confirmed change of three fields, from the worker's claim to the commit.

Beside it stand a bare UPDATE of the same columns of the same lines, by their ids, which checks, locks
and remembers nothing; and a loop of `save(update_fields=…)` over a sample of them in one transaction.
Nothing is promised beside the bare UPDATE of a hundred lines: what is checked, remembered and told takes a
few hundredths of a second however few they are.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction

from bench.clock import Spent, in_cpu, middle, spent
from bench.report import Row
from bench.sizes import Sizes
from invoices.models import InvoiceLine, Period
from invoices.models.lines import DateSource, ValueSource
from invoices.services import bulk
from invoices.services.line_change import LineChange
from invoices.services.selection import select_lines
from psa_connectwise.models import Product

SAMPLE = 200  # lines that are saved one by one
SECONDS = {10_000: 2, 100_000: 15}
RATIO = 2
# Of fewer lines, the checks and what is remembered cost more than the UPDATE.
MANY = 1_000
BARE = """
UPDATE invoices_invoiceline
SET charge_start_date = %(start)s, charge_start_date_source = 'user',
    charge_end_date = %(end)s, charge_end_date_source = 'user',
    product_id = %(product)s, product_name = %(name)s, product_connectwise_id = %(number)s,
    product_source = 'bulk', version = version + 1, last_edit_id = %(edit)s
WHERE id = ANY(%(ids)s)"""
SAVED = (
    *("charge_start_date", "charge_start_date_source", "charge_end_date", "charge_end_date_source"),
    *("product", "product_name", "product_connectwise_id", "product_source"),
    *("version", "last_edit"),
)


def rows(sizes: Sizes) -> list[Row]:
    month = Period.objects.filter(loaded_at__isnull=False).latest("month").month
    # A synced line is not updated, and all of the month shall be.
    InvoiceLine.objects.filter(period=month).update(psa_status="not_synced", error="")
    user, _ = User.objects.get_or_create(username="bench", is_superuser=True, is_staff=True)
    changes = Changes(month)
    counts = sorted({n for n in (100, 10_000) if n < sizes.lines} | {sizes.lines})
    return [row for count in counts for row in _of(count, month, user, changes, sizes.repeats)]


def _of(count: int, month: date, user: User, changes: "Changes", repeats: int) -> Sequence[Row]:
    with connection.cursor() as cursor:
        # What an earlier round left dead would be paid for by this one.
        cursor.execute("VACUUM (ANALYZE) invoices_invoiceline")
    ids = list(InvoiceLine.objects.filter(period=month).order_by("pk").values_list("pk", flat=True))
    ids = ids[:count]
    done = [
        (bulk_update(user, month, ids, changes.next()), _bare_update(ids, changes.next()))
        for _ in range(repeats)
    ]
    ours, bare = middle([one for one, _ in done]), middle([other for _, other in done])
    sample = ids[:SAMPLE]
    # Reckoned: all of them one by one would take minutes, and tell nothing more.
    saved = spent(lambda: _save_each(sample, changes.next())).seconds * len(ids) / len(sample)
    what, beside = f"{len(ids):,} lines, three fields", "loop of save()"
    if len(sample) < len(ids):
        beside += f", reckoned from {len(sample)} lines"
    return [
        Row(what=what, ours=ours.seconds, unit="s", other=bare.seconds, beside="bare UPDATE",
            at_most=SECONDS.get(len(ids)), ratio_at_most=RATIO if len(ids) >= MANY else None,
            note=in_cpu(ours, bare)),
        Row(what=what, ours=ours.seconds, unit="s", other=saved, beside=beside),
    ]  # fmt: skip


class Changes:
    """One after the other, each unlike the one before: every line really changes."""

    def __init__(self, month: date) -> None:
        self._month, self._done = month, 0
        self._products = list(Product.objects.filter(inactive=False, missing=False)[:50])

    def next(self) -> LineChange:
        """Other values than before: a change that changes nothing would cost nothing."""
        self._done += 1
        return LineChange(
            start=self._month + timedelta(days=self._done % 28),
            end=self._month + timedelta(days=40 + self._done % 28),
            product=self._products[self._done % len(self._products)],
        )


def bulk_update(user: User, month: date, ids: Sequence[int], change: LineChange) -> Spent:
    """From the worker's claim to the commit; the selection and the draft before it are apart."""
    select_lines(user=user, period=month, lines=InvoiceLine.objects.filter(pk__in=ids))
    draft = bulk.draft_update(user=user, period=month, change=change)
    bulk.confirm_update(edit_id=draft.pk, user=user)
    took = spent(lambda: bulk.apply_update(edit_id=draft.pk))
    draft.refresh_from_db()
    if draft.written != len(ids):
        raise RuntimeError(draft.message)
    return took


def _bare_update(ids: Sequence[int], change: LineChange) -> Spent:
    assert isinstance(change.product, Product)
    values: dict[str, Any] = {
        "start": change.start, "end": change.end, "product": change.product.pk,
        "name": change.product.name, "number": change.product.connectwise_id,
        "edit": None, "ids": list(ids),
    }  # fmt: skip
    with connection.cursor() as cursor:
        return spent(lambda: cursor.execute(BARE, values))


@transaction.atomic
def _save_each(ids: Sequence[int], change: LineChange) -> None:
    assert isinstance(change.product, Product)
    assert isinstance(change.start, date)
    assert isinstance(change.end, date)
    for line in InvoiceLine.objects.filter(pk__in=ids):
        line.charge_start_date, line.charge_end_date = change.start, change.end
        line.charge_start_date_source = line.charge_end_date_source = DateSource.USER
        line.product, line.product_source = change.product, ValueSource.BULK
        line.product_name = change.product.name
        line.product_connectwise_id = change.product.connectwise_id
        line.version += 1
        line.last_edit = None
        line.save(update_fields=SAVED)
