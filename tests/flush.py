"""Empties the database after a test that committed, in milliseconds.

Django's flush truncates every table and makes all permissions and content types anew: half a
second each time. Here the rows are deleted, in one transaction and so in any order (foreign keys
are checked at its end), and what every migrate makes again stays.
"""

from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
}


def delete_rows(_test: TransactionTestCase) -> None:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    deletions = [f"DELETE FROM {connection.ops.quote_name(table)}" for table in set(tables) - KEPT]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(";".join(deletions))


def install() -> None:
    """For every test of this process that commits."""
    TransactionTestCase._fixture_teardown = delete_rows  # type: ignore[attr-defined]
