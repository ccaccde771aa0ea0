"""Judges which record of ConnectWise a customer or an offer is, and says why (P11). Pure.

`compare_names` looks at two names; `rank` weighs names, codes and earlier decisions of one record's
candidates against each other: what two of them could be is never sure.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mapping.names import Kind, Name, Word, code_key, read_name
from mapping.wordlists import TRADE_WORDS

SURE = 95
# Below this a suggestion helps nobody.
WORTH_SHOWING = 55
# What is never sure, however good it looks.
UNSURE = SURE - 1
# The scores are told in docs/mapping.md; they were tuned on one half of tests/mapping/data/pairs.csv.
SAME, FORM_MISSING, SPACED, REORDERED, SHORTENED, MISSPELT = 100, 99, 98, 97, 96, 95
OTHER_FORM, ACRONYM, PARTLY, LIKE = 90, 80, 86, 90
# A code of so many letters is no chance; "4711" may be.
DECISIVE_CODE = 6
# In a word of so many letters a slip leaves enough to know it by.
LONG_WORD = 8
# Where a vowel was lost: "Nordwnd".
UNSPEAKABLE = re.compile("[bcdfghjklmnpqrstvwxz]{5}")


@dataclass(frozen=True, slots=True)
class Match:
    """How sure it is, from 0 to 100, and why in words."""

    score: int
    reason: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be mapped: `code` is its reference number or SKU, and `code_name` what that is called."""

    kind: Kind
    name: str
    code: str = ""
    vendor: str = ""
    code_name: str = "Reference #"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record of ConnectWise; `decided` says what a person decided about it before ("" nothing)."""

    key: int
    name: str
    identifier: str = ""
    connectwise_id: int = 0
    decided: str = ""
    # A person took this very mapping away: it is shown, and never sure.
    undone: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its match, as it stands among the others."""

    candidate: Candidate
    match: Match


def compare_names(left: str, right: str, kind: Kind, vendor: str = "") -> Match:
    """How alike two names are, by the best of the ways to read them."""
    return max(
        (
            _compare(one, other)
            for one in read_name(left, kind, vendor)
            for other in read_name(right, kind, vendor)
        ),
        key=lambda match: match.score,
    )


def judge(subject: Subject, candidate: Candidate) -> Match:
    """The match of one candidate alone: its code, an earlier decision, its name."""
    named = compare_names(subject.name, candidate.name, subject.kind, subject.vendor)
    match = max(_coded(subject, candidate, named), _decided(candidate), named, key=_score)
    if candidate.undone and match.score > UNSURE:
        return Match(UNSURE, f"{match.reason}; {candidate.undone}")
    return match


def rank(subject: Subject, candidates: Iterable[Candidate]) -> list[Ranked]:
    """Those worth showing, best first; a tie is told, and sure only where nothing else may be it."""
    judged = [Ranked(one, judge(subject, one)) for one in candidates]
    worth = [one for one in judged if one.match.score >= WORTH_SHOWING]
    worth.sort(key=lambda one: _order(subject, one))
    sure = [one for one in worth if one.match.score >= SURE]
    if len(sure) < 2 or _stands_out(subject, sure):
        return worth
    return [_unsure(one, sure) if one in sure else one for one in worth]


def _order(subject: Subject, one: Ranked) -> tuple[int, bool, bool, int]:
    """Best first; of equals the one with the code, then the one decided before."""
    candidate = one.candidate
    coded = _same_code(subject, candidate)
    return -one.match.score, not coded, not candidate.decided, candidate.connectwise_id


def _stands_out(subject: Subject, sure: Sequence[Ranked]) -> bool:
    """The first is the one by its code and its name both, or clearly ahead of names almost like it."""
    first, second = sure[0], sure[1]
    coded = [one for one in sure if _same_code(subject, one.candidate)]
    if coded:
        named = compare_names(subject.name, coded[0].candidate.name, subject.kind, subject.vendor)
        return len(coded) == 1 and coded[0] is first and named.score >= SURE
    if first.candidate.decided:
        return not second.candidate.decided
    return first.match.score - second.match.score >= (1 if first.match.score == SAME else 2)


def _unsure(one: Ranked, sure: Sequence[Ranked]) -> Ranked:
    others = [str(other.candidate.connectwise_id) for other in sure if other is not one]
    told = f"{one.match.reason}, but ID {' and '.join(others[:2])} may be it too"
    return replace(one, match=Match(UNSURE, told))


def _score(match: Match) -> int:
    return match.score


def _same_code(subject: Subject, candidate: Candidate) -> bool:
    return bool(code_key(subject.code)) and code_key(subject.code) == code_key(candidate.identifier)


def _coded(subject: Subject, candidate: Candidate, named: Match) -> Match:
    """The same code; a short one may be chance where the names have nothing in common."""
    if not _same_code(subject, candidate):
        return Match(0, "")
    key = code_key(subject.code)
    told = f"{subject.code_name} {subject.code} is its identifier"
    if named.score >= WORTH_SHOWING or (len(key) >= DECISIVE_CODE and not key.isdigit()):
        return Match(SAME, told)
    return Match(LIKE, f"{told}, but the names differ")


def _decided(candidate: Candidate) -> Match:
    return Match(SAME if candidate.decided else 0, candidate.decided)


def _compare(left: Name, right: Name) -> Match:
    match = _compare_words(left.words, right.words) or _joined(left, right) or _partly(left, right)
    if not (left.forms or right.forms) or left.forms == right.forms or match.score < SHORTENED - 1:
        return match
    if left.forms and right.forms:
        mine, other = " ".join(sorted(left.forms)), " ".join(sorted(right.forms))
        return Match(OTHER_FORM, f"{match.reason}, but {mine} is not {other}")
    form = " ".join(sorted(left.forms or right.forms))
    return Match(min(match.score, FORM_MISSING), f"{match.reason}, {form} aside")


def _joined(left: Name, right: Name) -> Match | None:
    if left.joined.isdisjoint(right.joined):
        return None
    return Match(SPACED, "Same name but for spaces")


def _compare_words(left: Sequence[Word], right: Sequence[Word]) -> Match | None:
    """A match of every word with one of the other name; None where a word stands alone."""
    if len(left) == len(right) and all(a.is_same(b) for a, b in zip(left, right, strict=True)):
        return Match(SAME, "Same name")
    mine, others = _left_over(left, right)
    if not mine and not others:
        return Match(REORDERED, "Same words in another order")
    worst = Match(SAME, "")
    while mine:
        found = _pair(mine, others)
        if found is None:
            return None
        worst = min(worst, found, key=_score)
    return None if others else worst


def _left_over(left: Sequence[Word], right: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    """What remains of both once equal words have taken each other away."""
    mine, others = [], list(right)
    for word in left:
        same = next((other for other in others if word.is_same(other)), None)
        if same is None:
            mine.append(word)
        else:
            others.remove(same)
    return mine, others


def _pair(mine: list[Word], others: list[Word]) -> Match | None:
    """Take the first of mine and its like out of both lists; None where it has none."""
    word = mine[0]
    for other in others:
        if match := _alike(word, other):
            mine.remove(word)
            others.remove(other)
            return match
    for one, two in ((mine, others), (others, mine)):
        if taken := _written_apart(one, two):
            return taken
    return None


def _written_apart(whole: list[Word], parts: list[Word]) -> Match | None:
    """One word that the other name writes as two."""
    for word in whole:
        for first, second in pairwise(parts):
            if f"{first.text}{second.text}" in word.ways:
                whole.remove(word)
                parts.remove(first)
                parts.remove(second)
                return Match(SPACED, "Same name but for spaces")
    return None


def _alike(one: Word, other: Word) -> Match | None:
    """Two spellings of one word: cut short by a dot, a plural, a slip of the hand."""
    if one.has_digit or other.has_digit:
        return None
    short, long = sorted((one.text, other.text), key=len)
    dotted = one.dotted if one.text == short else other.dotted
    if dotted and len(short) >= 3 and long.startswith(short) and len(long) - len(short) >= 2:
        return Match(SHORTENED, f"“{short}.” is short for “{long}”")
    told = f"“{one.text}” and “{other.text}” differ by one letter"
    known = {short, long} & TRADE_WORDS
    if len(known) == 1 and len(short) >= 5 and is_slip(short, long):
        return Match(SHORTENED, told)
    if {short, f"{short}s"} & TRADE_WORDS and long == f"{short}s":
        return Match(SHORTENED, told)
    return Match(MISSPELT, told) if not known and _is_sure_slip(short, long) else None


def is_slip(one: str, other: str) -> bool:
    """One letter too many, too few or wrong, or two neighbours swapped."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if start is None:
        return True
    rest, other_rest = one[start:], other[start:]
    if len(one) == len(other):
        swapped = rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:]
        return swapped or rest[1:] == other_rest[1:]
    return rest[1:] == other_rest or other_rest[1:] == rest


def _is_sure_slip(short: str, long: str) -> bool:
    """A slip in a name of its own: letters swapped or one lost inside a long word.

    One wrong letter and a doubled one make other families and towns: Hamburg and Homburg, Jansen
    and Janssen.
    """
    if not is_slip(short, long) or short[0] != long[0]:
        return False
    if len(short) == len(long):
        return len(short) >= LONG_WORD and sorted(short) == sorted(long)
    at = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), None)
    if at is None or long[at] in (long[at - 1], long[at + 1]):
        return False
    return len(short) >= LONG_WORD or (
        UNSPEAKABLE.search(short) is not None and UNSPEAKABLE.search(long) is None
    )


def _partly(left: Name, right: Name) -> Match:
    """Neither the same nor another: how much of both names is shared."""
    mine, others = _left_over(left.words, right.words)
    if _is_acronym(left, right) or _is_acronym(right, left):
        return Match(ACRONYM, "Its initials")
    likeness = trigram_similarity(left.text, right.text)
    if any(word.has_digit for word in (*mine, *others)):
        return Match(round(likeness * 75), "Similar, but another number")
    if not mine or not others:
        extra = " ".join(word.text for word in (mine or others))
        shared = min(len(left.text), len(right.text)) / max(len(left.text), len(right.text), 1)
        return Match(round(60 + (PARTLY - 60) * shared), f"Same words, but “{extra}” too")
    return Match(round(likeness * LIKE), "Similar name")


def _is_acronym(short: Name, long: Name) -> bool:
    initials = "".join(word.text[0] for word in long.words)
    return len(initials) >= 3 and short.joined == {initials}


def trigrams(text: str) -> set[str]:
    """The letters in threes, as PostgreSQL's pg_trgm counts them."""
    # Two blanks before and one behind each word, so that the beginning of a word weighs more.
    padded = [f"  {word} " for word in text.split()]
    return {word[at : at + 3] for word in padded for at in range(len(word) - 2)}


def trigram_similarity(left: str, right: str) -> float:
    """0 to 1, as PostgreSQL's `similarity` answers."""
    one, other = trigrams(left), trigrams(right)
    return len(one & other) / len(one | other) if one | other else 0.0
