"""What the two tabs send."""

from collections.abc import Collection
from typing import cast

from django import forms
from django.core.exceptions import ValidationError

from mapping.models import Organization
from mapping.queries.offered import why_not_offered
from mapping.services.choices import described
from mapping.services.directory_parts import WINDOWS
from mapping.tabs import PRODUCTS, Tab, Target


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


class OwnProductForm(MappingForm):
    """The product that an offer is for one organization."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, tab=PRODUCTS, current=None, **kwargs)
        self.fields["organization"] = forms.ModelChoiceField(
            Organization.objects.all(),
            error_messages={
                "required": "Choose an organization.",
                "invalid_choice": "This organization isn't here any more. Choose another one.",
            },
        )


class SuggestionForm(forms.Form):
    """Which suggestion a yes or no is about: the id of our row of what was suggested."""

    target = forms.IntegerField(min_value=1)


class AcceptAllForm(forms.Form):
    """The list that was shown, by its mark, and which of the claimed ones were ticked."""

    mark = forms.CharField(max_length=64)
    also = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(self, *args: object, claimed: Collection[int], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        cast(forms.TypedMultipleChoiceField, self.fields["also"]).choices = [
            (pk, pk) for pk in claimed
        ]


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
