"""What is told of a plan that nobody looks at before it is carried out (P45)."""

import logging

import pytest

from invoices.sync import run
from invoices.sync.states import Origin
from tests.invoices.sync.world import MAY, World, work


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]


@pytest.mark.parametrize(
    ("origin", "warned"), [(Origin.SCHEDULE, True), (Origin.COMMAND, True), (Origin.PERSON, False)]
)
def test_a_licence_that_would_be_billed_every_month_is_warned_of_where_nobody_previews(
    world: World, caplog: pytest.LogCaptureFixture, origin: Origin, warned: bool
) -> None:
    agreement = world.agreement
    agreement.billing_cycle = "Monthly"
    agreement.save()
    annual = world.monthly(MAY, billing_cycle="Annual")
    world.monthly(MAY, billing_cycle="Monthly", subscription_id="SUB-B")

    work(run.start_run(period=MAY, user=None, origin=origin))

    told = [text for text in warnings(caplog) if "bills it in every monthly period" in text]
    assert [text.startswith(annual.platform_id) for text in told] == [True] * warned
