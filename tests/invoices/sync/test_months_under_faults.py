"""Months of recurring lines while replies are lost and writes come late; ConnectWise's ledger is the judge.

A failing seed is in the test's name; `SEEDS=200 pytest …` runs as many.
"""

import os
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from invoices.models import InvoiceLine, Operation, Period, Posting, SyncRun
from invoices.sync import ending, lanes, run
from invoices.sync.scope import Cancellations, RunScope, UndoScope
from invoices.sync.states import PostingState
from psa_connectwise.models import Product
from tests.invoices.sync.world import JULY, JUNE, MAY, World, fresh, let_time_pass, work

Status = InvoiceLine.Status
SEEDS = range(int(os.environ.get("SEEDS", "4")))
SUBSCRIPTIONS = [f"SUB-{letter}" for letter in "ABCDEFG"]


def lines_of(world: World, month: date, random: Random) -> list[InvoiceLine]:
    """Most subscriptions recur: changed, moved, twice, or not at all; and a one-time fee."""
    products = list(Product.objects.filter(inactive=False, product_class="Agreement")[:2])
    made = [
        world.line(period=month, charge_start_date=month, charge_end_date=month, **money(random))
    ]
    for subscription in SUBSCRIPTIONS:
        if random.random() < 0.2:
            continue
        values: dict[str, Any] = {
            "subscription_id": subscription,
            "product": products[random.random() < 0.25],
            "charge_type": random.choice(["Cycle Fee", "Cycle Fee", "Purchase Fee"]),
        }
        made.append(world.monthly(month, **values, **money(random)))
        if random.random() < 0.2:
            extra = values | {"charge_type": "Purchase Fee"}
            made.append(world.monthly(month, **extra, **money(random)))
    Period.objects.update_or_create(month=month, defaults={"complete": True})
    return made


def money(random: Random) -> dict[str, Decimal]:
    quantity, price = Decimal(random.randint(1, 4)), Decimal(random.randint(100, 9999)) / 100
    lump = random.random() < 0.3
    return {
        "quantity": quantity,
        "unit_price": price,
        "unit_cost": price,
        "total_price": price if lump else quantity * price,
        "total_cost": price if lump else quantity * price,
    }


def until_quiet(world: World, started: SyncRun) -> None:
    """The sweeps of the next day, while what was written late lands at last."""
    for _ in range(8):
        let_time_pass(400)
        lanes.sweep()
        lanes.work_lane(started.pk, started.epoch, lane=0)
    world.connectwise.faults.set(share_lost_reply=0, share_late_write=0, share_5xx_after=0)
    for seconds in (400, 400, 3700, 90_000):
        let_time_pass(seconds)
        world.connectwise.land_late_writes()
        lanes.sweep()
        lanes.work_lane(started.pk, started.epoch, lane=0)
    assert not Operation.objects.filter(state__in=["planned", "claimed", "unknown"]).exists()
    started.refresh_from_db()
    assert not started.is_live


def faulty(world: World, seed: int) -> None:
    world.connectwise.faults.set(
        share_lost_reply=0.15,
        share_late_write=0.15,
        share_5xx_after=0.15,
        late_write_seconds=36_000,
        seed=seed,
    )


def synced(world: World, month: date, seed: int) -> SyncRun:
    scope = RunScope(cancellations=Cancellations.APPLY, force=True)
    faulty(world, seed)
    started = work(run.start_run(period=month, scope=scope, user=None))
    until_quiet(world, started)
    return started


def judge(world: World, lines: list[InvoiceLine]) -> None:
    """Each line's money stands once, under one key each; what runs on is what recurs now."""
    rows = [fresh(line) for line in lines]
    assert [(r.psa_status, r.error) for r in rows] == [(Status.SYNCED, "")] * len(rows)
    standing = {one["id"]: one for one in world.additions()}
    assert len({one["serialNumber"] for one in standing.values()}) == len(standing)
    assert len({row.addition_id for row in rows}) == len(rows)
    for row in rows:
        addition = standing[row.addition_id or 0]
        assert (addition["extPrice"], addition["extCost"]) == (row.total_price, row.total_cost)
    running = {number for number, one in standing.items() if not one.get("cancelledDate")}
    kept = Posting.objects.filter(state=PostingState.OPEN).exclude(subscription_id="")
    assert running == set(kept.values_list("addition_id", flat=True))
    recurring = {row.subscription_id for row in rows if row.charge_type != "One Time Fee"}
    assert set(kept.values_list("subscription_id", flat=True)) == recurring
    ours = Posting.objects.exclude(state=PostingState.REMOVED)
    assert set(standing) == set(ours.values_list("addition_id", flat=True))


def books(world: World) -> list[Any]:
    """What stands there, but for what a removed Addition that is made again can't have: id and key."""
    own = {"_info", "id", "serialNumber", "sequenceNumber"}
    return sorted(
        (sorted((name, str(value)) for name, value in one.items() if name not in own))
        for one in world.additions()
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_months_come_out_to_the_cent_and_the_last_one_can_be_undone(
    world: World, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "business_today", lambda now: date(2026, 9, 1))
    random = Random(seed)
    before: list[Any] = []
    done, lines = None, list[InvoiceLine]()
    for number, month in enumerate((MAY, JUNE, JULY)):
        before = books(world)
        lines = lines_of(world, month, random)
        done = synced(world, month, seed * 10 + number)
        judge(world, lines)
    assert done

    writes = len(world.writes())
    work(run.start_run(period=JULY, scope=RunScope(cancellations=Cancellations.APPLY), user=None))
    assert len(world.writes()) == writes

    faulty(world, seed * 10 + 5)
    scope = RunScope(undo=UndoScope(run=done.pk))
    until_quiet(world, work(run.start_run(period=JULY, scope=scope, user=None)))
    assert books(world) == before
    assert {fresh(line).psa_status for line in lines} == {Status.NOT_SYNCED}

    synced(world, JULY, seed * 10 + 6)
    judge(world, lines)
