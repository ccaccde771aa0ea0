"""The provider, asked by Authlib: it makes state, nonce and PKCE, and checks the ID token.

Ours is where its requests may go: to hosts that the administrator named, without a redirect or a
proxy, within a few seconds. What the provider says of its own addresses is held against that too.
"""

import logging
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.django_client import DjangoIntegration, DjangoOAuth2App
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from joserfc.errors import JoseError
from requests import RequestException, Response

from integration.single_sign_on.configured import SingleSignOn
from wire.address import LOOPBACK
from wire.failures import BROKEN
from wire.transport import DeadlineAdapter, attempting

logger = logging.getLogger(__name__)

# For each of its three requests, while a person waits.
SECONDS = 10.0
# So far the provider's clock may be from ours before its token is too old, or not valid yet.
CLOCKS_APART_SECONDS = 60
# Signed with a key of the provider's own: a shared secret would let others sign, too.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class SignInRefused(Exception):
    """Nobody was signed in; the message tells the person what to do, and no secret."""


class Elsewhere(ValueError):
    """An address that the administrator has not named."""


class Session(OAuth2Session):
    """Authlib's requests, through our door."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.trust_env = False
        for scheme in ("https://", "http://"):
            self.mount(scheme, DeadlineAdapter())

    def request(self, method: str, url: Any, **options: Any) -> Response:  # type: ignore[override]
        """Raises Elsewhere for an address that isn't named, before anything is sent there."""
        _check_address(str(url))
        limits = {"allow_redirects": False, "timeout": SECONDS}
        with attempting(SECONDS):
            return super().request(method, url, **{**options, **limits})


class Provider(DjangoOAuth2App):
    """Made for one request, so that its keys are never old ones."""

    client_cls = Session  # type: ignore[assignment]  # an alias to its stubs

    def load_server_metadata(self) -> dict[str, Any]:
        """What it says of itself, held against what the administrator named; raises Elsewhere."""
        metadata: dict[str, Any] = super().load_server_metadata()
        configured = configuration()
        if metadata.get("issuer") != configured.issuer:
            raise Elsewhere(f"the provider calls itself {metadata.get('issuer')!r}")
        for name in ENDPOINTS:
            _check_address(str(metadata.get(name, "")))
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [
            name for name in ALGORITHMS if name in offered
        ]
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" not in methods and "client_secret_post" in methods:
            self.client_kwargs["token_endpoint_auth_method"] = "client_secret_post"
        return metadata


def send_to_provider(request: HttpRequest, *, back_to: str) -> HttpResponseBase:
    """Where the browser goes to sign in; what must come back is kept in its session."""
    with _TellingWhy():
        to: HttpResponseBase = _provider().authorize_redirect(request, back_to)  # type: ignore[no-untyped-call]
        return to


def claims_of(request: HttpRequest) -> dict[str, Any]:
    """What the provider says of who came back, once its ID token has proved right."""
    configured = configuration()
    expected = {
        "iss": {"essential": True, "value": configured.issuer},
        "aud": {"essential": True, "value": configured.client_id},
        "nonce": {"essential": True},
    }
    with _TellingWhy():
        token = _provider().authorize_access_token(  # type: ignore[no-untyped-call]
            request, claims_options=expected, leeway=CLOCKS_APART_SECONDS
        )
        return dict(token["userinfo"])


def _provider() -> Provider:
    configured = configuration()
    place = configured.issuer.rstrip("/")
    return Provider(
        DjangoIntegration("sso"),
        name="sso",
        client_id=configured.client_id,
        client_secret=configured.client_secret,
        server_metadata_url=f"{place}/.well-known/openid-configuration",
        client_kwargs={"scope": configured.scopes, "code_challenge_method": "S256"},
    )


def configuration() -> SingleSignOn:
    """Raises SignInRefused where there is none."""
    configured: SingleSignOn | None = settings.SINGLE_SIGN_ON
    if configured is None:
        raise SignInRefused("Single sign-on is not set up here.")
    return configured


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not safe or parts.netloc.lower() not in configuration().hosts:
        raise Elsewhere(f"{parts.scheme}://{parts.netloc} is not among OIDC_ISSUER and OIDC_HOSTS")


class _TellingWhy:
    """Turns what the libraries raise into a sentence for the person and a reason in the log."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, (AuthlibBaseError, JoseError)):
            words = "The provider's answer could not be trusted, or you said no there."
        elif isinstance(error, (RequestException, *BROKEN)):
            words = "The provider did not answer."
        elif isinstance(error, (ValueError, KeyError, TypeError, RuntimeError)):
            words = "The provider is not set up as this installation expects."
        else:
            return
        logger.warning("Single sign-on failed: %s: %s", type(error).__name__, error)
        raise SignInRefused(
            f"{words} Try again; if it stays, an Administrator finds the reason in System Logs."
        ) from error
