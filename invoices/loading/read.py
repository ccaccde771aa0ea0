"""Reads a month from the Platform into staging; what can't be read is told, the rest goes on.

A page that can't be read hides the address of the next one. The days of the month are then read
each on its own, so that only what stands on a broken page of one day is missing.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from invoices.charge_dates import WIRE_NAMES, RuleTable
from invoices.loading.records import SeenRecords
from invoices.loading.staging import empty_staging, make_staging, stage, staged_row
from invoices.months import last_day, month_name, month_of
from platform_client.client import PlatformClient
from platform_client.errors import CursorExpired
from platform_client.schemas import BadItem, InvoiceLine, Page
from wire.errors import ConfigError, PermanentError, RemoteError

logger = logging.getLogger(__name__)

FRESH_STARTS = 3  # after a snapshot that expired (410)
DAYS_BROKEN_IN_A_ROW = 3  # then the Platform itself is down

Tell = Callable[[int, int | None], None]


@dataclass
class Reading:
    """What one load has read so far."""

    month: date
    load_id: int
    rules: RuleTable
    tell: Tell  # called after each page with the lines read and the total, if known
    seen: SeenRecords = field(default_factory=SeenRecords)
    read: int = 0  # lines of this pass, bad ones too
    total: int | None = None
    bad: int = 0
    kept: bool = False  # anything at all is staged
    by_day: bool = False
    logged: set[str] = field(default_factory=set)  # bad lines and unknown types, told once each
    problems: list[str] = field(default_factory=list)  # why it is incomplete, besides bad lines

    @property
    def complete(self) -> bool:
        """Every line of the month was read and can be kept: only then may others be called gone (P17)."""
        return not (self.bad or self.problems)

    def count_again(self) -> None:
        """The same lines are read once more: only what is read from now on counts."""
        self.read = self.bad = 0


def read_month(client: PlatformClient, reading: Reading) -> None:
    """Stage the month's lines; raises RemoteError when nothing at all could be read."""
    make_staging()
    # Only the last try keeps what was read before its snapshot expired: an incomplete month.
    for fresh_start in range(FRESH_STARTS):
        try:
            return _read_window(client, reading, reading.month, last_day(reading.month))
        except CursorExpired:
            logger.info("The Platform's snapshot expired; reading starts again")
            if fresh_start < FRESH_STARTS - 1:
                empty_staging()
                reading.kept = False
                reading.count_again()
        except RemoteError as error:
            if not _may_be_one_page(error, reading):
                return _stop_reading(reading, error)
            return _read_by_day(client, reading, error)
    sentence = (
        f"Reading outlived the Platform's snapshot {FRESH_STARTS} times: the rest is missing."
    )
    return _problems(reading, [sentence])


def _may_be_one_page(error: RemoteError, reading: Reading) -> bool:
    """Whether other pages may be well: not when the Platform refuses, is away or asks to wait."""
    if isinstance(error, ConfigError) or error.status == 429:
        return False
    # It answered, if badly; or it did before, and a day at a time is less to ask for than a month.
    answered = error.status is not None or isinstance(error, PermanentError)
    return answered or (reading.kept and not reading.by_day)


def _stop_reading(reading: Reading, error: RemoteError) -> None:
    """Keep what was read before; raises where that is nothing."""
    if not reading.kept:
        raise error
    _problems(reading, [f"The rest could not be read: {error.message}"])


def _read_by_day(client: PlatformClient, reading: Reading, first: RemoteError) -> None:
    logger.warning(
        "A page of %s could not be read (%s); its days are read one by one",
        month_name(reading.month),
        first.message,
        extra={"load": reading.load_id},
    )
    reading.count_again()
    reading.by_day = True
    broken: list[str] = []  # days in a row; told only if others after them can be read
    for day in _days(reading.month):
        try:
            _read_window(client, reading, day, day)
        except RemoteError as error:
            broken.append(f"A page of {day:%Y-%m-%d} could not be read: {error.message}")
            if len(broken) == DAYS_BROKEN_IN_A_ROW or not _may_be_one_page(error, reading):
                return _stop_reading(reading, error)
        else:
            _problems(reading, broken)
            broken = []
    return _problems(reading, broken)


def _days(month: date) -> list[date]:
    return [month.replace(day=day) for day in range(1, last_day(month).day + 1)]


def _problems(reading: Reading, sentences: list[str]) -> None:
    """What makes the load incomplete, logged and kept for its result."""
    for sentence in sentences:
        reading.problems.append(sentence)
        logger.error("%s: %s", month_name(reading.month), sentence, extra={"load": reading.load_id})


def _read_window(client: PlatformClient, reading: Reading, first: date, last: date) -> None:
    for page in client.invoice_lines(date_from=first, date_to=last):
        if page.total is not None and first != last:
            reading.total = page.total
        _take_page(reading, page)
        reading.tell(reading.read, reading.total)


def _take_page(reading: Reading, page: Page[InvoiceLine]) -> None:
    rows, bad = [], list(page.bad)
    for line in page.items:
        try:
            rows.append(_row(reading, line))
        except ValueError as error:
            bad.append(BadItem(item_id=line.id, reason=str(error)))
    bad += stage(rows)
    for item in bad:
        _log_bad(reading, item)
    reading.read += len(page.items) + len(page.bad)
    reading.bad += len(bad)
    reading.kept = reading.kept or bool(page.items)


def _row(reading: Reading, line: InvoiceLine) -> tuple[object, ...]:
    if month_of(line.invoice_date) != reading.month:
        raise ValueError(f"invoiceDate: {line.invoice_date} is not in the month that was asked for")
    row = staged_row(line, reading.rules)
    if line.charge_type not in WIRE_NAMES and line.invoice_source != "Custom":
        _warn_of_type(reading, line)
    reading.seen.add(line)
    return row


def _warn_of_type(reading: Reading, line: InvoiceLine) -> None:
    """Once per load and type: a month may have thousands of such lines."""
    if line.charge_type in reading.logged:
        return
    reading.logged.add(line.charge_type)
    logger.warning(
        "Charge type “%s” is not known: it is shown as it came and treated as non-recurring",
        line.charge_type,
        extra={"line": line.id, "load": reading.load_id},
    )


def _log_bad(reading: Reading, item: BadItem) -> None:
    """Once, however often the line is read."""
    if item.item_id in reading.logged:
        return
    if item.item_id:
        reading.logged.add(item.item_id)
    logger.error(
        "Invoice line %s can't be loaded: %s",
        item.item_id or "without an ID",
        item.reason,
        extra={"line": item.item_id, "load": reading.load_id},
    )
