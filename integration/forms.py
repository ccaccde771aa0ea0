"""The forms of the settings pages; they clean, services save."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.forms import BaseUserCreationForm, PasswordChangeForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.forms.models import model_to_dict
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from integration.connections import SECRETS, Connection, posted_elsewhere, saved_connection
from integration.first_administrator import is_setup_code
from invoices.models import InvoiceSettings
from psa_connectwise.models import AgreementType, ConnectWiseSettings
from wire.address import checked
from wire.errors import ConfigError


def site(value: str) -> str:
    """A remote's site: https anywhere but on loopback, nothing secret or superfluous in it."""
    try:
        parts = checked(value, service="The remote")
    except ConfigError as error:
        raise ValidationError(
            "Enter an address like https://na.myconnectwise.net: https, without user or password."
        ) from error
    if parts.query or parts.fragment:
        raise ValidationError("Enter the site only, without ? or #.")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


class SiteField(forms.CharField):
    """The address of a remote."""

    widget = forms.URLInput

    def clean(self, value: Any) -> str:
        """Without a slash at its end; raises ValidationError."""
        text: str = super().clean(value)
        return site(text) if text else ""


class LongSelect(forms.Select):
    """A list of hundreds, drawn by one template: Django's own takes one for each option."""

    def render(
        self, name: str, value: Any, attrs: Any = None, renderer: object = None
    ) -> SafeString:
        return render_to_string("settings/_select.html", self.get_context(name, value, attrs))


def secret(label: str) -> forms.CharField:
    """A secret goes in and never comes out: left empty it stays as it is."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"})
    return forms.CharField(label=label, required=False, max_length=500, widget=widget)


# In one sentence what AUTH_PASSWORD_VALIDATORS demand; what is wrong is told rule by rule.
PASSWORD_HELP = "At least 12 characters; not a common one, not like your name, not only digits."


class FirstAdministratorForm(BaseUserCreationForm):  # type: ignore[type-arg]
    """The first user of a new installation; the code proves that its console could be read."""

    code = forms.CharField(
        label="Setup code",
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autofocus": True}
        ),
        help_text="Stands on the console of the migrate step, and manage.py setup_code prints it.",
    )
    field_order = ("code", "username", "email", "password1", "password2")

    class Meta:
        model = User
        fields = ("username", "email")
        labels = {"username": "User name", "email": "E-mail address"}
        help_texts = {"username": "", "email": "For results by e-mail; can stay empty."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs.pop("autofocus", None)  # the code comes first
        self.fields["password1"].help_text = PASSWORD_HELP
        self.fields["password2"].help_text = ""

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if not is_setup_code(code):
            raise ValidationError("This is not the setup code of this installation.")
        return code


class OwnPasswordForm(PasswordChangeForm):
    """A new password for who knows the old one."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = PASSWORD_HELP
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        """Asked as at the door, where wrong ones are counted: an open session is no place to guess."""
        old: str = self.cleaned_data["old_password"]
        if not authenticate(self.request, username=self.user.get_username(), password=old):
            raise ValidationError("This is not your password of now.")
        return old


class ConnectionsForm(forms.Form):
    """Both sides' address and keys, named as `integration.connections` knows them."""

    connectwise_url = SiteField(label="API URL", required=False, max_length=255)
    connectwise_company_id = forms.CharField(label="Company ID", required=False, max_length=50)
    connectwise_public_key = secret("Public key")
    connectwise_private_key = secret("Private key")
    connectwise_client_id = forms.CharField(label="Client ID", required=False, max_length=64)
    platform_url = SiteField(label="API URL", required=False, max_length=255)
    platform_api_key = secret("API key")
    confirm_move = forms.BooleanField(
        label="I know that what was posted there stays there", required=False
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        self.saved: Connection = saved_connection()
        super().__init__(data, initial=self.saved.shown)
        self.fields["connectwise_url"].widget.attrs["placeholder"] = "https://na.myconnectwise.net"
        for name in SECRETS:
            self.fields[name].widget.attrs["placeholder"] = self.saved.masked.get(name, "")
        for name, variable in self.saved.from_environment.items():
            self.fields[name].help_text = f"In force now: {variable} of the environment."
            if name not in SECRETS:
                self.fields[name].widget.attrs["placeholder"] = getattr(settings, variable)

    @property
    def needs_confirmation(self) -> bool:
        """True when saving would leave behind what we posted."""
        return "confirm_move" in self.errors

    def clean(self) -> dict[str, Any]:
        """Additions that were posted stand in the ConnectWise of before: moving on asks for a tick."""
        cleaned = super().clean() or {}
        moved = {"connectwise_url", "connectwise_company_id"} & set(self.changed_values())
        if moved and not cleaned.get("confirm_move") and (count := posted_elsewhere()):
            self.add_error(
                "confirm_move",
                f"{count:,} Additions were posted to this ConnectWise. After the change they can "
                "be neither updated nor ended nor undone from here, and lines not yet synced would "
                "go to the new one. Tick this box to change it nevertheless.",
            )
        return cleaned

    def changed_values(self) -> dict[str, str]:
        """What differs from the saved values; an empty secret is none."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name != "confirm_move"
            and value != self.initial.get(name, "")
            and not (name in SECRETS and not value)
        }


@cache
def time_zones() -> list[tuple[str, str]]:
    """Those of places, and UTC; abbreviations such as EST don't know daylight saving."""
    names = sorted(name for name in available_timezones() if "/" in name or name == "UTC")
    return [(name, name.replace("_", " ")) for name in names]


def switch(label: str, help_text: str) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, help_text=help_text)


def hour(label: str) -> forms.TypedChoiceField:
    """A full hour of the day."""
    choices = [(number, f"{number:02}:00") for number in range(24)]
    return forms.TypedChoiceField(label=label, choices=choices, coerce=int)


class ConfigurationForm(forms.Form):
    """Posting, calendar and schedule, over the two rows that keep them."""

    default_agreement_type = forms.ModelChoiceField(
        queryset=AgreementType.objects.none(),
        label="Default Agreement Type",
        required=False,
        empty_label="Not chosen",
        help_text="New agreements are made of this type.",
    )
    time_zone = forms.ChoiceField(
        label="Time zone of the business",
        choices=time_zones,
        widget=LongSelect,
        help_text="Decides when a month begins and ends, and how times are shown.",
    )
    monthly_load = switch(
        "Monthly load", "Loads the month before, once its invoices are there, on this day and hour."
    )
    monthly_load_day = forms.IntegerField(label="Day of the month", min_value=1, max_value=28)
    monthly_load_hour = hour("Hour of the monthly load")
    daily_sync = switch(
        "Automated Daily Sync", "Posts the Mapped lines of the two newest loaded months every day."
    )
    daily_sync_hour = hour("Hour of the daily sync")
    reference_field = forms.CharField(
        label="Reference field of the Addition",
        max_length=50,
        help_text="Carries our reference: serialNumber, or the caption of a custom text field.",
    )
    price_decimals = forms.TypedChoiceField(
        label="Decimals of unit prices",
        choices=ConnectWiseSettings.PriceDecimals.choices,
        coerce=int,
    )
    cancellation_policy = forms.ChoiceField(
        label="When a subscription is gone",
        choices=InvoiceSettings.CancellationPolicy.choices,
        help_text="Whether its Addition in ConnectWise is ended.",
    )
    cancellation_share = forms.IntegerField(
        label="Most Additions to end without a second yes, in %",
        min_value=0,
        max_value=100,
        help_text="Of all that are open. More at once looks like a mistake, and is asked again.",
    )
    end_long_cycles = switch(
        "End long cycles after one period",
        "A charge billed less often than its agreement (annual on a monthly one) gets an end date.",
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        # Without the secrets, which may be under a lost key.
        columns = ("default_agreement_type", "reference_field", "price_decimals")
        remote = ConnectWiseSettings.objects.only(*columns).first() or ConnectWiseSettings()
        initial = {
            **model_to_dict(remote, fields=columns),
            **model_to_dict(InvoiceSettings.load(), fields=list(self.base_fields)),
        }
        super().__init__(data, initial=initial)
        types = AgreementType.objects.filter(missing=False, inactive=False).order_by("name")
        self.fields["default_agreement_type"].queryset = types  # type: ignore[attr-defined]
        self.has_types = types.exists()
        self.type_to_be = settings.DEFAULT_AGREEMENT_TYPE  # of the environment, until they are read

    def changed_values(self) -> dict[str, Any]:
        """What differs from the saved values, by the fields' names."""
        return {name: self.cleaned_data[name] for name in self.changed_data}
