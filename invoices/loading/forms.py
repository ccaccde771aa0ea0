"""The choice of the dialog "Load Invoice Lines" (P15)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms

from invoices.months import last_day, month_of, months_before


@dataclass(frozen=True)
class MonthChoice:
    """One box of the dialog."""

    label: str
    month: date

    @property
    def value(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def last_day(self) -> date:
        return last_day(self.month)


def month_choices(today: date) -> list[MonthChoice]:
    """Current Month and Previous Month, as seen on that day."""
    return [
        MonthChoice("Current Month", month_of(today)),
        MonthChoice("Previous Month", months_before(today, 1)),
    ]


class LoadForm(forms.Form):
    """Offers two months; one of a dialog that was opened before midnight is refused in words."""

    periods = forms.MultipleChoiceField(
        error_messages={
            "required": "Tick at least one period.",
            "invalid_choice": "The month has changed since this was opened. Choose again.",
        }
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = month_choices(today)
        field = self.fields["periods"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(choice.value, choice.label) for choice in self.choices]

    @property
    def months(self) -> list[date]:
        """What was ticked; only of a valid form."""
        ticked = self.cleaned_data["periods"]
        return [choice.month for choice in self.choices if choice.value in ticked]
