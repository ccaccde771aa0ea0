"""What is judged to be the same, how sure, and why; measured on pairs that nothing was tuned on."""

import pytest

from mapping.similarity import (
    SURE,
    UNSURE,
    Candidate,
    Ranked,
    Subject,
    compare_names,
    is_slip,
    judge,
    rank,
    trigram_similarity,
)
from tests.mapping.labelled import Pair, all_pairs, half, quality


def suggested(pair: Pair) -> bool:
    subject = Subject(pair.kind, pair.left, pair.left_code, pair.vendor)  # type: ignore[arg-type]
    return judge(subject, Candidate(1, pair.right, pair.right_code)).score >= SURE


def test_the_labelled_set_is_large_and_mean() -> None:
    pairs = all_pairs()

    assert len(pairs) >= 400
    assert sum(not pair.same for pair in pairs) >= 0.4 * len(pairs)
    assert min(len(half(measures=True)), len(half(measures=False))) >= 200


@pytest.mark.parametrize("measures", [True, False])
def test_what_is_said_to_be_sure_is_right_and_most_is_found(measures: bool) -> None:
    found = quality((pair, suggested(pair)) for pair in half(measures=measures))

    assert found.precision >= 0.99
    assert found.recall >= 0.8


@pytest.mark.parametrize(
    ("left", "right", "score", "reason"),
    [
        ("Acme Corp.", "ACME Corporation", 100, "Same name"),
        ("Müller & Söhne GmbH", "Mueller und Soehne GmbH", 100, "Same name"),
        ("Acme Corp", "Acme", 99, "Same name, Corp aside"),
        ("Acme GmbH", "Acme AG", 90, "Same name, but GmbH is not AG"),
        ("Blue Bird Travel", "Bluebird Travel", 98, "Same name but for spaces"),
        ("Travel Bluebird", "Bluebird Travel", 97, "Same words in another order"),
        ("Acme Constr. Berlin", "Acme Construction Berlin", 100, "Same name"),
        (
            "Acme Hydraul. Berlin",
            "Acme Hydraulics Berlin",
            96,
            "“hydraul.” is short for “hydraulics”",
        ),
        (
            "Acme Lgoistics",
            "Acme Logistics",
            96,
            "“lgoistics” and “logistics” differ by one letter",
        ),
        (
            "Wintershoffer Farben",
            "Wintershofer Farben",
            80,
            "Similar name",
        ),
        ("Acme", "Acme Holding", 70, "Same words, but “holding” too"),
        ("Pier 7", "Pier 17", 40, "Similar, but another number"),
        ("NBA Inc", "North Bay Associates", 80, "Its initials"),
        ("Acme", "Zebra", 0, "Similar name"),
    ],
)
def test_two_names_and_why(left: str, right: str, score: int, reason: str) -> None:
    match = compare_names(left, right, "organization")

    assert match.reason.startswith(reason)
    assert abs(match.score - score) <= (0 if score >= 90 else 12)


@pytest.mark.parametrize("left", ["Hamburg", "Jansen", "Stanford"])
@pytest.mark.parametrize("right", ["Homburg", "Janssen", "Stamford"])
def test_names_that_differ_by_a_letter_are_never_sure(left: str, right: str) -> None:
    assert compare_names(f"Dentists {left}", f"Dentists {right}", "organization").score < SURE


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("health", "helath", True),
        ("health", "healt", True),
        ("health", "healthy", True),
        ("health", "hearth", True),
        ("health", "wealthy", False),
        ("health", "health", False),
        ("ab", "abcd", False),
    ],
)
def test_a_slip_of_the_hand(one: str, other: str, slip: bool) -> None:
    assert is_slip(one, other) is slip
    assert is_slip(other, one) is slip


def test_trigrams_count_as_in_postgresql() -> None:
    assert trigram_similarity("word", "two words") == pytest.approx(4 / 11)
    assert trigram_similarity("", "") == 0.0


# --- One among several ---------------------------------------------------------------------------


def candidate(number: int, name: str, **given: str) -> Candidate:
    return Candidate(key=number, name=name, connectwise_id=number, **given)


def ranked(name: str, *candidates: Candidate, code: str = "") -> list[Ranked]:
    return rank(Subject("organization", name, code), candidates)


def test_the_best_comes_first_and_the_hopeless_not_at_all() -> None:
    found = ranked(
        "Contoso",
        candidate(1, "Zebra"),
        candidate(2, "Contoso Consulting"),
        candidate(3, "Contoso"),
    )

    assert [one.candidate.key for one in found] == [3, 2]


@pytest.mark.parametrize(
    ("names", "sure"),
    [
        (["Contoso", "Contoso"], False),
        (["Contoso Ltd", "Contoso AG"], False),
        (["Contoso", "Contoso Ltd"], True),
        (["Contoso", "Contoso Consulting"], True),
    ],
)
def test_what_two_companies_may_be_is_not_sure(names: list[str], sure: bool) -> None:
    first, *_ = ranked("Contoso", *(candidate(at, name) for at, name in enumerate(names, 71)))

    assert (first.match.score >= SURE) is sure
    assert ("but ID 72 may be it too" in first.match.reason) is not sure


def test_a_reference_tells_namesakes_apart() -> None:
    first, second = ranked(
        "Contoso",
        candidate(71, "Contoso", identifier="ContosoA"),
        candidate(72, "Contoso", identifier="ContosoB"),
        code="contoso-b",
    )

    assert (first.candidate.key, first.match.score) == (72, 100)
    assert first.match.reason == "Reference # contoso-b is its identifier"
    assert second.candidate.key == 71


def test_a_reference_against_a_name_is_for_a_person_to_decide() -> None:
    found = ranked(
        "Contoso",
        candidate(71, "Contoso"),
        candidate(72, "Zebra", identifier="K-10021"),
        code="K-10021",
    )

    assert {one.match.score for one in found} == {UNSURE}


@pytest.mark.parametrize(("code", "score"), [("12", 90), ("100457", 90), ("K-10021", 100)])
def test_a_short_code_may_be_chance(code: str, score: int) -> None:
    match = judge(Subject("organization", "Contoso", code), candidate(1, "Zebra", identifier=code))

    assert match.score == score
    assert ("but the names differ" in match.reason) is (score < SURE)


def test_an_empty_code_says_nothing() -> None:
    assert ranked("Contoso", candidate(1, "Zebra", identifier="-"), code="") == []


def test_an_earlier_decision_is_followed() -> None:
    first, _ = ranked(
        "Contoso", candidate(1, "Contoso"), candidate(2, "Kontor", decided="As for ORG-7")
    )

    assert (first.candidate.key, first.match.reason) == (2, "As for ORG-7")


def test_two_decisions_leave_it_open() -> None:
    found = ranked("X", candidate(1, "A", decided="As one"), candidate(2, "B", decided="As two"))

    assert [one.match.score for one in found] == [UNSURE, UNSURE]


def test_what_a_person_took_away_is_never_sure_again() -> None:
    [only] = ranked("Contoso", candidate(1, "Contoso", undone="unmapped by olivia"))

    assert only.match.score == UNSURE
    assert only.match.reason == "Same name; unmapped by olivia"
