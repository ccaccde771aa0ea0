#!/usr/bin/env python
"""Django's command line: `.venv/bin/python manage.py help` lists what it can do."""

import sys

from django.core.management import execute_from_command_line

from integration.startup import plainly, use_running_demo


def main() -> None:
    use_running_demo()
    with plainly():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
