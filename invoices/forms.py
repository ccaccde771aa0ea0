"""The forms of invoice pages."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from invoices.models import InvoiceLine
from invoices.services.line_change import CREATE, Choice, LineChange
from invoices.services.lines import LinesRefused
from mapping.numbers import is_number
from psa_connectwise.models import Agreement, Company, Product

GONE = "This isn't in ConnectWise's directory any more. Choose another one."
INPUTS = ("charge_start_date", "charge_end_date", "company", "agreement", "product")
NO_DATE = {"invalid": "Enter a date as YYYY-MM-DD."}
# As of the Platform's own: at the ends of the calendar no day follows, or comes before.
IN_RANGE = [
    MinValueValidator(date(1900, 1, 1), "Enter a date from 1900 on."),
    MaxValueValidator(date(2999, 12, 31), "Enter a date before 3000."),
]


class LineForm(forms.Form):
    """One row under edit (P30); an end date left empty is the automatic one, a start is needed."""

    version = forms.IntegerField()
    company = forms.ModelChoiceField(
        Company.objects.all(), required=False, error_messages={"invalid_choice": GONE}
    )
    agreement = forms.CharField(required=False, max_length=20)
    product = forms.ModelChoiceField(
        Product.objects.all(), required=False, error_messages={"invalid_choice": GONE}
    )
    charge_start_date = forms.DateField(
        error_messages={"required": "A charge needs a start date.", **NO_DATE}, validators=IN_RANGE
    )
    charge_end_date = forms.DateField(required=False, error_messages=NO_DATE, validators=IN_RANGE)

    # When the edit began and what the inputs held then: if somebody else is faster, what they did
    # since is told, and what this user changed is offered again.
    opened = forms.DateTimeField(required=False)
    was = forms.JSONField(required=False)

    def clean_agreement(self) -> Agreement | Choice | None:
        return _agreement(self.cleaned_data["agreement"])

    def change(self) -> LineChange:
        """What the valid form asks for."""
        values = self.cleaned_data
        return LineChange(
            start=values["charge_start_date"],
            end=values["charge_end_date"] or Choice.AUTOMATIC,
            company=values["company"],
            agreement=values["agreement"],
            product=values["product"],
        )

    def add_refusals(self, refused: LinesRefused) -> bool:
        """Puts each refusal under its field; False when one concerns the row as a whole."""
        for refusal in refused.refusals:
            if not refusal.field:
                return False
            self.add_error(refusal.field, refusal.reason)
        return bool(refused.refusals)


class BulkForm(forms.Form):
    """The card of Bulk Update (P36); blank keeps."""

    charge_start_date = forms.DateField(required=False, error_messages=NO_DATE, validators=IN_RANGE)
    charge_end_date = forms.DateField(required=False, error_messages=NO_DATE, validators=IN_RANGE)
    agreement = forms.CharField(required=False, max_length=20)

    def clean_agreement(self) -> Agreement | Choice | None:
        return _agreement(self.cleaned_data["agreement"])

    def clean(self) -> dict[str, Any]:
        """An end before the start is refused here; against a line's own start, by the service."""
        values: dict[str, Any] = self.cleaned_data
        start, end = values.get("charge_start_date"), values.get("charge_end_date")
        if start and end and end < start:
            self.add_error("charge_end_date", f"The end {end} is before the start {start}.")
        if not self.errors and not any(values.values()):
            raise forms.ValidationError("Enter a date or choose an agreement.")
        return values

    def change(self) -> LineChange:
        """What the valid card asks for; what is blank is kept."""
        values = {name: value or Choice.KEEP for name, value in self.cleaned_data.items()}
        return LineChange(
            start=values["charge_start_date"],
            end=values["charge_end_date"],
            agreement=values["agreement"],
        )


def _agreement(value: str) -> Agreement | Choice | None:
    """The hidden field's pk, or "new" for "Create new agreement"."""
    if not value:
        return None
    if value == CREATE:
        return Choice.CREATE
    agreement = Agreement.objects.filter(pk=value).first() if is_number(value) else None
    if agreement is None:
        raise forms.ValidationError(GONE)
    return agreement


def initial_of(line: InvoiceLine) -> dict[str, Any]:
    """What the row's inputs hold when its edit begins."""
    held = {
        "company": line.company_id,
        "agreement": CREATE if line.create_agreement else line.agreement_id,
        "product": line.product_id,
        "charge_start_date": line.charge_start_date,
        "charge_end_date": line.charge_end_date,
    }
    texts = {name: _text(value) for name, value in held.items()}
    return {
        **held,
        "version": line.version,
        "opened": timezone.now().isoformat(),
        "was": texts,
    }


def changed_inputs(form: LineForm) -> dict[str, str]:
    """What the user really changed in the row's inputs, as posted."""
    was = form.cleaned_data.get("was")
    if not isinstance(was, dict):
        return {}
    return {
        name: form.data.get(name, "") for name in INPUTS if form.data.get(name, "") != was.get(name)
    }


def offered_again(line: InvoiceLine, mine: Mapping[str, str]) -> LineForm:
    """The row as it is now, with what a user had changed before somebody else was faster."""
    fresh = initial_of(line)
    texts = {name: _text(value) for name, value in fresh.items() if name != "was"}
    offered = {name: mine[name] for name in INPUTS if name in mine}
    form = LineForm({**texts, "was": json.dumps(fresh["was"]), **offered})
    form.is_valid()
    return form


def _text(value: object) -> str:
    return "" if value is None else str(value)
