"""What the environment says of the provider (OIDC_…); without OIDC_ISSUER there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from integration.environment import LOOPBACK_HOSTS, problem, split, text, words

NEEDED = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
OTHERS = (
    "OIDC_NAME",
    "OIDC_HOSTS",
    "OIDC_SCOPES",
    "OIDC_TRUST_EMAIL",
    "OIDC_NEW_USER_ROLE",
    "OIDC_GROUPS_CLAIM",
    "OIDC_VIEWER_GROUPS",
    "OIDC_OPERATOR_GROUPS",
    "OIDC_ADMINISTRATOR_GROUPS",
)
YES, NO = {"true", "1", "yes", "on"}, {"false", "0", "no", "off", ""}
# A role for newcomers may look, and no more; the others are given by a person or by a group.
NEW_USER_ROLES = ("", "Viewer")


@dataclass(frozen=True, kw_only=True)
class SingleSignOn:
    """The provider, and what its word is worth."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    hosts: frozenset[str]  # where requests may go, with a port where it has one
    scopes: str
    trusts_email: bool
    new_user_role: str
    groups_claim: str
    groups: Mapping[str, frozenset[str]]  # role → the provider's groups that have it

    @property
    def gives_roles(self) -> bool:
        """Whether the provider's groups decide who has which role."""
        return any(self.groups.values())


def single_sign_on() -> SingleSignOn | None:
    """Notes what is missing or malformed, a line each."""
    if not any(text(name) for name in (*NEEDED, *OTHERS)):
        return None
    for name in NEEDED:
        if not text(name):
            problem(name, "set what the provider gave you, or no OIDC_ variable at all")
    issuer = _issuer()
    return SingleSignOn(
        issuer=issuer,
        client_id=text("OIDC_CLIENT_ID"),
        client_secret=text("OIDC_CLIENT_SECRET"),
        name=text("OIDC_NAME", "single sign-on"),
        hosts=frozenset({urlsplit(issuer).netloc, *_hosts()}),
        scopes=_scopes(),
        trusts_email=_trusts_email(),
        new_user_role=_new_user_role(),
        groups_claim=text("OIDC_GROUPS_CLAIM", "groups"),
        groups={
            "Viewer": frozenset(words("OIDC_VIEWER_GROUPS", [])),
            "Operator": frozenset(words("OIDC_OPERATOR_GROUPS", [])),
            "Administrator": frozenset(words("OIDC_ADMINISTRATOR_GROUPS", [])),
        },
    )


def _issuer() -> str:
    """As the provider spells it: it is compared letter by letter."""
    url = text("OIDC_ISSUER")
    scheme, host, _rest = split(url)
    schemes = {"http", "https"} if host in LOOPBACK_HOSTS else {"https"}
    parts = urlsplit(url) if host else None
    if url and (
        parts is None or scheme not in schemes or parts.query or parts.fragment or parts.username
    ):
        problem("OIDC_ISSUER", "set https://host or https://host/path as the provider names itself")
        return ""
    return url


def _hosts() -> list[str]:
    hosts = [host.lower() for host in words("OIDC_HOSTS", [])]
    if any("/" in host or "*" in host or not split(f"https://{host}")[1] for host in hosts):
        problem("OIDC_HOSTS", "set host names such as oauth2.example.com, comma-separated")
        return []
    return hosts


def _scopes() -> str:
    scopes = text("OIDC_SCOPES", "openid email profile")
    if "openid" not in scopes.split():
        problem("OIDC_SCOPES", "set scopes such as: openid email profile")
    return scopes


def _trusts_email() -> bool:
    value = text("OIDC_TRUST_EMAIL").lower()
    if value not in YES | NO:
        problem("OIDC_TRUST_EMAIL", "set true or false")
    return value in YES


def _new_user_role() -> str:
    role = text("OIDC_NEW_USER_ROLE").capitalize()
    if role not in NEW_USER_ROLES:
        problem("OIDC_NEW_USER_ROLE", "set Viewer, or nothing")
        return ""
    return role
