"""Writes what many organizations or offers are mapped to, in one statement."""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from psycopg import sql

from mapping.tabs import Tab

POINT = sql.SQL(
    """
    UPDATE {table} SET {column} = wanted.target, response_error = '', updated_at = now()
    FROM unnest(%(records)s::bigint[], %(targets)s::bigint[]) AS wanted (record, target)
    WHERE {table}.id = wanted.record
    """
)


def point(tab: Tab, targets: Mapping[int, int | None]) -> None:
    """By id of the record; None unmaps. Its lines and its history are left to the caller."""
    if not targets:
        return
    statement = POINT.format(
        table=sql.Identifier(tab.model._meta.db_table), column=sql.Identifier(f"{tab.field}_id")
    )
    params: dict[str, Any] = {"records": list(targets), "targets": list(targets.values())}
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(), params)
