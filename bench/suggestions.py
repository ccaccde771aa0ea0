"""Suggestions: how often the product is right where it says it is sure, and what simpler means reach.

    python -m bench.suggestions

Measured on the half of the labelled pairs that nothing was tuned on. The baselines stand at the same
threshold, and at the best one that the other half gives them at the same precision.
"""

import sys
from collections.abc import Callable

from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from mapping.similarity import SURE, Candidate, Subject, judge, trigram_similarity
from psa_connectwise.text import normalise
from tests.mapping.labelled import Pair, half, quality

PRECISION, RECALL = 0.99, 0.8


def ours(pair: Pair) -> float:
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


def main() -> None:
    pairs = half(measures=True)
    sys.stdout.write(
        f"{len(pairs)} pairs, {sum(not pair.same for pair in pairs)} of them no match\n"
    )
    sys.stdout.write(f"{'':34}{'at':>6}{'precision':>12}{'recall':>9}\n")
    for label, score in (
        ("ours", ours),
        ("plain trigram", plain_trigram),
        ("rapidfuzz token sort", token_sort),
    ):
        thresholds = {float(SURE)} if score is ours else {float(SURE), tuned(score)}
        for threshold in sorted(thresholds):
            found = quality((pair, score(pair) >= threshold) for pair in pairs)
            figures = f"{threshold:6.0f}{found.precision:12.3f}{found.recall:9.3f}"
            sys.stdout.write(f"{label:34}{figures}\n")
    sys.stdout.write(f"{'target':34}{SURE:6}{PRECISION:12.3f}{RECALL:9.3f}\n")


if __name__ == "__main__":
    main()
