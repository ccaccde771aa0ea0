"""`python -m bench`: which parts are measured, with which sizes, and what becomes of the figures."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bench import command, report
from bench.report import Row
from bench.sizes import Sizes

MET, MISSED = (Row(what="it", ours=ours, unit="s", at_most=1) for ours in (1, 2))


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], Sizes]]:
    """Groups and sizes that were asked for; nothing is measured, and posting misses its target."""
    asked: list[tuple[list[str], Sizes]] = []

    def group(parts: Sequence[str], sizes: Sizes) -> dict[str, tuple[list[Row], str]]:
        asked.append((list(parts), sizes))
        return {part: ([MISSED if part == "post" else MET], f"figures of {part}") for part in parts}

    monkeypatch.setattr(command, "_group", group)
    monkeypatch.setattr(command, "ProcessPoolExecutor", lambda n, _: ThreadPoolExecutor(n))
    return asked


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    sections: dict[str, str] = {}
    update: Callable[[Any], None] = sections.update
    monkeypatch.setattr(report, "write", update)
    return sections


def test_all_parts_are_measured_and_the_months_are_seeded_once(
    measured: list[tuple[list[str], Sizes]], written: dict[str, str]
) -> None:
    assert command.main([]) == 1
    assert [parts for parts, _ in measured] == [
        ["grid", "chromium", "bulk", "load"],
        ["preview"],
        ["post"],
        ["quota"],
        ["matrix"],
        ["mapping"],
        ["suggestions"],
    ]
    assert {sizes for _, sizes in measured} == {Sizes()}
    assert written == {}


def test_some_parts_with_sizes_of_ones_own_are_written_down(
    measured: list[tuple[list[str], Sizes]], written: dict[str, str]
) -> None:
    assert command.main(["--only", "load,preview", "--lines", "500", "--write"]) == 0
    assert [parts for parts, _ in measured] == [["load"], ["preview"]]
    assert measured[0][1] == Sizes(lines=500)
    assert written == {"Loading": "figures of load", "The preview": "figures of preview"}


def test_a_part_that_is_not_there_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(["--only", "load,lunch"])
    assert "no part is called lunch" in capsys.readouterr().err
