"""`make test`, `make soak`, `make bench` and `make lint`."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from integration.launch import accounts, machine, postgres, valkey
from integration.launch.accounts import Home
from integration.launch.processes import (
    Interrupted,
    Stack,
    end_leftovers,
    end_with_parent,
)
from integration.launch.state import ROOT, LaunchError, State, new_secrets

# For its fixtures to take back what they made, browsers and servers first of all.
PYTEST_PATIENCE = 15
PACKAGES = ("integration", "invoices", "mapping", "platform_client", "psa_connectwise", "wire")
# A developer's `.env` may name the real remotes: what is set, if to nothing, it can't fill in.
NO_REMOTES = dict.fromkeys(
    (
        *("PLATFORM_URL", "PLATFORM_API_KEY", "CONNECTWISE_URL", "CONNECTWISE_COMPANY_ID"),
        *("CONNECTWISE_PUBLIC_KEY", "CONNECTWISE_PRIVATE_KEY", "CONNECTWISE_CLIENT_ID"),
        *("CONNECTWISE_TIMEOUT_SECONDS", "CONNECTWISE_SETTLE_SECONDS", "CONNECTWISE_CONCURRENCY"),
        *("CONNECTWISE_MAX_REQUESTS_PER_MINUTE", "DEFAULT_AGREEMENT_TYPE"),
        *("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS"),
    ),
    "",
)
NO_DATABASE_WARNING = "ignore:Got an error checking a consistent migration:RuntimeWarning"


def test(python: Path, arguments: list[str]) -> int:
    """Runs pytest on servers of its own, beside whatever else runs; returns its exit code."""
    chromium = machine.ensure_chromium(python)
    with own_servers() as environment:
        command = [str(python), "-m", "pytest", *shared_out(arguments)]
        # Dozens of the processes that tests start would each compile the product anew.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return run_in_front(command, environment | {"CHROMIUM": str(chromium)})


def shared_out(arguments: list[str]) -> list[str]:
    """Between two processes, a file each; a debugger, or who says so (`-n0`), gets one."""
    alone = any(one.startswith(("-n", "--pdb", "--trace", "--sw")) for one in arguments)
    # xdist would begin with the files of the most tests, which aren't those that take longest.
    shared = ["-n2", "--dist=loadfile", "--no-loadscope-reorder"]
    return arguments if alone else [*shared, *arguments]


def soak(python: Path, arguments: list[str]) -> int:
    """Plays seeds of the soak likewise. Sets of text have the same order in every replay.

    With `--minutes` the whole product runs for so long, under people and faults.
    """
    by_the_clock = any(one.startswith("--minutes") for one in arguments)
    with own_servers() as environment:
        module = "tests.soak_hour" if by_the_clock else "tests.soak"
        command = [str(python), "-m", module, *arguments]
        return run_in_front(command, environment | {"PYTHONHASHSEED": "0"})


def bench(python: Path, arguments: list[str]) -> int:
    """Measures likewise, on a PostgreSQL that writes as carefully as one in production."""
    with own_servers(fast=False) as environment:
        return run_in_front([str(python), "-m", "bench", *arguments], environment)


@contextlib.contextmanager
def own_servers(*, fast: bool = True) -> Iterator[dict[str, str]]:
    """The environment of a run that has servers for itself; they and their data go with it."""
    kept = State.here()
    kept.make()
    home = accounts.choose_home(kept)
    remove_old_runs(home.folder)
    state = State(home.folder / f"test-{os.getpid()}")
    with state.locked(), Stack(state) as stack:
        yield {**os.environ, **isolated(), **servers(stack, home.within(state.folder), fast=fast)}
    shutil.rmtree(state.folder)


def isolated() -> dict[str, str]:
    """Keys of this run's own and no remote; Playwright runs a loop that Django takes for async."""
    keys = {name: new_secrets()[name] for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEY")}
    return {
        **NO_REMOTES,
        **keys,
        "LINEBRIDGE_LOOPBACK": "true",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
    }


def servers(stack: Stack, home: Home, *, fast: bool) -> dict[str, str]:
    """Those of the environment where given, else own ones; fast ones lose data at a power cut."""
    secrets = new_secrets()
    database = os.environ.get("DATABASE_URL")
    broker = os.environ.get("REDIS_URL")
    return {
        "DATABASE_URL": database or postgres.start(stack, home, secrets["postgres"], fast=fast),
        "REDIS_URL": broker or valkey.start(stack, home, secrets["valkey"]),
    }


def run_in_front(command: list[str], environment: dict[str, str]) -> int:
    """In the terminal's foreground, so that Ctrl-C and --pdb work as ever."""
    child = subprocess.Popen(
        command, env=environment, cwd=ROOT, preexec_fn=end_with_parent(signal.SIGTERM)
    )
    try:
        return child.wait()
    except Interrupted as interrupted:
        if str(interrupted) != "SIGINT":  # the terminal sent that one to pytest too
            child.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(PYTEST_PATIENCE)
        raise
    finally:
        child.kill()


def remove_old_runs(folder: Path) -> None:
    """What killed runs left; a folder whose lock is held is a run of right now."""
    for old in folder.glob("test-*"):
        with contextlib.suppress(LaunchError), State(old).locked():
            end_leftovers(State(old))
            shutil.rmtree(old, ignore_errors=True)


def lint(python: Path, _arguments: list[str]) -> int:
    """Runs every check even after one failed; returns 1 if any did."""
    environment = {**os.environ, **isolated(), **unreachable_servers()}
    failed = [
        name
        for name, command in lint_steps(python).items()
        if not passes(name, command, environment)
    ]
    print(f"\nFailed: {', '.join(failed)}" if failed else "\nAll checks passed.")
    return 1 if failed else 0


def lint_steps(python: Path) -> dict[str, list[str]]:
    """By the name that a failure is told under."""
    run = [str(python), "-m"]
    manage = [str(python), "-W", NO_DATABASE_WARNING, "manage.py"]
    return {
        "ruff check": [*run, "ruff", "check", "."],
        "ruff format": [*run, "ruff", "format", "--check", "."],
        "mypy": [*run, "mypy", *PACKAGES, "bench", "docs", "tests", "manage.py"],
        "lint-imports": [str(python.with_name("lint-imports"))],
        "manage.py check": [*manage, "check"],
        "makemigrations": [*manage, "makemigrations", "--check", "--dry-run"],
    }


def passes(name: str, command: list[str], environment: dict[str, str]) -> bool:
    """Its output stands on the terminal, as the tool wrote it."""
    print(f"\n── {name}", flush=True)
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode == 0


def unreachable_servers() -> dict[str, str]:
    """Settings want both named; no check needs either, so nothing is started for them."""
    return {
        "DATABASE_URL": "postgres://lint@127.0.0.1:1/lint",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
