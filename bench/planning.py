"""Preview: from the press of the button to operations that can be shown (target: 10,000 lines in 2 s).

DATABASE_URL=… REDIS_URL=… python -m bench.planning --lines 10000
"""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from bench import world

PORT = 58_723
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.planning", description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--agreements", type=int, default=20)
    options = parser.parse_args()
    with world.stand_in(PORT):
        world.prepare(url=f"http://127.0.0.1:{PORT}", quota=100_000_000, concurrency=8)
        world.seed(options.lines, agreements=options.agreements)
        sys.stdout.write(f"{options.lines:,} lines{'wall s':>22}{'CPU s':>10}{'statements':>12}\n")
        measure()


def measure() -> None:
    from django.db import connection

    from invoices.sync import planning, previews
    from invoices.sync.scope import RunScope

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    planned = _timed("gather and plan", lambda: planning.preview(world.MAY))
    assert planned
    draft = previews.start_draft(period=world.MAY, user=None, scope=RunScope())
    _timed("and keep, as a preview (≤ 2)", lambda: previews.plan_if_needed(draft.pk, draft.epoch))
    assert draft.operations.count() == len(planned)


def _timed(label: str, work: Callable[[], T]) -> T:
    from django.db import connection

    statements = 0

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    wall, cpu = time.perf_counter(), time.process_time()
    with connection.execute_wrapper(count):
        done = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    sys.stdout.write(f"{label:30}{wall:10.2f}{cpu:10.2f}{statements:12}\n")
    return done


if __name__ == "__main__":
    main()
