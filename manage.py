#!/usr/bin/env python
"""Django's command line: `.venv/bin/python manage.py help` lists what it can do."""

import sys

from django.core.management import execute_from_command_line

from integration.startup import plainly, use_running_demo

# As the project's own commands end when they can't run.
COULD_NOT_RUN = 2


def main() -> None:
    use_running_demo()
    with plainly(COULD_NOT_RUN):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
