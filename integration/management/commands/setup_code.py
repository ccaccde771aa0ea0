"""Says the code that opens the page for the first Administrator."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration.first_administrator import is_awaited, setup_code


class Command(BaseCommand):
    help = "Print the setup code of a new installation, as long as it has no user."

    def handle(self, *args: Any, **options: Any) -> None:
        if not is_awaited():
            raise CommandError(
                "There are users already, so the code opens nothing. "
                "`manage.py createsuperuser` makes another Administrator of every right."
            )
        self.stdout.write(setup_code())
