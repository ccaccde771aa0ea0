"""Makes the tables and the demo's login; the launcher calls it at each start."""

import os
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

LOGIN = "demo"


class Command(BaseCommand):
    help = "Migrate the database and make the login of `make demo` (which calls this)."

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get("DEMO_PASSWORD", "")
        if not settings.DEMO or not password:
            raise CommandError("Only `make demo` calls this: it makes a login of full rights.")
        call_command("migrate", interactive=False, verbosity=1)
        make_login(password)


def make_login(password: str) -> None:
    """Refuses a database that others use already: this one has a login that the terminal shows."""
    user = User.objects.filter(username=LOGIN).first()
    if user is None and User.objects.exists():
        raise CommandError(
            "The database at DATABASE_URL has users of its own. `make demo` makes a login of full "
            "rights, so it wants an empty database: set another DATABASE_URL, or none."
        )
    user = user or User(username=LOGIN, is_staff=True, is_superuser=True, email="")
    if not user.pk or not user.check_password(password):
        user.set_password(password)
        user.save()
    user.groups.add(*Group.objects.filter(name="Administrator"))
