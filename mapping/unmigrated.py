"""Tells a database that `migrate` has not been run on from a mistake in a query."""

from django.db import ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor
from psycopg.errors import UndefinedColumn, UndefinedTable

UNMIGRATED = "The database lacks tables of this version: run `manage.py migrate` first."


def is_unmigrated(error: ProgrammingError) -> bool:
    """Something is missing, and a migration waits that may make it."""
    if not isinstance(error.__cause__, UndefinedTable | UndefinedColumn):
        return False
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
