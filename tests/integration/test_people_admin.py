"""Users in Django admin: an Administrator gives roles, and never more than they hold."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from integration.roles import ADMINISTRATOR, OPERATOR
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(client: Client) -> User:
    user = make_user(role=ADMINISTRATOR, is_staff=True)
    client.force_login(user)
    return user


def change(client: Client, user: User, **values: object) -> int:
    data = {"username": user.username, "date_joined_0": "2026-05-01", "date_joined_1": "10:00"}
    url = f"/admin/auth/user/{user.pk}/change/"
    return client.post(url, {**data, **values}).status_code


def test_an_administrator_gives_a_role(client: Client, administrator: User) -> None:
    colleague = make_user()
    role = Group.objects.get(name=OPERATOR)
    assert change(client, colleague, groups=[role.pk], is_active="on") == 302
    assert list(colleague.groups.all()) == [role]


def test_a_new_user_is_made_with_address_and_role_at_once(
    client: Client, administrator: User
) -> None:
    password = {"password1": "battery staple 9", "password2": "battery staple 9"}
    role = Group.objects.get(name=OPERATOR)
    values = {"username": "olivia", "email": "olivia@reseller.example", "groups": [role.pk]}
    client.post("/admin/auth/user/add/", {**values, "usable_password": "true", **password})
    made = User.objects.get(username="olivia")
    assert (made.email, list(made.groups.all())) == ("olivia@reseller.example", [role])


def test_nobody_makes_himself_a_superuser(client: Client, administrator: User) -> None:
    every = administrator.get_all_permissions()
    kept = {"is_active": "on", "is_staff": "on", "groups": administrator.groups.get().pk}
    assert change(client, administrator, is_superuser="on", user_permissions=["1"], **kept) == 302
    seen = User.objects.get(pk=administrator.pk)
    assert not seen.is_superuser
    assert seen.get_all_permissions() == every


def test_a_superusers_password_is_out_of_reach(client: Client, administrator: User) -> None:
    superuser = make_user(is_superuser=True, password="correct horse")
    answer = client.post(
        f"/admin/auth/user/{superuser.pk}/password/",
        {"password1": "battery staple", "password2": "battery staple"},
    )
    assert answer.status_code == 403
    assert User.objects.get(pk=superuser.pk).check_password("correct horse")


def test_a_superuser_is_not_deleted_with_others(client: Client, administrator: User) -> None:
    superuser, colleague = make_user(is_superuser=True), make_user()
    chosen = [superuser.pk, colleague.pk]
    data = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    client.post("/admin/auth/user/", data)
    assert User.objects.filter(pk__in=chosen).count() == 2


def test_a_superuser_makes_another(client: Client) -> None:
    client.force_login(make_user(is_superuser=True, is_staff=True))
    colleague = make_user()
    assert change(client, colleague, is_superuser="on", is_active="on") == 302
    assert User.objects.get(pk=colleague.pk).is_superuser


def test_dates_are_written_there_as_on_our_own_pages(client: Client, administrator: User) -> None:
    make_user(last_login=datetime(2026, 5, 3, 14, 7, tzinfo=UTC))

    assert "2026-05-03 14:07" in client.get("/admin/auth/user/").content.decode()
