"""The launcher's verbs and their exit codes: 0 done, 1 failed, 2 misused, 130 interrupted."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from integration.launch import checks, demo, virtualenv
from integration.launch.processes import Interrupted, interruptible
from integration.launch.state import ROOT, LaunchError, State


def main(arguments: list[str]) -> int:
    """Runs one verb. What goes wrong is one sentence on stderr, never a traceback."""
    name = parser().parse_args(arguments[:1]).verb
    rest = arguments[1:]
    if rest and name in ALONE:
        refuse(name, rest)
    verb, _help = VERBS[name]
    try:
        with interruptible():
            return verb(rest)
    except LaunchError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except Interrupted:
        print("\nStopped.", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """Of the verb alone: what follows it is for pytest, manage.py or the resolver."""
    lines = [f"  {name:8}{help_text}" for name, (_run, help_text) in VERBS.items()]
    top = argparse.ArgumentParser(
        prog="python3 -m integration.launch",
        usage="%(prog)s VERB [ARGS]",
        description="\n".join(["Starts, tests and checks Linebridge.", "", *lines]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("verb", choices=VERBS, metavar="VERB", help=argparse.SUPPRESS)
    return top


def refuse(name: str, rest: list[str]) -> NoReturn:
    """Who asks a verb for its help doesn't want it to begin."""
    if {"-h", "--help"} & set(rest):
        parser().parse_args(["--help"])
    parser().error(f"{name} takes no arguments")


def setup(_rest: list[str]) -> int:
    virtualenv.ensure()
    print(f"{virtualenv.FOLDER.relative_to(ROOT)} is ready.")
    return 0


def manage(rest: list[str]) -> int:
    """Any manage.py command; manage.py itself finds the running demo."""
    python = virtualenv.ensure()
    os.chdir(ROOT)
    os.execv(python, [str(python), "manage.py", *rest])


def run_demo(_rest: list[str]) -> int:
    return demo.run(virtualenv.ensure(), State.here())


def lock(rest: list[str]) -> int:
    virtualenv.lock(rest)
    return 0


VERBS: dict[str, tuple[Callable[[list[str]], int], str]] = {
    "setup": (setup, "build .venv, or bring it up to date"),
    "demo": (run_demo, "start everything on this computer, until Ctrl-C"),
    "test": (lambda rest: checks.test(virtualenv.ensure(), rest), "run pytest with ARGS"),
    "soak": (lambda rest: checks.soak(virtualenv.ensure(), rest), "play seeds of faults with ARGS"),
    "bench": (lambda rest: checks.bench(virtualenv.ensure(), rest), "measure speed with ARGS"),
    "lint": (lambda rest: checks.lint(virtualenv.ensure(), rest), "run every static check"),
    "manage": (manage, "run manage.py ARGS against the running demo"),
    "lock": (lock, "write requirements*.txt; ARGS such as --upgrade go to the resolver"),
}
# The others hand what follows them to pytest, to manage.py or to the resolver.
ALONE = frozenset({"setup", "demo", "lint"})
