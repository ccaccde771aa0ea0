"""Suggestions: how often the product is right where it says it is sure, and what simpler means reach.

Measured on the half of the labelled pairs that nothing was tuned on (`tests/mapping/data/pairs.csv`).
Beside it stand PostgreSQL's plain trigram similarity of the names and rapidfuzz's ratio of their sorted
words, each at the same threshold, and at the lowest one that makes no more mistakes than are allowed on the
half that is for tuning. Whoever says nothing is never wrong: both figures count together.
"""

from collections.abc import Callable
from dataclasses import replace

from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from bench import world
from bench.report import Row
from bench.sizes import Sizes
from mapping.similarity import SURE, Candidate, Subject, judge, trigram_similarity
from psa_connectwise.text import normalise
from tests.mapping.labelled import Pair, Quality, half, quality

PRECISION, RECALL = 0.99, 0.8


def ours(pair: Pair) -> float:
    """From 0 to 100, as the two below."""
    subject = Subject(pair.kind, pair.left, pair.left_code, pair.vendor)  # type: ignore[arg-type]
    return judge(subject, Candidate(1, pair.right, pair.right_code)).score


def plain_trigram(pair: Pair) -> float:
    """What PostgreSQL's `similarity` says of the names as the pickers search them."""
    return 100 * trigram_similarity(normalise(pair.left), normalise(pair.right))


def token_sort(pair: Pair) -> float:
    return fuzz.token_sort_ratio(pair.left, pair.right, processor=default_process)


def tuned(score: Callable[[Pair], float]) -> float:
    """The lowest threshold that is precise enough on the half for tuning; 101 where none is."""
    scored = [(pair, score(pair)) for pair in half(measures=False)]
    for threshold in range(30, 101):
        if quality((p, s >= threshold) for p, s in scored).precision >= PRECISION:
            return threshold
    return 101


def rows(_sizes: Sizes) -> list[Row]:
    world.prepare()
    pairs = half(measures=True)
    mine = quality((pair, ours(pair) >= SURE) for pair in pairs)
    found: list[Row] = []
    for name, score in (("plain trigram", plain_trigram), ("rapidfuzz", token_sort)):
        for threshold in sorted({float(SURE), tuned(score)}):
            theirs = quality((pair, score(pair) >= threshold) for pair in pairs)
            found += _beside(mine, theirs, f"{name} at {threshold:.0f}")
    different = sum(not pair.same for pair in pairs)
    note = f"{len(pairs)} pairs, {different} of them different"
    return [replace(found[0], note=note), *found[1:]]


def _beside(mine: Quality, theirs: Quality, name: str) -> list[Row]:
    """As shares of mistakes, of which less is better."""
    return [
        Row(what=f"said to be sure at {SURE}, and wrong", ours=100 * (1 - mine.precision), unit="%",
            other=100 * (1 - theirs.precision), beside=name, at_most=100 * (1 - PRECISION)),
        Row(what=f"the same, and not said to be sure at {SURE}", ours=100 * (1 - mine.recall),
            unit="%", other=100 * (1 - theirs.recall), beside=name, at_most=100 * (1 - RECALL)),
    ]  # fmt: skip
