"""Whom the embedded servers run as, and where their data and programs must be for that account.

PostgreSQL refuses to run as root. So root lends it an existing account; no account is made and no
folder of anybody's is opened: where the account can't enter, data and programs live elsewhere.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, replace
from importlib.machinery import PathFinder
from pathlib import Path

from integration.launch import virtualenv
from integration.launch.processes import Account
from integration.launch.state import LaunchError, State

SYSTEM_STATE = Path("/var/lib")


@dataclass(frozen=True)
class Home:
    """Where the servers keep their data, and as whom they do it (None: as ourselves)."""

    folder: Path
    account: Account | None
    programs: Path  # where copies of the programs go, should the account need any

    def within(self, folder: Path) -> "Home":
        """The same for other data, such as a test run's."""
        return replace(self, folder=folder)

    def make(self, name: str) -> Path:
        """A folder of the account's own."""
        folder = self.folder / name
        # Nobody else's to enter: every customer's data will lie in it.
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            os.chown(folder, self.account.uid, self.account.gid)
        return folder


def choose_home(state: State) -> Home:
    """Where data of an earlier start lie; else the state folder, if the account may enter it."""
    if os.geteuid():
        refuse_foreign(state.folder / "postgres")
        return Home(state.folder, None, state.folder)
    elsewhere = SYSTEM_STATE / f"embedded-{hashlib.sha256(bytes(state.folder)).hexdigest()[:10]}"
    for folder in (state.folder, elsewhere):  # yesterday's data decides
        if (folder / "postgres").exists():
            return Home(folder, owner(folder / "postgres"), folder)
    account = lent_account()
    if can_enter(account, state.folder):
        return Home(state.folder, account, state.folder)
    elsewhere.mkdir(mode=0o711, exist_ok=True)
    return Home(elsewhere, account, elsewhere)


def refuse_foreign(data: Path) -> None:
    """PostgreSQL would refuse too, in words that help nobody."""
    if data.exists() and data.stat().st_uid != os.geteuid():
        raise LaunchError(
            f"{data} belongs to {owner(data).name}: start as that account or as root, "
            "or move the folder away to begin with no data."
        )


def owner(path: Path) -> Account:
    """By number where no account of this computer has it, as in a volume of another one."""
    status = path.stat()
    try:
        name = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        name = str(status.st_uid)
    return Account(name, status.st_uid, status.st_gid)


def lent_account() -> Account:
    """EMBEDDED_USER, else postgres, else nobody: whichever exists on this computer."""
    wanted = os.environ.get("EMBEDDED_USER")
    for name in (wanted,) if wanted else ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise LaunchError(
        "PostgreSQL refuses to run as root: set EMBEDDED_USER to an existing account "
        f"other than root to run it as{f' ({wanted} is none)' if wanted else ''}."
    )


def can_enter(account: Account, path: Path) -> bool:
    """Asked of the kernel as that account, because modes alone don't tell the whole truth."""
    test = subprocess.run(
        ["/bin/sh", "-c", 'test -r "$0" -o -d "$0" && test -x "$0"', str(path)],
        cwd="/",
        check=False,
        user=account.uid,
        group=account.gid,
        extra_groups=[],
    )
    return test.returncode == 0


def program(home: Home, name: str, package: str) -> Path:
    """A server's program out of its wheel, copied beside the data where the account can't reach it."""
    packaged = installed(package)
    found = find_program(packaged, name)
    if home.account is None or can_enter(home.account, found):
        return found
    return find_program(copied(home.programs, packaged), name)


def installed(package: str) -> Path:
    """The package's folder in `.venv`, without importing it: its import makes folders."""
    places = [str(path) for path in virtualenv.FOLDER.glob("lib/python3*/site-packages")]
    spec = PathFinder.find_spec(package, places)
    if spec is None or spec.origin is None:
        raise LaunchError(
            f"The servers of {package} are not installed for this computer: run `make setup`, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.origin).parent


def find_program(package: Path, name: str) -> Path:
    """By name below the package; never one that happens to be on the PATH."""
    for path in sorted(package.rglob(name)):
        if path.is_file() and os.access(path, os.X_OK):
            return path
    raise LaunchError(f"{package} holds no program {name}: run `make setup` again.")


def copied(folder: Path, package: Path) -> Path:
    """The package and its libraries under a name that tells its version, copied once."""
    version = hashlib.sha256(str(sorted(package.parent.glob("*.dist-info"))).encode())
    target = folder / f"programs-{version.hexdigest()[:10]}"
    if not (target / package.name).exists():
        half = target / f".{package.name}"
        shutil.rmtree(half, ignore_errors=True)
        target.mkdir(mode=0o755, exist_ok=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, target / libraries.name, dirs_exist_ok=True)
        shutil.copytree(package, half, symlinks=True)
        # Whole or not at all: a copy that was interrupted is begun again.
        half.rename(target / package.name)
    return target / package.name
