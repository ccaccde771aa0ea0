"""The log survives what it speaks of: rollbacks, a database that is away, hostile text."""

import logging
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.db import InternalError, OperationalError, connection, transaction
from django.test import Client

from integration.system_log import handler
from integration.system_log.models import LogEntry
from wire.redact import redact, remember

logger = logging.getLogger("invoices.sync.try_out")


@pytest.fixture
def only_ours() -> Iterator[None]:
    """For tests without a surrounding transaction: nothing waits from elsewhere."""
    LogEntry.objects.all().delete()
    yield
    LogEntry.objects.all().delete()


def summaries() -> list[str]:
    return list(LogEntry.objects.order_by("id").values_list("summary", flat=True))


@pytest.mark.django_db
def test_a_record_is_stored_with_its_links() -> None:
    logger.warning("Line %s refused", "L-1", extra={"line": "L-1", "run": 7, "load": 3})
    entry = LogEntry.objects.get()
    assert (entry.level, entry.summary) == (LogEntry.Level.WARNING, "Line L-1 refused")
    assert (entry.line, entry.run, entry.load, entry.mapping) == ("L-1", 7, 3, "")
    assert entry.logger == "invoices.sync.try_out"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("level", "stored"),
    [(logging.INFO, 20), (logging.WARNING, 30), (logging.ERROR, 40), (logging.CRITICAL, 40)],
)
def test_levels_are_the_three_of_the_page(level: int, stored: int) -> None:
    logger.log(level, "text")
    assert LogEntry.objects.get().level == stored


@pytest.mark.django_db
def test_debug_records_are_not_stored() -> None:
    logger.debug("noise")
    assert summaries() == []


@pytest.mark.django_db
def test_the_first_line_is_the_summary_and_a_traceback_goes_to_the_details() -> None:
    try:
        raise ValueError("why it broke")
    except ValueError:
        logger.exception("It broke\nwhile trying")
    entry = LogEntry.objects.get()
    assert entry.summary == "It broke"
    assert entry.details.startswith("while trying\nTraceback")
    assert "why it broke" in entry.details


@pytest.mark.django_db(transaction=True)
def test_a_record_survives_the_rollback_of_its_transaction(only_ours: None) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        logger.error("before the rollback")
        raise ZeroDivisionError
    assert summaries() == []
    logger.info("the next record brings it along")
    assert summaries() == ["before the rollback", "the next record brings it along"]


@pytest.mark.django_db(transaction=True)
def test_a_record_is_written_when_its_transaction_commits(only_ours: None) -> None:
    with transaction.atomic():
        logger.info("inside")
        assert summaries() == []
    assert summaries() == ["inside"]


@pytest.mark.django_db
def test_infos_in_a_burst_are_written_together_and_an_error_brings_them_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handler, "INFOS_WAIT_SECONDS", 60.0)
    for text in ("one", "two", "three"):
        logger.info(text)
    assert summaries() == ["one"]
    logger.error("four")
    assert summaries() == ["one", "two", "three", "four"]
    logger.info("five")
    handler.flush()
    assert summaries()[4:] == ["five"]


@pytest.mark.django_db
def test_an_info_is_written_at_once_where_none_came_just_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handler, "INFOS_WAIT_SECONDS", 0.0)
    for text in ("one", "two"):
        logger.info(text)
    assert summaries() == ["one", "two"]


@pytest.mark.django_db(transaction=True)
def test_a_broken_transaction_does_not_keep_the_log_from_being_written(only_ours: None) -> None:
    with pytest.raises(InternalError), transaction.atomic():
        _break_transaction()
        logger.error("in a broken transaction")
        LogEntry.objects.count()
    handler.flush()
    assert summaries() == ["in a broken transaction"]


@pytest.mark.django_db(transaction=True)
def test_the_end_of_the_request_writes_what_a_rollback_left(
    only_ours: None, client: Client
) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        logger.error("left behind")
        raise ZeroDivisionError
    client.get("/healthz")
    assert summaries() == ["left behind"]


@pytest.mark.django_db
def test_a_database_that_is_away_is_told_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_rows: object) -> None:
        raise OperationalError("secret connection string")

    with monkeypatch.context() as away:
        away.setattr(handler, "_insert", refuse)
        logger.error("first")
        logger.error("second")
    told = capsys.readouterr().err
    assert told.count("system log: 1 records wait for the database (OperationalError)") == 1
    assert "secret" not in told
    monkeypatch.setattr(handler, "_not_before", 0.0)
    logger.error("third")
    assert summaries() == ["first", "second", "third"]


@pytest.mark.django_db
def test_one_record_that_cannot_be_stored_does_not_take_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    insert = handler._insert

    def refuse_poison(rows: list[dict[str, object]]) -> None:
        if any(row["summary"] == "poison" for row in rows):
            raise ValueError
        insert(rows)

    monkeypatch.setattr(handler, "_insert", refuse_poison)
    monkeypatch.setattr(handler, "_in_callers_transaction", lambda: True)
    for text in ("one", "poison", "two"):
        logger.info(text)
    monkeypatch.setattr(handler, "_in_callers_transaction", lambda: False)
    handler.flush()
    assert summaries() == ["one", "two"]
    assert "was not stored: ValueError" in capsys.readouterr().err


@pytest.mark.django_db
def test_a_wrong_format_never_reaches_the_caller(capsys: pytest.CaptureFixture[str]) -> None:
    handler.DatabaseHandler().handle(_broken_record())
    assert "was not stored: TypeError" in capsys.readouterr().err


@pytest.mark.django_db
def test_a_handler_that_logs_while_writing_does_not_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    insert = handler._insert

    def talkative(rows: list[dict[str, object]]) -> None:
        if rows[0]["summary"] == "outer":
            logger.info("inner")
        insert(rows)

    monkeypatch.setattr(handler, "_insert", talkative)
    logger.info("outer")
    assert summaries() == ["outer", "inner"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text", ["nul \x00 here", "half \ud800 pair", "x" * 10_000, "‮right to left"]
)
def test_hostile_text_is_stored(text: str) -> None:
    logger.info(text, extra={"line": text})
    entry = LogEntry.objects.get()
    assert len(entry.summary) <= handler.SUMMARY_LENGTH
    assert len(entry.line) <= 64


@pytest.mark.django_db
def test_no_planted_secret_reaches_the_database_or_the_console(
    capsys: pytest.CaptureFixture[str],
) -> None:
    secret = "planted-secret-4711-abcdef"
    remember(secret)
    formatter = logging.getLogger().handlers[0].formatter
    assert formatter is not None
    try:
        raise RuntimeError(f"refused {secret}")
    except RuntimeError:
        logger.exception("Key %s and Authorization: Basic cGxhbnRlZDpzZWNyZXQ=", secret)
    entry = LogEntry.objects.get()
    stored = f"{entry.summary}{entry.details}"
    assert secret not in stored
    assert "cGxhbnRlZDpzZWNyZXQ=" not in stored
    assert secret not in formatter.format(_record(f"Key {secret}"))
    assert secret not in capsys.readouterr().err


def test_the_secrets_of_the_environment_are_known_from_the_start(settings: LazySettings) -> None:
    settings.CONNECTWISE_PRIVATE_KEY = "planted-private-key"
    settings.REDIS_URL = "redis://:planted-broker-password@127.0.0.1:6379/0"
    apps.get_app_config("integration").ready()
    text = f"{settings.SECRET_KEY} planted-private-key planted-broker-password"
    assert redact(text) == "[hidden] [hidden] [hidden]"


def test_a_console_line_names_what_it_is_about() -> None:
    formatter = logging.getLogger().handlers[0].formatter
    record = _record("Posted")
    record.line = "L-1"
    assert formatter is not None
    assert formatter.format(record).endswith(" INFO invoices: Posted line=L-1")


def test_a_forked_child_forgets_what_its_parent_queued() -> None:
    handler._waiting.append({"summary": "the parent's"})
    handler.discard()
    assert not handler._waiting


def _record(text: str) -> logging.LogRecord:
    return logging.LogRecord("invoices", logging.INFO, __file__, 1, text, None, None)


def _broken_record() -> logging.LogRecord:
    return logging.LogRecord("wire", logging.ERROR, __file__, 1, "%s %s", ("one",), None)


def _break_transaction() -> None:
    with pytest.raises(Exception, match="syntax error"), connection.cursor() as cursor:
        cursor.execute("THIS IS NO SQL")
