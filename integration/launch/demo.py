"""`make demo`: everything on this computer, from servers to web, until Ctrl-C."""

import os
import signal
from pathlib import Path

from integration.launch import accounts, machine, postgres, standins, valkey
from integration.launch.processes import Interrupted, Service, Stack
from integration.launch.state import ROOT, State, dotenv

WEB_PORT = 8000
LOGIN = "demo"


def run(python: Path, state: State) -> int:
    """Returns 0 after Ctrl-C or SIGTERM; anything else that ends it raises."""
    with state.locked(), Stack(state) as stack:
        try:
            address = bring_up(stack, python)
            password = state.secrets()["demo_login"]
            print(f"\nLogs are in {state.log('web').parent}. Ctrl-C stops everything.")
            print(f"Linebridge runs: {address}  login: {LOGIN}  password: {password}", flush=True)
            stack.watch()
        except Interrupted:
            print("\nStopping …", flush=True)
    print("Stopped; the data stay for the next `make demo`.")
    return 0


def bring_up(stack: Stack, python: Path) -> str:
    """Starts all in the order in which each needs the one before; returns the address."""
    environment = {**own_variables(), **servers(stack)}
    say("the two stand-in servers")
    environment |= standins.start(stack, python)
    for name in ("PLATFORM_URL", "CONNECTWISE_URL"):
        print(f"  {environment[name]}/ shows its data and its fault dial")
    say("the database's tables")
    stack.run(step(python, environment, stack.state))
    # As late as can be: another demo that starts meanwhile would take the same one.
    address = f"http://127.0.0.1:{machine.free_port(WEB_PORT)}/"
    say("web, worker and beat")
    for service in product(python, environment, address, stack.state):
        stack.start(service)
    for service, _child in list(stack.children):
        stack.wait_ready(service)
    process = str(os.getpid())
    marks = {"LINEBRIDGE_ADDRESS": address, "LINEBRIDGE_PROCESS": process}
    stack.state.announce(only_ours(environment) | marks)
    return address


def say(what: str) -> None:
    print(f"Starting {what} …", flush=True)


def own_variables() -> dict[str, str]:
    """The user's environment, `.env` below it, without what is for the user's own PostgreSQL tools."""
    merged = {**dotenv(ROOT / ".env"), **os.environ}
    return {name: value for name, value in merged.items() if not name.startswith("PG")}


def servers(stack: Stack) -> dict[str, str]:
    """Database, broker and keys: given ones are used, missing ones started or made."""
    given, kept = own_variables(), stack.state.secrets()
    home = accounts.choose_home(stack.state)
    wanted = {name: given.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    if not wanted["DATABASE_URL"]:
        say("PostgreSQL")
        wanted["DATABASE_URL"] = postgres.start(stack, home, kept["postgres"])
    if not wanted["REDIS_URL"]:
        say("Valkey")
        wanted["REDIS_URL"] = valkey.start(stack, home, kept["valkey"])
    keys = {name: given.get(name) or kept[name] for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEY")}
    return wanted | keys | {"LINEBRIDGE_LOOPBACK": "true", "ALLOWED_HOSTS": ""}


def step(python: Path, environment: dict[str, str], state: State) -> Service:
    """Migrates, and makes the demo's user, before web and worker look at the tables."""
    return Service(
        name="prepare",
        command=[str(python), "manage.py", "prepare_demo"],
        environment={**environment, "DEMO_PASSWORD": state.secrets()["demo_login"]},
    )


def product(
    python: Path, environment: dict[str, str], address: str, state: State
) -> tuple[Service, Service, Service]:
    """The product's own three processes, started together."""
    bind = address.removeprefix("http://").rstrip("/")
    gunicorn = [
        *(str(python), "-m", "gunicorn", "integration.wsgi", "--bind", bind),
        *("--workers", "2", "--threads", "4", "--access-logfile", "-"),
        # A browser that pauses longer than gunicorn's own 2 s could meet a closing connection.
        *("--keep-alive", "75", "--graceful-timeout", "3", "--no-control-socket"),
    ]
    celery = [str(python), "-m", "celery", "-A", "integration"]
    # Eight lanes of posting, and four for what people wait for meanwhile: a preview, a load.
    worker = ["worker", "--pool", "threads", "--concurrency", "12", "--without-gossip"]
    schedule = str(state.folder / "beat-schedule")
    return (
        Service(
            name="web",
            command=gunicorn,
            environment=environment,
            ready=lambda: machine.answers(f"{address}healthz"),
            patience=5,
            restarts=True,
        ),
        Service(
            name="worker",
            command=[*celery, *worker, "--without-mingle", "--loglevel", "INFO"],
            environment=environment,
            # A worker that waits for a dead database would linger; a killed one is mended by the sweep.
            orphan_signal=signal.SIGKILL,
            restarts=True,
        ),
        Service(
            name="beat",
            command=[*celery, "beat", "--schedule", schedule, "--pidfile", ""],
            environment=environment,
            restarts=True,
        ),
    )


def only_ours(environment: dict[str, str]) -> dict[str, str]:
    """What manage.py needs beside the running stack: what the launcher set, nothing of the user's."""
    return {name: value for name, value in environment.items() if os.environ.get(name) != value}
