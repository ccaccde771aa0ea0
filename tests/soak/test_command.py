"""The soak's report: what it prints, and when it fails."""

import pytest

from tests.soak import command
from tests.soak.boundaries import Boundary

EVERYTHING = {boundary.value: 2 for boundary in Boundary}


def test_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    report = command.Report(command.ALL_MUST_BE_HIT_FROM)
    for seed in range(command.ALL_MUST_BE_HIT_FROM):
        report.add(seed, 1.0, EVERYTHING, "")

    assert report.end() == 0
    told = capsys.readouterr().out
    assert "300 of 300 seeds" in told
    assert "      600  written, but no reply" in told


def test_a_failing_seed_is_told_with_the_command_that_replays_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = command.Report(1)
    report.add(77, 1.0, EVERYTHING, "Wrong: the bill of May 2026: 1, not 2")

    assert report.end() == 1
    told = capsys.readouterr().out
    assert "the bill of May 2026: 1, not 2" in told
    assert "make soak FROM=77 SEEDS=1" in told


def test_a_boundary_that_a_long_run_never_reached_is_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    missed = Boundary.LATER_STILL
    hits = {name: count for name, count in EVERYTHING.items() if name != missed.value}
    report = command.Report(command.ALL_MUST_BE_HIT_FROM)
    for seed in range(command.ALL_MUST_BE_HIT_FROM):
        report.add(seed, 1.0, hits, "")

    assert report.end() == 1
    assert f"Never reached: {missed.value}" in capsys.readouterr().out


def test_a_short_run_may_miss_some() -> None:
    report = command.Report(1)
    report.add(1, 1.0, {}, "")

    assert report.end() == 0
