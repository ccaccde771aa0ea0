"""`python -m bench`: measures what speed is promised, and prints it beside the targets.

Each group of parts has a database and a process of its own, one after the other.
"""

import argparse
import importlib
import inspect
import logging
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from datetime import date

from bench import chart, report, world
from bench.report import Row
from bench.sizes import Sizes, add_options

# The months of a reseller are seeded once for the parts that need them.
ON_MONTHS = {
    "grid": "bench.pages",
    "chromium": "bench.chromium",
    "bulk": "bench.bulk",
    "load": "bench.load",
}
ALONE = {
    "preview": "bench.planning", "post": "bench.posting", "quota": "bench.quota",
    "matrix": "bench.matrix", "mapping": "bench.mapping", "suggestions": "bench.suggestions",
}  # fmt: skip
# Takes as long as some of them together: only when asked for.
APART = {"growth": "bench.growth"}
PARTS = {**ON_MONTHS, **ALONE, **APART}
HEADINGS = {
    "grid": "The grid", "chromium": "The grid in Chromium", "bulk": "Bulk Update", "load": "Loading",
    "preview": "The preview", "post": "Posting", "quota": "Posting under a quota",
    "matrix": "Posting, small samples", "mapping": "The mapping tabs",
    "suggestions": "Suggestions", "growth": "Growth",
}  # fmt: skip
NEWEST = date(2026, 5, 1)


def main(arguments: Sequence[str]) -> int:
    """1 where a target was missed."""
    parser = _parser()
    options = parser.parse_args(arguments)
    wanted = options.only.split(",") if options.only else [*ON_MONTHS, *ALONE]
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"no part is called {', '.join(unknown)}: there are {', '.join(PARTS)}")
    sizes = Sizes(**{field.name: getattr(options, field.name) for field in fields(Sizes)})
    together = [part for part in ON_MONTHS if part in wanted]
    groups = [together] if together else []
    groups += [[part] for part in (*ALONE, *APART) if part in wanted]
    missed = 0
    for group in groups:
        # Spawned, not forked: settings name the database, and can be loaded once a process only.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            for part, (rows, section) in pool.submit(_group, group, sizes).result().items():
                missed += sum(row.met is False for row in rows)
                if options.write:
                    report.write({HEADINGS[part]: section})
                if options.write and part == "growth":
                    chart.write(rows)
    print(f"\n{missed} targets missed" if missed else "\nevery target met")
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--only",
        default="",
        help=f"of {', '.join(PARTS)}: some, with commas; by default all but {', '.join(APART)}",
    )
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    add_options(parser)
    return parser


def _group(parts: Sequence[str], sizes: Sizes) -> dict[str, tuple[list[Row], str]]:
    """In a process of its own; what is known is printed at once."""
    logging.disable(logging.WARNING)
    if parts[0] in ON_MONTHS:
        world.prepare()
        _fill(sizes)
    return {part: _part(part, sizes) for part in parts}


def _fill(sizes: Sizes) -> None:
    from bench.seed import seed

    began = time.perf_counter()
    seed(newest=NEWEST, months=sizes.months, lines=sizes.lines)
    count = f"{sizes.months} × {sizes.lines:,} lines"
    print(f"{count} seeded in {time.perf_counter() - began:.0f} s", flush=True)


def _part(part: str, sizes: Sizes) -> tuple[list[Row], str]:
    module = importlib.import_module(PARTS[part])
    began = time.perf_counter()
    rows = module.rows(sizes)
    seconds = time.perf_counter() - began
    print(f"\n{HEADINGS[part]}, {seconds:.0f} s\n\n{report.text(rows)}", flush=True)
    machine = report.machine(_database())
    return rows, report.section(inspect.getdoc(module) or "", machine, rows)


def _database() -> str:
    """Its version, and the settings that matter for speed."""
    from django.db import connection

    said = []
    with connection.cursor() as cursor:
        for name in ("server_version", "shared_buffers", "fsync", "synchronous_commit"):
            cursor.execute("SELECT current_setting(%s)", [name])
            said.append(cursor.fetchone()[0])
    version, buffers, fsync, commit = said
    return f"PostgreSQL {version} (shared_buffers {buffers}, fsync {fsync}, synchronous_commit {commit})"
