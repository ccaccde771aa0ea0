"""The first Administrator of a new installation: made in the browser by who can read its console.

The code that proves it is computed from SECRET_KEY, so every process knows the same one and nothing
is stored. It opens a page that is there only as long as nobody has a user.
"""

import base64
from typing import Any

from django.conf import settings
from django.contrib.admin.models import ADDITION
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from integration.changes import keep_change
from integration.roles import ADMINISTRATOR

# 80 bits: nobody guesses it before the first user is made, and a person can still type it.
CODE_BYTES = 10
GROUP = 4


class TooLate(Exception):
    """Somebody else has made the first user meanwhile."""


def is_awaited() -> bool:
    """Nobody can sign in yet; queries."""
    return not User.objects.exists()


def setup_code() -> str:
    """ "ABCD-EFGH-IJKL-MNOP"."""
    digest = salted_hmac("linebridge.first_administrator", "setup code", algorithm="sha256")
    text = base64.b32encode(digest.digest()[:CODE_BYTES]).decode()
    return "-".join(text[at : at + GROUP] for at in range(0, len(text), GROUP))


def is_setup_code(given: str) -> bool:
    """Also without its dashes, or in small letters."""
    plain = given.strip().replace("-", "").replace(" ", "").upper()
    return constant_time_compare(plain, setup_code().replace("-", ""))


def make_first_administrator(user: User) -> None:
    """Saves the user with every right; raises TooLate where there is one already."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Two browsers at once: the second one waits here, and then sees the first one's user.
            cursor.execute(f"LOCK TABLE {User._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
        if not is_awaited():
            raise TooLate
        user.is_staff = user.is_superuser = True
        user.save()
        user.groups.add(*Group.objects.filter(name=ADMINISTRATOR))
        told = [f"Username: {user.username}", "the first Administrator, by the setup code"]
        keep_change(user=user, about=user, told=told, action=ADDITION)


def tell_setup_code(verbosity: int = 1, **_signal: Any) -> None:
    """On post_migrate: into the console of the migrate step, as long as nobody has a user."""
    if verbosity and not settings.DEMO and is_awaited():
        where = settings.SITE_URL or "the site"
        print(  # noqa: T201 - it belongs on the console, and into no log that others read
            f"Nobody can sign in yet. Open {where} and make the first Administrator "
            f"with the setup code {setup_code()}",
            flush=True,
        )
