"""A few seeds of the soak in every run of the tests; `make soak` plays as many as one likes."""

from collections.abc import Iterator

import pytest

from tests.soak.boundaries import Boundary
from tests.soak.play import play
from tests.soak.real import play_for_real
from tests.soak.shop import Shop
from tests.soak.stage import Stage, stage


@pytest.fixture
def on(transactional_db: None) -> Iterator[Stage]:
    with stage() as ready:
        yield ready


@pytest.mark.parametrize("seed", [1])
def test_months_under_faults_come_out_to_the_cent(on: Stage, seed: int) -> None:
    tally = play(on, seed)

    assert tally.total() > 0
    assert on.complaints == []


def test_workers_that_are_killed_for_real_post_each_line_once(on: Stage) -> None:
    tally = play_for_real(on, 4, rounds=1)

    assert tally[Boundary.KILLED_FOR_REAL] == 3
    assert on.complaints == []


def test_time_goes_on_where_a_bell_rings_and_everybody_sleeps(on: Stage) -> None:
    answered: list[float] = []
    on.reset(1)
    for member in on.crew.members:
        on.crew.give(member, lambda: on.crew.pause(60))
    on.bells.append((lambda: answered.append(on.crew.now), ()))

    Shop(on, lambda: None).work_until_quiet()

    assert answered == [60]
