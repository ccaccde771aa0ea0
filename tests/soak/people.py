"""People: they load, map, edit, press Sync, stop it, and put their hands on ConnectWise."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from invoices.charge_dates import Rule, rule_table
from invoices.loading import staging
from invoices.loading.apply import apply_lines
from invoices.loading.queries import live_run_of
from invoices.loading.records import SeenRecords
from invoices.models import InvoiceLine, Operation, Period, Posting, SyncRun
from invoices.months import last_day
from invoices.services.lines import LineChange, LinesRefused, update_lines
from invoices.sync import run
from invoices.sync.scope import Cancellations, RunScope
from invoices.sync.states import OperationKind, OperationState, PostingState
from invoices.tasks.sync import ring
from sandbox_kit.dial import OK
from tests.soak.boundaries import Boundary
from tests.soak.foreign import post_addition
from tests.soak.scenario import Charge
from tests.soak.stage import Stage

B = Boundary
Status = InvoiceLine.Status
NO_RULES = rule_table(list[Rule]())
STRANGERS_KEY = "LB-STRANGER"


class People:
    """What they know is the Platform's charges and what the screen shows."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.random = stage.crew.random
        self.month = date.min
        self.charges: dict[str, Charge] = {}
        self.scope = RunScope()
        # What strangers and hands left in ConnectWise, as it has to stay.
        self.strangers: dict[int, dict[str, Any]] = {}
        self.deleted: set[int] = set()  # by hand
        self.hands_on: set[int] = set()  # changed or deleted by hand this month
        self.busy = False

    # -- the month's work ---------------------------------------------------------------------------

    def load(self, month: date, *, before_some_vanish: bool = False) -> None:
        """By the product's own loading, from what the Platform says now; nobody loads during a run."""
        if live_run_of(month):
            return
        there = [one for one in self.charges.values() if one.month == month]
        lines = [one.as_loaded() for one in there if before_some_vanish or not one.gone]
        seen = SeenRecords()
        with transaction.atomic():
            staging.make_staging()
            staging.stage([staging.staged_row(one, NO_RULES) for one in lines])
            staging.finish_staging()
            for one in lines:
                seen.add(one)
            seen.save()
            apply_lines(month=month, complete=True)
            Period.objects.update_or_create(month=month, defaults={"complete": True})
            staging.drop_staging()

    def map(self, month: date) -> None:
        """New lines stand where people want them."""
        for line in InvoiceLine.objects.filter(period=month, company=None):
            charge = self.charges[line.platform_id]
            InvoiceLine.objects.filter(pk=line.pk).update(
                company=charge.company,
                agreement=charge.agreement,
                create_agreement=charge.creates,
                product=charge.product,
                version=F("version") + 1,
            )

    def press_sync(self, scope: RunScope | None = None) -> SyncRun | None:
        """As the page does it; None where a run is on already."""
        try:
            with transaction.atomic():
                started = run.start_run(
                    period=self.month, scope=scope or self.scope, user=self.stage.operator
                )
                transaction.on_commit(lambda: ring(started))
        except run.AlreadyRunning:
            return None
        return started

    # -- in between ----------------------------------------------------------------------------------

    def come_by(self) -> None:
        """One of them does something while the workers work."""
        if self.busy:
            self.random.choice(VISITS)(self)

    def second_operator(self) -> None:
        if run.live_run() and self.press_sync() is None:
            self.stage.weather.hit(B.TWO_OPERATORS)

    def stop(self) -> None:
        live = run.live_run()
        if live and not self.stage.weather.undoing and self.random.random() < 0.3:
            run.stop_run(live)
            self.stage.weather.hit(B.STOPPED)

    def edit(self) -> None:
        """An end date, on a line that is being posted, in doubt or waiting for its turn."""
        lines = InvoiceLine.objects.filter(
            period=self.month, subscription_id="", invoice_source="standard"
        ).exclude(psa_status=Status.SYNCED)
        line = self._any(lines.order_by("pk"))
        if line is None:
            return
        doubtful = line.in_flight
        planned = Operation.objects.filter(line=line, state=OperationState.PLANNED).exists()
        change = LineChange(end=last_day(line.period))
        try:
            update_lines(seen={line.pk: line.version}, change=change, user=self.stage.operator)
        except LinesRefused:
            assert doubtful, "an edit of an open line was refused"
            self.stage.weather.hit(B.EDITED_IN_DOUBT)
        else:
            assert not doubtful, "a frozen line was edited"
            if planned:
                self.stage.weather.hit(B.EDITED_WHEN_PLANNED)

    def reprice(self) -> None:
        """The Platform corrects an amount; the month is loaded again."""
        line = self._any(InvoiceLine.objects.filter(period=self.month).order_by("pk"))
        if line is None or live_run_of(self.month) or line.psa_status == Status.SYNCED:
            return
        charge = self.charges[line.platform_id]
        charge.reprice(charge.unit + Decimal("0.37"))
        self.load(self.month)
        self.map(self.month)
        if line.in_flight:
            self.stage.weather.hit(B.LOADED_IN_DOUBT)

    def stranger(self) -> None:
        """Another installation, or another integration, posts into the same agreement."""
        if self.stage.app.dial.settings.denied or self.stage.weather.keys_are_wrong:
            return
        agreement = self.random.choice(self.stage.places.agreements).connectwise_id
        made = self.stage.app.answer(post_addition(agreement, self._stranger_name()), OK)
        assert made.status == 201, made.body
        newest = max(self.stage.store.all("additions", agreement), key=lambda one: int(one["id"]))
        self.strangers[newest["id"]] = newest
        self.stage.weather.hit(B.STRANGER)

    def _stranger_name(self) -> str:
        return f"{STRANGERS_KEY}-{len(self.strangers)}" if self.random.random() < 0.7 else ""

    def deny(self) -> None:
        """Somebody takes the integration's right or its keys away, and gives them back."""
        if self.random.random() < 0.5:
            taken = self.random.choice(["additions:add", "additions:read", "keys"])
            self.stage.weather.take_away(taken)
            self.stage.crew.at(self.random.choice([20, 400]), self.stage.weather.give_back)

    def outage(self) -> None:
        until = self.stage.crew.now + self.random.choice([20, 90, 700])
        self.stage.weather.unreachable_until = until

    def hand_before_sync(self) -> None:
        """Somebody changed or deleted one of our persistent Additions since the last month."""
        kept = Posting.objects.filter(state=PostingState.OPEN).exclude(subscription_id="")
        posting = self._any(kept.order_by("pk"))
        if posting:
            self._lay_hands_on(posting.addition_id)

    def hand(self) -> None:
        """… or does it just now, while it waits to be changed, or its change is in doubt."""
        waiting = [OperationState.PLANNED, OperationState.UNKNOWN]
        about_to = Operation.objects.filter(
            kind=OperationKind.UPDATE, state__in=waiting, undoes=None, is_step=False
        ).exclude(before=F("after"))
        operation = self._any(about_to.order_by("pk"))
        # A sweep that has read it already can't know; the next month's does, and nobody waits for that.
        sweeping = any(one.phase == "sweep" for one in self.stage.crew.busy)
        if operation and not sweeping and not self.stage.weather.undoing:
            self._lay_hands_on(operation.addition_id)

    def _lay_hands_on(self, number: int) -> None:
        if not self.stage.store.find("additions", number):
            return
        self.hands_on.add(number)
        if self.random.random() < 0.5:
            self.stage.store.remove("additions", number)
            self.deleted.add(number)
            self.stage.weather.hit(B.DELETED_BY_HAND)
        else:
            self.stage.store.edit("additions", number, quantity=Decimal(77))
            self.stage.weather.hit(B.CHANGED_BY_HAND)

    def _any(self, rows: Any) -> Any:
        found = list(rows)
        return self.random.choice(found) if found else None

    # -- until it is right -----------------------------------------------------------------------------

    def open_lines(self) -> list[InvoiceLine]:
        """Lines of the month that are to be posted and aren't."""
        wanted = [one.id for one in self.charges.values() if one.month == self.month and one.posted]
        return list(
            InvoiceLine.objects.filter(platform_id__in=wanted).exclude(psa_status=Status.SYNCED)
        )

    def changed_lines(self) -> list[int]:
        """Errors that ask for a Retry: their Addition was changed by somebody else."""
        codes = ["changed_in_connectwise", "not_found"]
        lines = InvoiceLine.objects.filter(
            period=self.month, psa_status=Status.ERROR, in_flight=False
        )
        return list(lines.filter(error_code__in=codes).values_list("pk", flat=True))

    def mend_refused_ends(self, started: SyncRun) -> bool:
        """An end that was refused, for it was changed by hand: people end it by hand as well."""
        refused = started.operations.filter(
            Q(line=None) & Q(state__in=[OperationState.REFUSED, OperationState.FAILED]),
            own_agreement=None,
        )
        for one in refused:
            if self.stage.store.find("additions", one.addition_id):
                end = (one.after or {}).get("cancelled_date") or _last_of_before(self.month)
                self.stage.store.edit(
                    "additions", one.addition_id or 0, cancelledDate=f"{end}T00:00:00Z"
                )
                self.hands_on.add(one.addition_id or 0)  # an undo of ours leaves it
        return bool(refused)

    def retry(self, lines: Iterable[int]) -> SyncRun | None:
        return self.press_sync(RunScope(lines=tuple(lines), overwrite=True))

    def whole_period(self) -> RunScope:
        return RunScope(cancellations=Cancellations.APPLY, force=True)


VISITS = (
    *(
        People.second_operator,
        People.stop,
        People.edit,
        People.edit,
        People.reprice,
        People.reprice,
    ),
    *(People.stranger, People.deny, People.outage, People.hand),
)


def _last_of_before(month: date) -> date:
    return date.fromordinal(month.toordinal() - 1)
