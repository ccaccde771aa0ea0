"""The settings that lead to a stand-in of ConnectWise, as an Administrator would have saved them."""

from pytest_django import Settings

from psa_connectwise.models import ConnectWiseSettings
from psa_connectwise.sandbox import ConnectWiseStandIn
from sandbox_kit.app import Running
from tests.factories import make_agreement_type


def use_connectwise(settings: Settings, stand_in: Running[ConnectWiseStandIn]) -> None:
    """Its address and keys, and an agreement type that it has too."""
    keys = stand_in.app.keys
    settings.CONNECTWISE_URL = stand_in.url
    settings.CONNECTWISE_COMPANY_ID = keys.company_id
    settings.CONNECTWISE_PUBLIC_KEY = keys.public
    settings.CONNECTWISE_PRIVATE_KEY = keys.private
    settings.CONNECTWISE_CLIENT_ID = keys.client_id
    saved = ConnectWiseSettings.load()
    saved.default_agreement_type = make_agreement_type(connectwise_id=2)
    saved.save()
