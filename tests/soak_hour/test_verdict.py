"""What the stand-in's records convict a soak of."""

from dataclasses import replace
from typing import Any

import pytest

from tests.soak_hour.verdict import Line, Ours, errors, wrong

LINE = Line(
    platform_id="LINE-1", psa_status="synced", is_mapped=True, gone=False, in_flight=False,
    addition_id=7, error_code="", quantity=3, total_price=30,
)  # fmt: skip
WELL = Ours(lines=[LINE], owned={"LB-1": 7}, unfinished=0, live_runs=0)
ADDITION: dict[str, Any] = {"id": 7, "serialNumber": "LB-1", "quantity": 3, "extPrice": 30}
STRANGER: dict[str, Any] = {"id": 9, "serialNumber": "SN-77", "quantity": 1}


def lines(**changes: Any) -> Ours:
    return replace(WELL, lines=[replace(LINE, **changes)])


@pytest.mark.parametrize(
    ("us", "additions", "told"),
    [
        (WELL, [ADDITION, STRANGER], []),
        (WELL, [{**ADDITION, "quantity": 1}], []),  # its total in one piece
        (replace(WELL, unfinished=2), [ADDITION], ["2 operations and 0 runs are not finished"]),
        (
            WELL,
            [ADDITION, {**ADDITION, "id": 8}],
            ["stand twice in ConnectWise: LB-1"],
        ),
        (
            WELL,
            [ADDITION, {**ADDITION, "id": 8, "serialNumber": "LB-2"}],
            ["stand in ConnectWise under keys of ours that no posting knows: LB-2"],
        ),
        (
            WELL,
            [],
            [
                "Synced lines whose Addition is not in ConnectWise: LINE-1",
                "postings whose Addition is not in ConnectWise: LB-1",
            ],
        ),
        (
            WELL,
            [{**ADDITION, "quantity": 4, "extPrice": 40}],
            ["Synced lines that stand with another quantity and total: LINE-1"],
        ),
        (
            replace(WELL, lines=[LINE, replace(LINE, platform_id="LINE-2")]),
            [ADDITION],
            ["Additions with two lines of the month: 7"],
        ),
        (lines(in_flight=True), [ADDITION], ["lines that are still in flight: LINE-1"]),
        (
            lines(psa_status="not_synced"),
            [ADDITION],
            ["Mapped lines that the last sync left: LINE-1"],
        ),
        (lines(psa_status="not_synced", gone=True), [ADDITION], []),
    ],
)
def test_each_thing_that_must_not_be_is_told(
    us: Ours, additions: list[dict[str, Any]], told: list[str]
) -> None:
    assert list(wrong(us, additions)) == told


def test_lines_that_wait_for_a_person_are_no_loss_but_counted() -> None:
    us = lines(psa_status="error", error_code="product_inactive")
    assert list(wrong(us, [ADDITION])) == []
    assert errors(us) == {"product_inactive": 1}
