"""Lines come in all at once or not at all, whoever else writes meanwhile."""

from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection
from psycopg.errors import DeadlockDetected, DiskFull, UniqueViolation

from invoices.loading import load as loading
from invoices.models import InvoiceLine, Load, Period
from tests.invoices.loading.fake_platform import FakePlatform, load, make_platform_line

pytestmark = pytest.mark.django_db


def failing(monkeypatch: pytest.MonkeyPatch, cause: Exception, *, times: int) -> list[int]:
    """Let the last step of bringing lines in fail so often; says how often it was tried."""
    tried: list[int] = []
    record = loading._record

    def fail_first(*arguments: Any) -> None:
        tried.append(InvoiceLine.objects.count())
        if len(tried) <= times:
            error = IntegrityError if isinstance(cause, UniqueViolation) else OperationalError
            raise error("no") from cause
        record(*arguments)

    monkeypatch.setattr(loading, "_record", fail_first)
    return tried


@pytest.mark.parametrize("cause", [DeadlockDetected(), UniqueViolation()])
def test_a_clash_with_an_edit_or_another_load_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, cause: Exception
) -> None:
    tried = failing(monkeypatch, cause, times=2)
    result = load(FakePlatform().put(make_platform_line(1), make_platform_line(2)))
    assert (result.state, result.new, tried) == ("done", 2, [2, 2, 2])


@pytest.mark.parametrize(("cause", "tries"), [(DeadlockDetected(), 3), (DiskFull(), 1)])
def test_a_failure_on_the_way_leaves_nothing_half_done(
    monkeypatch: pytest.MonkeyPatch, cause: Exception, tries: int
) -> None:
    platform = FakePlatform().put(make_platform_line(1))
    load(platform)
    before = Period.objects.values().get()
    tried = failing(monkeypatch, cause, times=9)
    platform.put(make_platform_line(2)).remove(1)
    with pytest.raises(OperationalError):
        load(platform)
    assert len(tried) == tries
    assert [row.gone for row in InvoiceLine.objects.all()] == [False]
    assert Period.objects.values().get() == before
    assert Load.objects.latest("pk").state == "failed"


def test_nothing_of_a_load_stays_behind_in_the_session() -> None:
    load(FakePlatform().put(make_platform_line()))
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_temp.staged_line')")
        assert cursor.fetchone() == (None,)
