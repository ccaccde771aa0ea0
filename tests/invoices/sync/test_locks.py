"""Locks of a session end with it, also where its host just vanishes."""

import pytest
from django.db import connection

from invoices.sync.locks import LANE, session_lock


@pytest.mark.django_db
def test_postgresql_misses_who_holds_one_within_a_minute() -> None:
    with session_lock(LANE, 77) as held, connection.cursor() as cursor:
        assert held
        seconds = []
        for name in ("idle", "interval", "count"):
            cursor.execute(f"SHOW tcp_keepalives_{name}")
            seconds.append(int(cursor.fetchone()[0]))
    idle, interval, count = seconds
    assert idle + interval * count <= 60
