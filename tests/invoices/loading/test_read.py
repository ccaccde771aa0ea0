"""Bad lines, broken pages and a Platform that fails: what is kept, and what is said (P18)."""

import logging
from datetime import date
from typing import Any

import pytest

from invoices.models import ChargeDateRule, InvoiceLine, Load, Period
from platform_client.errors import CursorExpired
from platform_client.schemas import BadItem
from tests.invoices.loading.fake_platform import MAY, FakePlatform, load, make_platform_line
from wire.errors import ConfigError, PermanentError, TransientError

pytestmark = pytest.mark.django_db

SERVICE = "The Platform"
BROKEN = TransientError("The Platform has a problem (500).", service=SERVICE, status=500)
GARBLED = PermanentError("The Platform sent a page that can't be read.", service=SERVICE)
UNREACHABLE = TransientError("The Platform could not be reached.", service=SERVICE)
BUSY = TransientError("The Platform takes no more (429).", service=SERVICE, status=429)
WRONG_KEY = ConfigError("The Platform refused the API key (401).", service=SERVICE, status=401)
EXPIRED = CursorExpired("The snapshot expired (410).", service=SERVICE, status=410)


def three_days(count: int = 6) -> FakePlatform:
    """Lines on the 1st, 2nd and 3rd in turn, two a page."""
    lines = (
        make_platform_line(number, invoice_date=date(2026, 5, 1 + number % 3))
        for number in range(count)
    )
    return FakePlatform().put(*lines)


def loaded() -> set[str]:
    return set(InvoiceLine.objects.values_list("platform_id", flat=True))


def records(caplog: pytest.LogCaptureFixture, level: int) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno == level]


def test_a_bad_line_is_logged_and_the_rest_is_loaded(caplog: pytest.LogCaptureFixture) -> None:
    platform = three_days()
    platform.bad = [BadItem("LINE-66", "quantity: should be a decimal in a string")]
    result = load(platform)
    assert (result.state, result.new, result.bad, result.complete) == ("done", 6, 1, False)
    (record,) = records(caplog, logging.ERROR)
    assert record.getMessage() == (
        "Invoice line LINE-66 can't be loaded: quantity: should be a decimal in a string"
    )
    assert (record.__dict__["line"], record.__dict__["load"]) == ("LINE-66", result.pk)
    period = Period.objects.get()
    assert not period.complete
    assert period.incomplete_because == (
        "The period is incomplete: 1 line was bad (see System Logs). Load it again."
    )
    assert result.message.endswith(period.incomplete_because)


def test_lines_without_an_id_are_counted_each(caplog: pytest.LogCaptureFixture) -> None:
    platform = three_days()
    platform.bad = [BadItem(None, "id: Field required")] * 2
    assert load(platform).bad == 2
    assert "Invoice line without an ID can't be loaded" in caplog.text


def test_a_later_complete_load_mends_the_period() -> None:
    platform = three_days()
    platform.bad = [BadItem("LINE-66", "quantity: no")]
    load(platform)
    platform.bad = []
    load(platform.put(make_platform_line(66)))
    period = Period.objects.get()
    assert (period.complete, period.incomplete_because, len(loaded())) == (True, "", 7)


@pytest.mark.parametrize("fault", ["bad line", "broken page"])
def test_nothing_is_gone_after_an_incomplete_load(fault: str) -> None:
    platform = three_days()
    load(platform)
    platform.remove(0)
    if fault == "bad line":
        platform.bad = [BadItem("LINE-66", "quantity: no")]
    else:
        platform.broken = {"LINE-5": BROKEN}
    assert (load(platform).gone, InvoiceLine.objects.filter(gone=True).count()) == (0, 0)


def test_a_line_that_the_database_refuses_is_set_aside_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The client lets nothing of the kind through: this is the net below it."""
    platform = three_days()
    too_long = make_platform_line(77)
    object.__setattr__(too_long, "currency", "EURO")
    assert (load(platform.put(too_long)).bad, len(loaded())) == (1, 6)
    assert "LINE-77 can't be loaded: value too long" in caplog.text


def test_no_rule_leaves_the_calendar_from_the_last_day_that_is_read() -> None:
    ChargeDateRule.objects.create(slot="start", kind="next_month_first")
    platform = three_days().put(make_platform_line(77, charge_start_date=date(2999, 12, 31)))
    assert (load(platform).bad, len(loaded())) == (0, 7)
    assert InvoiceLine.objects.get(platform_id="LINE-77").charge_start_date == date(3000, 1, 1)


def test_a_page_that_fails_once_costs_nothing() -> None:
    platform = three_days()
    platform.once = {"LINE-3": BROKEN}
    result = load(platform)
    assert (result.new, result.complete, result.read) == (6, True, 6)
    assert platform.windows[0] == (MAY, date(2026, 5, 31))
    assert len(platform.windows) == 1 + 31


def test_a_broken_page_loses_only_what_stands_on_it(caplog: pytest.LogCaptureFixture) -> None:
    platform = three_days(12)  # LINE-4 is on the 2nd; its page there holds LINE-1 and LINE-4
    platform.broken = {"LINE-4": GARBLED}
    result = load(platform)
    # LINE-1 was read before the whole month broke off, LINE-7 and LINE-10 stand behind the page.
    assert loaded() == {f"LINE-{number}" for number in range(12)} - {"LINE-4", "LINE-7", "LINE-10"}
    assert (result.state, result.complete, result.new) == ("done", False, 9)
    assert "A page of 2026-05-02 could not be read" in result.message
    assert any("2026-05-02" in record.getMessage() for record in records(caplog, logging.ERROR))


def test_a_platform_that_goes_down_keeps_what_was_read() -> None:
    platform = three_days()
    platform.once = _Falling(platform, {"LINE-2": UNREACHABLE})
    result = load(platform)
    assert (result.state, result.complete, loaded()) == ("done", False, {"LINE-0", "LINE-1"})
    assert "The rest could not be read: The Platform could not be reached." in result.message
    assert len(platform.windows) == 1 + 1


class _Falling(dict[str, Any]):
    """Takes the whole Platform down with its first error."""

    def __init__(self, platform: FakePlatform, errors: dict[str, Any]) -> None:
        super().__init__(errors)
        self.platform = platform

    def pop(self, *key: Any) -> Any:
        if error := super().pop(*key):
            self.platform.down = error
        return error


@pytest.mark.parametrize("error", [UNREACHABLE, BUSY, WRONG_KEY, BROKEN])
def test_a_platform_that_never_answers_changes_nothing_and_says_so(
    error: TransientError | ConfigError, caplog: pytest.LogCaptureFixture
) -> None:
    load(three_days())
    before = Period.objects.values().get()
    result = load(FakePlatform(down=error))
    assert (result.state, result.complete) == ("failed", False)
    assert result.message == f"May 2026 was not loaded, nothing has changed. {error.message}"
    assert (Period.objects.values().get(), len(loaded())) == (before, 6)
    assert not InvoiceLine.objects.filter(gone=True).exists()
    assert [record.getMessage() for record in records(caplog, logging.ERROR)] == [result.message]


def test_a_wrong_key_is_asked_once() -> None:
    platform = FakePlatform(down=WRONG_KEY)
    load(platform)
    assert len(platform.windows) == 1


def test_a_failed_first_load_makes_no_period() -> None:
    load(FakePlatform(down=UNREACHABLE))
    assert not Period.objects.exists()


def test_a_snapshot_that_expired_is_read_from_the_start() -> None:
    platform = three_days()
    platform.once = {"LINE-4": EXPIRED}
    result = load(platform)
    assert (result.new, result.read, result.complete) == (6, 6, True)
    assert platform.windows == [(MAY, date(2026, 5, 31))] * 2


def test_a_snapshot_that_always_expires_leaves_the_period_incomplete() -> None:
    platform = three_days()
    platform.broken = {"LINE-4": EXPIRED}
    result = load(platform)
    assert (result.new, result.complete) == (4, False)
    assert "Reading outlived the Platform's snapshot" in result.message


def test_a_line_that_comes_twice_is_loaded_once() -> None:
    platform = three_days()
    platform.repeat = ("LINE-1", "LINE-1")
    result = load(platform)
    assert (result.new, result.unchanged, result.complete) == (6, 0, True)


def test_an_unknown_charge_type_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    late = [make_platform_line(number, charge_type="LateFee") for number in range(3)]
    custom = make_platform_line(9, charge_type="OddFee", invoice_source="Custom")
    result = load(FakePlatform().put(*late, custom))
    (warning,) = records(caplog, logging.WARNING)
    assert "Charge type “LateFee” is not known" in warning.getMessage()
    assert (warning.__dict__["line"], warning.__dict__["load"]) == ("LINE-0", result.pk)
    types = set(InvoiceLine.objects.values_list("charge_type", flat=True))
    assert types == {"LateFee", "Correction"}


def test_progress_is_written_after_each_page() -> None:
    seen: list[tuple[int, int | None]] = []
    platform = three_days(5)
    pages = platform.invoice_lines

    def watched(**window: Any) -> Any:
        for page in pages(**window):
            yield page
            row = Load.objects.get()
            seen.append((row.read, row.total))
            assert row.heartbeat is not None

    platform.invoice_lines = watched  # type: ignore[method-assign]
    load(platform)
    assert seen == [(2, 5), (4, 5), (5, 5)]
