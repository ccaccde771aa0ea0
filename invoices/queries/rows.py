"""A line as a row of the grid shows it: badges, the end date that will be sent, what may be done."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.urls import reverse

from invoices.causes import NOT_CONFIRMED
from invoices.charge_dates import DateToSend, end_date_to_send
from invoices.models import ChargeTypeName, InvoiceLine, SyncRun
from invoices.models.lines import DateSource, ValueSource
from invoices.queries.columns import Layout
from invoices.sync.states import LIVE_RUN

CREATE_AGREEMENT = "Create new agreement"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the grid."""

    line: InvoiceLine
    charge_type: str
    charge_type_renamed: bool
    end_to_send: DateToSend
    is_selected: bool
    run_is_on: bool
    may_edit: bool
    may_sync: bool
    path: str
    layout: Layout

    @property
    def is_synced(self) -> bool:
        return self.line.psa_status == InvoiceLine.Status.SYNCED

    @property
    def is_open(self) -> bool:
        """May be ticked and edited, by who may."""
        return not (self.is_synced or self.line.in_flight)

    @property
    def is_editable(self) -> bool:
        """By this user, now."""
        return self.may_edit and self.is_open

    @property
    def why_closed(self) -> str:
        """Of a row that may not be ticked or edited."""
        if self.is_synced:
            addition = f" (Addition {self.line.addition_id})" if self.line.addition_id else ""
            return f"Synced{addition}: further changes are made in ConnectWise"
        return "It is being sent to ConnectWise: it can be edited once that is settled"

    @property
    def why_not_synced(self) -> str:
        """Why "Sync Invoice Line" is off; "" when it is on."""
        if self.is_synced:
            return "Already synced"
        if self.line.in_flight:
            return "It is being sent to ConnectWise"
        if not self.line.is_mapped:
            return "Map it first"
        return "A sync is running" if self.run_is_on else ""

    @property
    def is_error(self) -> bool:
        return self.line.psa_status == InvoiceLine.Status.ERROR

    @property
    def status_reason(self) -> str:
        """Why it stands where it stands, in words; shown beside its status."""
        if self.is_error and self.line.in_flight:
            return NOT_CONFIRMED
        if self.is_error:
            return self.line.error
        return self.line.note

    @property
    def start_badge(self) -> str:
        """ "System Updated", "User Updated" or "" (P23)."""
        return DateSource(self.line.charge_start_date_source).label

    @property
    def end_badge(self) -> str:
        """Likewise."""
        return DateSource(self.line.charge_end_date_source).label

    @property
    def agreement(self) -> str:
        """What its cell says: a name, or the choice to make one."""
        return CREATE_AGREEMENT if self.line.create_agreement else self.line.agreement_name

    @property
    def agreement_badge(self) -> str:
        """Only Bulk Update gives one; a prefilled or picked agreement has none (P23)."""
        return "User Updated" if self.line.agreement_source == ValueSource.BULK else ""


def rows_of(
    lines: Iterable[InvoiceLine], *, user: User, selected: Collection[int], layout: Layout
) -> list[Row]:
    """The rows of these lines as `user` sees them; as many queries for one as for all.

    What is the same for each row, or costly in a template, is worked out here once.
    """
    names, run_is_on = charge_type_names(), run_is_live()
    may_edit, may_sync = (
        user.has_perm("invoices.edit_lines"),
        user.has_perm("invoices.sync_invoices"),
    )
    base = reverse("invoices:lines")
    return [
        Row(
            line=line,
            charge_type=names.get(line.charge_type, line.charge_type),
            charge_type_renamed=line.charge_type in names,
            end_to_send=end_to_send(line),
            is_selected=line.pk in selected,
            run_is_on=run_is_on,
            may_edit=may_edit,
            may_sync=may_sync,
            path=f"{base}lines/{line.pk}/",
            layout=layout,
        )
        for line in lines
    ]


def end_to_send(line: InvoiceLine) -> DateToSend:
    """The end date ConnectWise will get for this line, and why (P25)."""
    return end_date_to_send(
        charge_type=line.charge_type,
        custom=line.invoice_source == InvoiceLine.Source.CUSTOM,
        start=line.charge_start_date,
        end=line.charge_end_date,
        end_source=line.charge_end_date_source,
        platform_end=line.platform_end_date,
    )


def charge_type_names() -> dict[str, str]:
    """What the administrator calls the charge types (P8)."""
    return dict(ChargeTypeName.objects.values_list("charge_type", "display_name"))


def run_is_live() -> bool:
    """While one is on, no line can be sent by itself (P38)."""
    return SyncRun.objects.filter(state__in=[state.value for state in LIVE_RUN]).exists()
