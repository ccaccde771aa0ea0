"""`python -m tests.soak --seeds 1000`: plays seeds on databases of its own, several processes at once.

Exit code 1 at a failing seed, which is printed with the command that replays it.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from multiprocessing.queues import Queue
from typing import Any

from tests.soak.boundaries import Boundary, Tally

# A boundary that so many seeds never reached is an error: the soak would prove nothing about it.
ALL_MUST_BE_HIT_FROM = 300
PROGRESS_EVERY = 10.0
REPLAY = "make soak FROM={seed} SEEDS=1"

Result = tuple[int, float, dict[str, int], str]


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.settings")
    context = multiprocessing.get_context("spawn")
    results: Queue[Result | None] = context.Queue()
    share = [
        range(asked.first + n, asked.first + asked.seeds, asked.processes)
        for n in range(asked.processes)
    ]
    workers = [
        context.Process(target=_work, args=(number, seeds, asked, results), daemon=True)
        for number, seeds in enumerate(share)
        if seeds
    ]
    for worker in workers:
        worker.start()
    report = Report(asked.seeds)
    left = len(workers)
    while left:
        result = _next(results, workers)
        if result is None:
            left -= 1
            continue
        report.add(*result)
        if report.failed and not asked.keep_going:
            break
    for worker in workers:
        worker.terminate() if left else worker.join()
    return report.end()


def _next(results: "Queue[Result | None]", workers: Sequence[Any]) -> Result | None:
    """The next seed's result; a worker that died says nothing more, and that is an error."""
    while True:
        try:
            return results.get(timeout=5)
        except Exception:
            dead = [one.exitcode for one in workers if one.exitcode]
            if dead:
                sys.exit(f"A soak process ended with exit code {dead[0]}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--from", type=int, default=1, dest="first", metavar="SEED")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--real-every", type=int, default=100, help="a seed with real processes, SIGKILLed; 0: none"
    )
    parser.add_argument("--keep-going", action="store_true", help="after a failing seed, too")
    return parser


def _work(number: int, seeds: range, asked: Any, results: Any) -> None:
    """One process: its own database, its own stand-in."""
    from tests.soak.process import soak_database, soak_seeds

    with soak_database(number):
        for result in soak_seeds(seeds, real_every=asked.real_every):
            results.put(result)
    results.put(None)


class Report:
    """Progress while it runs, and the table at its end."""

    def __init__(self, seeds: int) -> None:
        self.seeds, self.done, self.failed = seeds, 0, list[int]()
        self.tally = Tally()
        self.seconds = 0.0
        self._began = self._told = time.monotonic()

    def add(self, seed: int, seconds: float, hits: dict[str, int], failure: str) -> None:
        self.done += 1
        self.seconds += seconds
        self.tally.update({Boundary(name): count for name, count in hits.items()})
        if failure:
            self.failed.append(seed)
            _say(f"\nseed {seed} FAILED: {failure}\n  replay: {REPLAY.format(seed=seed)}\n")
        if time.monotonic() - self._told > PROGRESS_EVERY:
            self._told = time.monotonic()
            _say(self._progress())

    def _progress(self) -> str:
        rate = self.done / max(time.monotonic() - self._began, 0.001)
        return (
            f"{self.done:,} of {self.seeds:,} seeds, {rate:.2f} a second, {len(self.failed)} failed"
        )

    def end(self) -> int:
        """The table, then the exit code."""
        _say(f"\n{self._progress()}; {self.seconds / max(self.done, 1):.1f} s a seed\n")
        for boundary in Boundary:
            _say(f"{self.tally[boundary]:>9,}  {boundary.value}")
        missed = [one for one in Boundary if not self.tally[one]]
        if missed and self.done >= ALL_MUST_BE_HIT_FROM:
            _say(f"\nNever reached: {', '.join(missed)}")
            return 1
        if self.failed:
            _say(f"\nFailed seeds: {', '.join(map(str, self.failed))}")
            return 1
        return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
