"""Commands on a database that `migrate` has not been run on: one sentence, exit 2, no traceback."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import execute_from_command_line
from django.db import ProgrammingError, connection

from integration.startup import plainly

COMMANDS = (
    "check_connections",
    "export_lines --period 2026-05",
    "export_mappings",
    "load_invoices --period current",
    "refresh_directory",
    "rotate_keys",
    "settle_postings",
    "setup_code",
    "sync_invoices --period current --dry-run",
    "undo_sync --run 1",
    "createsuperuser --noinput --username ada --email ada@example.com",
)
SENTENCE = "The database lacks tables of this version: run `manage.py migrate` first.\n"


def manage(command: str) -> int:
    with pytest.raises(SystemExit) as ended, plainly(2):
        execute_from_command_line(["manage.py", *command.split()])
    return int(ended.value.code or 0)


@pytest.fixture
def no_tables(transactional_db: None) -> Iterator[None]:
    """A schema of its own without any, for each connection that a command makes."""
    options: dict[str, Any] = connection.settings_dict["OPTIONS"]
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA bare")
    connection.close()
    options["options"] = "-c search_path=bare"
    yield
    del options["options"]
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA bare CASCADE")


@pytest.mark.parametrize("command", COMMANDS)
def test_without_tables_a_command_says_to_migrate(
    command: str, no_tables: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert manage(command) == 2
    assert capsys.readouterr().err.removeprefix("CommandError: ") == SENTENCE


def test_check_needs_no_tables(no_tables: None, capsys: pytest.CaptureFixture[str]) -> None:
    execute_from_command_line(["manage.py", "check"])
    assert "no issues" in capsys.readouterr().out


def test_where_all_is_migrated_a_missing_table_keeps_its_trace(transactional_db: None) -> None:
    with (
        pytest.raises(ProgrammingError, match="nowhere"),
        plainly(2),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT 1 FROM nowhere")
