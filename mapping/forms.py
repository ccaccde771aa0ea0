"""What the two tabs send."""

from typing import cast

from django import forms
from django.core.exceptions import ValidationError

from mapping.queries.rows import why_not_offered
from mapping.services.choices import described
from mapping.services.directory_parts import WINDOWS
from mapping.tabs import Tab, Target


class MappingForm(forms.Form):
    """The record chosen in the picker."""

    def __init__(self, *args: object, tab: Tab, current: Target | None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.current = current
        self.fields["target"] = forms.ModelChoiceField(
            tab.target_model._default_manager.all(),
            error_messages={
                "required": f"Choose a {tab.target_noun}, or cancel.",
                "invalid_choice": f"This {tab.target_noun} isn't here any more. Choose another one.",
            },
        )

    def clean_target(self) -> Target:
        """What isn't offered may stay, and can't be chosen anew."""
        target = cast(Target, self.cleaned_data["target"])
        if target != self.current and (why := why_not_offered(target)):
            raise ValidationError(f"{described(target)} is {why}. Choose another one.")
        return target


class LoadProductsForm(forms.Form):
    """How far back offers are looked for (P10)."""

    months = forms.TypedChoiceField(
        choices=[(number, number) for number in WINDOWS],
        coerce=int,
        error_messages={
            "required": "Choose how many months.",
            "invalid_choice": "Choose one of the windows: 1, 2, 3, 6 or 12 months.",
        },
    )
