"""What the tests of posting stand on: a real stand-in over HTTP, its directory read, lines to post."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F

from invoices.models import InvoiceLine, Operation, SyncRun
from invoices.months import last_day
from invoices.sync import lanes, previews, run, undo
from invoices.sync.scope import RunScope, UndoScope
from invoices.sync.settle import Settled
from psa_connectwise import conf, directory
from psa_connectwise.models import Agreement, Product
from psa_connectwise.sandbox import ConnectWiseStandIn
from sandbox_kit.app import Running
from tests.factories import make_line
from tests.sessions import in_threads

TODAY = date(2026, 5, 18)
MAY = date(2026, 5, 1)
JUNE = date(2026, 6, 1)
JULY = date(2026, 7, 1)
# What a line says of four instead of three.
FOUR = {
    "quantity": Decimal(4),
    "total_price": Decimal("50.00"),
    "total_cost": Decimal("33.00"),
}


@dataclass
class World:
    """The stand-in and the local directory of it; `line()` makes Mapped lines."""

    connectwise: Running[ConnectWiseStandIn]

    @property
    def store(self) -> Any:
        return self.connectwise.app.store

    @property
    def agreement(self) -> Agreement:
        """A live one in euros that bills since before May 2026."""
        return Agreement.objects.filter(
            status="Active",
            currency_code="EUR",
            prorate=False,
            bill_start_date__lte=MAY,
            next_invoice_date__lte=MAY,
            company__deleted=False,
        ).earliest("connectwise_id")

    @property
    def product(self) -> Product:
        return Product.objects.filter(inactive=False, product_class="Agreement").earliest(
            "connectwise_id"
        )

    def line(self, **overrides: Any) -> InvoiceLine:
        agreement = None if overrides.get("create_agreement") else self.agreement
        values: dict[str, Any] = {
            "company": self.agreement.company,
            "agreement": agreement,
            "product": self.product,
            "currency": "EUR",
            "charge_type": "One Time Fee",
            "quantity": Decimal(3),
            "unit_price": Decimal("12.50"),
            "unit_cost": Decimal("8.25"),
            "total_price": Decimal("37.50"),
            "total_cost": Decimal("24.75"),
        }
        line = make_line(**values | overrides)
        line.refresh_from_db()
        return line

    def monthly(self, month: date, **overrides: Any) -> InvoiceLine:
        """The Cycle Fee of one subscription in that month."""
        values = {
            "charge_type": "Cycle Fee",
            "subscription_id": "SUB-A",
            "subscription_name": "Backup Pro",
            "period": month,
            "invoice_date": month,
            "platform_start_date": month,
            "platform_end_date": last_day(month),
        }
        return self.line(**values | overrides)

    def addition(self, line: InvoiceLine) -> dict[str, Any]:
        """The one that the line says it is."""
        (found,) = (one for one in self.additions() if one["id"] == fresh(line).addition_id)
        return found

    def additions(self) -> list[dict[str, Any]]:
        """Everything of ours that stands in ConnectWise."""
        return [
            one
            for one in self.store.all("additions")
            if str(one.get("serialNumber", "")).startswith("LB-")
        ]

    def writes(self) -> list[dict[str, Any]]:
        return list(self.store.ledger)

    def patches(self) -> list[list[dict[str, Any]]]:
        """What the PATCHes said, in their order."""
        return [one["body"] for one in self.writes() if one["method"] == "PATCH"]

    def script(self, *faults: str, **dial: Any) -> None:
        """The next writes meet these, one each."""
        self.connectwise.faults.set(script=list(faults), **dial)


def read_directory() -> None:
    client = conf.get_client()
    directory.refresh_agreement_types(client=client)
    directory.refresh_companies(client=client)
    directory.refresh_products(client=client)
    directory.refresh_agreements(client=client)


def sync(*lines: InvoiceLine, period: date = MAY, **how: Any) -> SyncRun:
    """One press of Sync, worked on in this process until nothing more can be sent now."""
    of = tuple(line.pk for line in lines) or None
    return work(run.start_run(period=period, scope=RunScope(lines=of, **how), user=None))


def work(started: SyncRun) -> SyncRun:
    """Plans and posts a run that was started."""
    if run.plan_if_needed(started.pk, started.epoch):
        lanes.work_lane(started.pk, started.epoch, lane=0)
    started.refresh_from_db()
    return started


def work_lanes(started: SyncRun, number: int) -> None:
    """Plans it and posts it by so many lanes at once, each in a session of its own."""
    assert run.plan_if_needed(started.pk, started.epoch)
    in_threads(
        *(partial(lanes.work_lane, started.pk, started.epoch, lane) for lane in range(number))
    )


def preview(user: User, period: date = MAY, **scope: Any) -> SyncRun:
    """A preview, planned in this process."""
    draft = previews.start_draft(period=period, user=user, scope=RunScope(**scope))
    previews.plan_if_needed(draft.pk, draft.epoch)
    draft.refresh_from_db()
    return draft


def say_yes(draft: SyncRun, user: User, **how: Any) -> SyncRun:
    """Confirmed and worked on, as far as that goes now."""
    previews.confirm(draft, user=user, **how)
    return work(draft)


def row(of: SyncRun, line: InvoiceLine) -> Operation:
    """The line's row in a plan."""
    return of.operations.get(line=line, is_step=False)


def take_back(
    of: SyncRun | InvoiceLine | None = None, *, period: date = MAY, overwrite: bool = False
) -> SyncRun:
    """Undoes a run, a line, or all of the period."""
    scope = UndoScope(
        run=of.pk if isinstance(of, SyncRun) else None,
        line=of.pk if isinstance(of, InvoiceLine) else None,
        period=of is None,
    )
    found = undo.period_of(scope, period)
    assert found
    whole = RunScope(undo=scope, overwrite=overwrite)
    return work(run.start_run(period=found, scope=whole, user=None))


def let_time_pass(seconds: float) -> None:
    """As if so much time had gone by for everything that waits in the database."""
    passed = timedelta(seconds=seconds)
    for name in ("sent_at", "lease_expires_at", "not_before", "recheck_at"):
        Operation.objects.filter(**{f"{name}__isnull": False}).update(**{name: F(name) - passed})
    for name in ("heartbeat", "unanswered_since", "ask_again_at"):
        SyncRun.objects.filter(**{f"{name}__isnull": False}).update(**{name: F(name) - passed})


def settle_later() -> Settled:
    """The sweep, once the settle window has passed."""
    let_time_pass(400)
    return lanes.sweep()


def fresh(line: InvoiceLine) -> InvoiceLine:
    line.refresh_from_db()
    return line
