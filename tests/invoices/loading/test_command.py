"""`load_invoices`: the same load from a terminal."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from invoices.loading.load import run_load
from invoices.models import InvoiceLine, Load, Period, SyncRun
from platform_client.schemas import BadItem
from tests.invoices.loading.fake_platform import MAY, FakePlatform, make_platform_line
from wire.errors import ConfigError, NotConfigured

pytestmark = pytest.mark.django_db

COMMAND = "invoices.management.commands.load_invoices"


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> FakePlatform:
    """What the command reads from."""
    fake = FakePlatform().put(make_platform_line(1), make_platform_line(2))
    monkeypatch.setattr(f"{COMMAND}.run_load", _with_client(run_load, lambda: fake))
    return fake


def _with_client(service: Callable[..., bool], make_client: Callable[[], Any]) -> Any:
    return lambda **options: service(**options, make_client=make_client)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("load_invoices", *arguments, stdout=out)
    return out.getvalue()


def test_a_month_is_loaded_here_and_told(platform: FakePlatform) -> None:
    out = run("--period", "2026-05")
    assert out.startswith("May 2026 loaded: 2 new, 0 updated")
    assert InvoiceLine.objects.count() == 2


def test_json_is_the_last_line(platform: FakePlatform) -> None:
    run("--period", "2026-05")
    (told,) = json.loads(run("--period", "2026-05", "--json").splitlines()[-1])["loads"]
    counts = {"read": 2, "new": 0, "updated": 0, "unchanged": 2, "gone": 0}
    assert told.items() >= counts.items()
    assert told.items() >= {"period": "2026-05", "complete": True, "state": "done"}.items()


def test_several_months_and_words_for_them(platform: FakePlatform) -> None:
    with time_machine.travel(datetime(2026, 5, 18, tzinfo=UTC)):
        run("--period", "current", "--period", "previous", "--period", "2026-05")
    months = Period.objects.order_by("month").values_list("month", flat=True)
    assert list(months) == [date(2026, 4, 1), date(2026, 5, 1)]
    assert Load.objects.count() == 2


def test_a_bad_line_ends_with_1(platform: FakePlatform) -> None:
    platform.bad = [BadItem("LINE-3", "quantity: no")]
    with pytest.raises(SystemExit) as ended:
        run("--period", "2026-05")
    assert ended.value.code == 1
    assert InvoiceLine.objects.count() == 2


def refused(*arguments: str) -> CommandError:
    with pytest.raises(CommandError) as refusal:
        run(*arguments)
    assert refusal.value.returncode == 2
    return refusal.value


@pytest.mark.parametrize(
    "error",
    [
        ConfigError("The Platform refused the API key (401). Check it.", service="The Platform"),
        NotConfigured(["API URL"], service="The Platform"),
    ],
)
def test_a_platform_that_refuses_ends_with_2_and_its_sentence(
    platform: FakePlatform, error: ConfigError
) -> None:
    platform.down = error
    assert str(refused("--period", "2026-05")) == (
        f"May 2026 was not loaded, nothing has changed. {error.message}"
    )


def test_a_period_that_is_none_is_refused(platform: FakePlatform) -> None:
    assert "“May” is not a period" in str(refused("--period", "May"))
    assert not Load.objects.exists()


def test_a_period_that_a_run_posts_is_refused(platform: FakePlatform) -> None:
    SyncRun.objects.create(period=MAY, state="running")
    assert "May 2026 can't be loaded while run" in str(refused("--period", "2026-05"))


def test_a_queued_load_is_done_by_the_command(platform: FakePlatform) -> None:
    Load.objects.create(month=MAY)
    run("--period", "2026-05")
    assert Load.objects.get().state == "done"


def test_a_load_in_other_hands_is_waited_for(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    Load.objects.create(month=MAY, state="running", heartbeat=timezone.now())
    waited: list[float] = []

    def the_worker_finishes(seconds: float) -> None:
        waited.append(seconds)
        Load.objects.update(state="done", complete=True, message="May 2026 loaded: by a worker.")

    monkeypatch.setattr(f"{COMMAND}.time.sleep", the_worker_finishes)
    assert run("--period", "2026-05") == "May 2026 loaded: by a worker.\n"
    assert (len(waited), platform.windows) == (1, [])
