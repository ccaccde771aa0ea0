"""Single sign-on against a provider with real keys: who gets in, and what is not believed."""

import logging

import pytest
from django.contrib.admin.models import LogEntry as Change
from django.contrib.auth.models import Group, User
from django.test import Client
from joserfc.jwk import OctKey, RSAKey

from integration.roles import ADMINISTRATOR, OPERATOR, VIEWER
from integration.single_sign_on.models import Identity
from integration.system_log.models import LogEntry
from tests.factories import make_user
from tests.integration.single_sign_on.conftest import Configure, SignIn
from tests.integration.single_sign_on.provider_stand_in import CLIENT_ID, StandIn

EMAIL = "nina@reseller.example"


def signed_in(client: Client) -> str | None:
    """Who the browser's session belongs to."""
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key).username if key else None


def roles(name: str = EMAIL) -> set[str]:
    return set(User.objects.get(username=name).groups.values_list("name", flat=True))


def test_the_button_is_there_only_where_there_is_a_provider(
    provider: StandIn, client: Client, settings: object
) -> None:
    page = client.get("/accounts/login/?next=/logs/").text
    assert "Sign in with Acme ID" in page
    assert 'href="/accounts/sso/?next=/logs/"' in page
    settings.SINGLE_SIGN_ON = None  # type: ignore[attr-defined]
    assert "/accounts/sso/" not in client.get("/accounts/login/").text
    assert client.get("/accounts/sso/").status_code == 404
    assert client.get("/accounts/sso/back/?code=1&state=2").status_code == 404


def test_somebody_new_is_a_user_without_a_role(come_back: SignIn, client: Client) -> None:
    assert come_back(after="/logs/").headers["Location"] == "/logs/"
    assert signed_in(client) == EMAIL
    user = User.objects.get(username=EMAIL)
    assert not (user.is_staff or user.is_superuser or user.has_usable_password())
    assert roles() == set()
    assert "An Administrator has to give you a role" in client.get("/").text
    assert Change.objects.get().get_change_message() == (
        f"Username: {EMAIL}; role: none; by single sign-on"
    )


def test_a_setting_lets_newcomers_look(
    come_back: SignIn, configure: Configure, client: Client
) -> None:
    configure(new_user_role=VIEWER)
    come_back()
    assert roles() == {VIEWER}
    assert client.get("/").status_code == 200


def test_a_user_is_found_by_the_confirmed_address_and_then_by_the_subject(
    come_back: SignIn, provider: StandIn, client: Client
) -> None:
    user = make_user(username="nina", email=EMAIL)
    come_back()
    assert signed_in(client) == "nina"
    provider.person |= {"email": "married@reseller.example", "email_verified": False}
    come_back()
    assert signed_in(client) == "nina"
    assert Identity.objects.get().user == user
    assert User.objects.count() == 2


def test_the_session_gets_another_key_and_signing_out_ends_it(
    come_back: SignIn, client: Client
) -> None:
    client.get("/accounts/sso/")
    before = client.session.session_key
    come_back()
    assert client.session.session_key != before
    client.post("/accounts/logout/")
    assert signed_in(client) is None


@pytest.mark.parametrize(
    ("lies", "words"),
    [
        ({"nonce": "another"}, "could not be trusted"),
        ({"nonce": None}, "could not be trusted"),
        ({"iss": "https://evil.example"}, "could not be trusted"),
        ({"aud": "somebody-else"}, "could not be trusted"),
        ({"aud": "somebody-else", "azp": CLIENT_ID}, "could not be trusted"),
        ({"exp": 1_700_000_000}, "could not be trusted"),
        ({"exp": None}, "could not be trusted"),
        ({"sub": None}, "could not be trusted"),
        ({"email_verified": False}, "has not confirmed your e-mail address"),
        ({"email_verified": None}, "has not confirmed your e-mail address"),
        ({"email": None}, "told no e-mail address"),
        ({"email": "not an address"}, "told no e-mail address"),
    ],
)
def test_what_the_provider_says_is_not_believed(
    come_back: SignIn, provider: StandIn, client: Client, lies: dict[str, object], words: str
) -> None:
    provider.lies = lies
    answer = come_back()
    assert answer.status_code == 403
    assert words in answer.text
    assert signed_in(client) is None
    assert not User.objects.filter(email__iexact=EMAIL).exists()


@pytest.mark.parametrize("algorithm", ["RS256", "HS256"])
def test_another_signature_is_not_believed(
    come_back: SignIn, provider: StandIn, client: Client, algorithm: str
) -> None:
    provider.algorithm = algorithm
    provider.metadata = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
    theirs = RSAKey.generate_key(2048, {"kid": "one"})
    shared = OctKey.import_key("planted-oidc-client-secret", {"kid": "one"})
    provider.signs_with = theirs if algorithm == "RS256" else shared
    assert "could not be trusted" in come_back().text
    assert signed_in(client) is None


def test_coming_back_without_having_been_sent_signs_nobody_in(
    provider: StandIn, client: Client
) -> None:
    answer = client.get("/accounts/sso/back/?code=code-0&state=of-another-browser")
    assert answer.status_code == 403
    assert signed_in(client) is None
    assert "/token" not in provider.asked


def test_a_no_at_the_provider_is_a_sentence_here(provider: StandIn, client: Client) -> None:
    client.get("/accounts/sso/")
    answer = client.get("/accounts/sso/back/?error=access_denied&error_description=<b>bold</b>")
    assert answer.status_code == 403
    assert "you said no there" in answer.text
    assert "<b>bold" not in answer.text


def test_a_user_who_is_switched_off_stays_out(come_back: SignIn, client: Client) -> None:
    make_user(username="nina", email=EMAIL, is_active=False)
    assert "switched off" in come_back().text
    assert signed_in(client) is None


def test_a_superuser_never_comes_in_by_a_claim(
    come_back: SignIn, provider: StandIn, client: Client
) -> None:
    make_user(username="root", email=EMAIL, is_superuser=True)
    provider.person |= {"groups": ["admins"], "is_superuser": True, "is_staff": True}
    assert "A superuser signs in with the password" in come_back().text
    assert signed_in(client) is None


def test_two_users_of_one_address_are_told_apart_by_nobody(
    come_back: SignIn, client: Client
) -> None:
    make_user(username="one", email=EMAIL)
    make_user(username="two", email=EMAIL)
    assert "Several users here" in come_back().text
    assert signed_in(client) is None


def test_an_address_that_went_to_somebody_else_does_not_bring_the_user_along(
    come_back: SignIn, provider: StandIn, client: Client
) -> None:
    come_back()
    client.logout()
    provider.person["sub"] = "subject-2"
    assert "belongs to somebody else" in come_back().text
    assert signed_in(client) is None


def test_groups_of_the_provider_give_roles_and_take_them(
    come_back: SignIn, provider: StandIn, configure: Configure
) -> None:
    groups = {OPERATOR: frozenset({"billing"}), ADMINISTRATOR: frozenset({"admins"})}
    configure(groups=groups)
    provider.person["groups"] = ["billing", "admins", "others"]
    come_back()
    assert roles() == {OPERATOR, ADMINISTRATOR}
    user = User.objects.get(username=EMAIL)
    assert (user.is_staff, user.is_superuser) == (True, False)
    assert Change.objects.latest("id").get_change_message() == (
        "Roles: none → Administrator, Operator, by single sign-on"
    )
    user.groups.add(Group.objects.create(name="of ours"))

    provider.person["groups"] = "billing"
    come_back()
    assert roles() == {OPERATOR, "of ours"}
    assert not User.objects.get(username=EMAIL).is_staff

    provider.person.pop("groups")
    come_back()
    assert roles() == {"of ours"}


def test_without_such_a_setting_groups_change_nothing(come_back: SignIn, provider: StandIn) -> None:
    provider.person["groups"] = ["Administrator", "admins"]
    come_back()
    assert roles() == set()


def test_a_provider_of_one_company_may_be_trusted_with_its_addresses(
    come_back: SignIn, provider: StandIn, configure: Configure, client: Client
) -> None:
    configure(trusts_email=True)
    provider.person.pop("email_verified")
    come_back()
    assert signed_in(client) == EMAIL


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_no_request_leaves_to_a_host_that_nobody_named(
    provider: StandIn, client: Client, endpoint: str
) -> None:
    """Also not where the provider itself says so."""
    provider.metadata = {endpoint: "https://elsewhere.example/x"}
    answer = client.get("/accounts/sso/")
    assert answer.status_code == 403
    assert "not set up as this installation expects" in answer.text
    assert provider.asked == ["/.well-known/openid-configuration"]
    assert "elsewhere.example is not among OIDC_ISSUER and OIDC_HOSTS" in reason()


def test_a_provider_that_calls_itself_something_else_is_none(
    provider: StandIn, client: Client
) -> None:
    provider.metadata = {"issuer": "https://login.example/common"}
    assert client.get("/accounts/sso/").status_code == 403
    assert "calls itself 'https://login.example/common'" in reason()


def test_a_provider_that_is_away_is_a_sentence(
    configure: Configure, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    configure(issuer="http://127.0.0.1:1", hosts=frozenset({"127.0.0.1:1"}))
    answer = client.get("/accounts/sso/")
    assert answer.status_code == 403
    assert "The provider did not answer." in answer.text


def test_nothing_secret_is_logged(
    come_back: SignIn, provider: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    come_back()
    provider.lies = {"nonce": "another"}
    come_back()
    ours = [record.getMessage() for record in caplog.records if "integration" in record.name]
    kept = [f"{one.summary}{one.details}" for one in LogEntry.objects.all()]
    assert not [text for text in (*ours, *kept) if "planted" in text or "code-" in text]


def test_it_never_leads_to_another_site(come_back: SignIn) -> None:
    assert come_back(after="https://evil.example/").headers["Location"] == "/"


def test_wrong_passwords_still_lock_a_user_out_there(provider: StandIn, client: Client) -> None:
    make_user(username="anna", password="correct horse")
    client.defaults["REMOTE_ADDR"] = "203.0.113.77"
    data = {"username": "anna", "password": "wrong"}
    answers = [client.post("/accounts/login/", data).status_code for _ in range(9)]
    assert answers[-1] == 429


def reason() -> str:
    return LogEntry.objects.latest("id").summary
