"""The launcher's verbs and their exit codes: 0 done, 1 failed, 2 misused, 130 interrupted."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable

from integration.launch import checks, demo, virtualenv
from integration.launch.processes import Interrupted
from integration.launch.state import ROOT, LaunchError, State


def main(arguments: list[str]) -> int:
    """Runs one verb. What goes wrong is one sentence on stderr, never a traceback."""
    options = parser().parse_args(arguments)
    verb: Callable[[list[str]], int] = options.run
    try:
        return verb(options.rest)
    except LaunchError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"\n`{printable(error.cmd)}` failed; its own words are above.", file=sys.stderr)
        return 1
    except (Interrupted, KeyboardInterrupt):
        print("\nStopped.", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python3 -m integration.launch", description="Starts, tests and checks Linebridge."
    )
    verbs = top.add_subparsers(metavar="VERB", required=True)
    for name, (run, help_text) in VERBS.items():
        verb = verbs.add_parser(name, help=help_text, add_help=name != "manage")
        verb.add_argument("rest", nargs=argparse.REMAINDER, metavar="ARGS")
        verb.set_defaults(run=run)
    return top


def printable(command: object) -> str:
    return " ".join(map(str, command)) if isinstance(command, list | tuple) else str(command)


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
    "lint": (lambda rest: checks.lint(virtualenv.ensure(), rest), "run every static check"),
    "manage": (manage, "run manage.py ARGS against the running demo"),
    "lock": (lock, "write requirements*.txt; ARGS such as --upgrade go to the resolver"),
}
