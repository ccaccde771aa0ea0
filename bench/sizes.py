"""How much is measured: at their defaults, what is promised, in a quarter of an hour."""

from argparse import ArgumentParser
from dataclasses import dataclass, fields


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Options of `make bench`, and what each part is given."""

    months: int = 15
    lines: int = 100_000  # a month: in the table, loaded, and of the largest bulk update
    rounds: int = 15  # of each request of the grid
    repeats: int = 3  # of a load and of a bulk update
    posted: int = 10_000
    sampled: int = 500
    previewed: int = 10_000
    latency: float = 100.0  # milliseconds of a request's way to ConnectWise and back
    concurrency: int = 8
    workers: int = 1  # processes


HELP = {
    "months": "loaded months in the table",
    "lines": "invoice lines in each of them, in the month that is loaded, and in the largest Bulk Update",
    "rounds": "how often each page of the grid is asked for",
    "repeats": "how often a load and a bulk update are done; the median counts",
    "posted": "lines posted by the part post",
    "sampled": "lines posted by each of the small samples, and as many changed",
    "previewed": "lines in the preview",
    "latency": "milliseconds of a request's way to ConnectWise and back; matrix has its own",
    "concurrency": "requests at once; matrix has its own",
    "workers": "processes of the worker; matrix has its own",
}


def add_options(parser: ArgumentParser) -> None:
    """One for each field of `Sizes`, under its name."""
    for field in fields(Sizes):
        default = field.default
        parser.add_argument(
            f"--{field.name}",
            type=type(default),
            default=default,
            help=f"{HELP[field.name]} ({default:,})",
        )
