"""The tables of the invoices app, a file a subject."""

from invoices.models.configuration import ChargeDateRule, ChargeTypeName, InvoiceSettings
from invoices.models.edits import EditedLines, LineEdit
from invoices.models.lines import InvoiceLine, LineSearch, SelectedLine, Selection
from invoices.models.periods import Load, Period, UnfinalSubscription
from invoices.models.posting import STARTED_AT, Operation, OwnAgreement, Posting, SyncRun
from invoices.models.schedule import MailedReport, ScheduledJob

__all__ = [
    "STARTED_AT",
    "ChargeDateRule",
    "ChargeTypeName",
    "EditedLines",
    "InvoiceLine",
    "InvoiceSettings",
    "LineEdit",
    "LineSearch",
    "Load",
    "MailedReport",
    "Operation",
    "OwnAgreement",
    "Period",
    "Posting",
    "ScheduledJob",
    "SelectedLine",
    "Selection",
    "SyncRun",
    "UnfinalSubscription",
]
