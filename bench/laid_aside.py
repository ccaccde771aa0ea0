"""Indexes and foreign keys that wait until a table is full: built once, instead of row by row."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

INDEXES = """
SELECT format('DROP INDEX %%I', index.relname), pg_get_indexdef(index.oid)
FROM pg_index JOIN pg_class index ON index.oid = indexrelid
WHERE indrelid = ANY(%(tables)s::regclass[]) AND NOT indisunique"""
KEYS = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
    format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = ANY(%(tables)s::regclass[]) AND contype = 'f'"""


@contextmanager
def laid_aside(tables: Sequence[str]) -> Iterator[None]:
    """For as long as this lasts; what was there is there again afterwards."""
    with connection.cursor() as cursor:
        found: list[tuple[str, str]] = []
        for query in (INDEXES, KEYS):
            cursor.execute(query, {"tables": list(tables)})
            found += cursor.fetchall()
        for drop, _ in found:
            cursor.execute(drop)
        yield
        # With the 64 MB as delivered, building them would sort through files.
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for _, add in found:
            cursor.execute(add)
        cursor.execute("RESET maintenance_work_mem")
