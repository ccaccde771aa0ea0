"""Statements that a connection plans once and then only runs.

Django puts the values into the text of each statement, so that PostgreSQL parses and plans each one
anew: for those of a posted line that took as long as running them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg import Cursor


@contextmanager
def prepared(statement: str, values: Mapping[str, Any]) -> Iterator[CursorWrapper]:
    """A cursor that has run it, in the open transaction; Django's errors and `execute_wrapper` hold.

    psycopg's own cursor sends the values apart and prepares what it sends, as `prepare_threshold`
    in the settings lets it; Django's does neither.
    """
    with connection.cursor() as cursor, Cursor[Any](cursor.connection) as bare:
        wrapped = CursorWrapper(bare, connection)
        wrapped.execute(statement, values)
        yield wrapped
