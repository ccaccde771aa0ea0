"""Finds which records of ConnectWise are worth judging, for all that is unmapped in one go (P11).

The names of both sides travel without their legal forms into temporary tables; PostgreSQL's trigram
index finds those whose rare words are alike, and the whole names say which are nearest. Which is
which is judged in Python afterwards.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import LiteralString

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from mapping.names import Kind, rare_words

# How many like names are looked at, and how unlike they may be: typos and missing words get through.
NEAREST = 8
THRESHOLD = 0.3

TABLES: LiteralString = """
    DROP TABLE IF EXISTS pg_temp.suggest_target, pg_temp.suggest_wanted;
    CREATE TEMP TABLE suggest_target (id bigint, name text, rare text) ON COMMIT DROP;
    CREATE TEMP TABLE suggest_wanted (id bigint, name text, rare text) ON COMMIT DROP;
"""
INDEX: LiteralString = """
    CREATE INDEX ON suggest_target USING gin (rare gin_trgm_ops);
    ANALYZE suggest_target;
"""
# Equal names are asked for once, however many records have them.
LIKE: LiteralString = """
    SELECT wanted.ids, near.id
    FROM (SELECT name, rare, array_agg(id) AS ids FROM suggest_wanted GROUP BY 1, 2) wanted
    CROSS JOIN LATERAL (
        SELECT target.id FROM suggest_target target
        WHERE target.rare %% wanted.rare
        ORDER BY similarity(target.name, wanted.name) DESC, target.id
        LIMIT %(nearest)s
    ) near
"""


def like_names(
    wanted: Collection[tuple[int, str]], targets: Mapping[int, str], kind: Kind
) -> Mapping[int, list[int]]:
    """Which targets are called about like each of what is wanted.

    Both are ids and search texts; one id may be wanted by several texts.
    """
    found: dict[int, list[int]] = {}
    if not wanted or not targets:
        return found
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TABLES)
        _copy(cursor, "suggest_target", targets.items(), kind)
        _copy(cursor, "suggest_wanted", wanted, kind)
        cursor.execute(INDEX)
        # For the operator % alone, which the index can answer; gone with the transaction.
        cursor.execute(
            "SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [str(THRESHOLD)]
        )
        cursor.execute(LIKE, {"nearest": NEAREST})
        for records, target in cursor.fetchall():
            for record in records:
                found.setdefault(record, []).append(target)
    return found


def _copy(
    cursor: CursorWrapper, table: LiteralString, rows: Iterable[tuple[int, str]], kind: Kind
) -> None:
    with cursor.copy(f"COPY {table} (id, name, rare) FROM STDIN") as copy:
        for key, name in rows:
            copy.write_row((key, name, rare_words(name, kind)))
