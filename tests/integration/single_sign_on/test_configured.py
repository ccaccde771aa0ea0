"""OIDC_… of the environment: what is refused, a line each, and what the rest means."""

import pytest

from integration import environment
from integration.single_sign_on.configured import NEEDED, OTHERS, single_sign_on

RIGHT = {
    "OIDC_ISSUER": "https://id.example.com/realms/acme",
    "OIDC_CLIENT_ID": "linebridge",
    "OIDC_CLIENT_SECRET": "planted-secret",
}


@pytest.fixture(autouse=True)
def problems(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    noted: list[str] = []
    monkeypatch.setattr(environment, "_problems", noted)
    for name in (*NEEDED, *OTHERS):
        monkeypatch.delenv(name, raising=False)
    return noted


def put(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_it_is_off_unless_it_is_asked_for(problems: list[str]) -> None:
    assert single_sign_on() is None
    assert problems == []


def test_the_rest_has_defaults(monkeypatch: pytest.MonkeyPatch, problems: list[str]) -> None:
    put(monkeypatch, **RIGHT)
    found = single_sign_on()
    assert found is not None
    assert problems == []
    assert found.hosts == {"id.example.com"}
    assert (found.name, found.scopes) == ("single sign-on", "openid email profile")
    assert (found.trusts_email, found.new_user_role, found.gives_roles) == (False, "", False)


def test_groups_and_hosts_are_lists(monkeypatch: pytest.MonkeyPatch, problems: list[str]) -> None:
    put(
        monkeypatch,
        **RIGHT,
        OIDC_HOSTS="oauth2.example.com, keys.example.com:8443",
        OIDC_OPERATOR_GROUPS="billing, finance",
        OIDC_NEW_USER_ROLE="viewer",
    )
    found = single_sign_on()
    assert found is not None
    assert found.hosts == {"id.example.com", "oauth2.example.com", "keys.example.com:8443"}
    assert found.groups["Operator"] == {"billing", "finance"}
    assert (found.gives_roles, found.new_user_role) == (True, "Viewer")
    assert problems == []


@pytest.mark.parametrize("name", NEEDED)
def test_half_of_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, problems: list[str], name: str
) -> None:
    put(monkeypatch, **{**RIGHT, name: ""})
    single_sign_on()
    [problem] = problems
    assert problem.startswith(f"{name} is missing: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ISSUER", "http://id.example.com"),
        ("OIDC_ISSUER", "id.example.com"),
        ("OIDC_ISSUER", "https://id.example.com/?tenant=1"),
        ("OIDC_ISSUER", "https://user@id.example.com"),
        ("OIDC_HOSTS", "https://keys.example.com"),
        ("OIDC_HOSTS", "*.example.com"),
        ("OIDC_SCOPES", "email"),
        ("OIDC_TRUST_EMAIL", "perhaps"),
        ("OIDC_NEW_USER_ROLE", "Administrator"),
    ],
)
def test_what_is_malformed_is_named(
    monkeypatch: pytest.MonkeyPatch, problems: list[str], name: str, value: str
) -> None:
    put(monkeypatch, **{**RIGHT, name: value})
    single_sign_on()
    [problem] = problems
    assert problem.startswith(f"{name} is malformed: ")
    assert "planted" not in problem
