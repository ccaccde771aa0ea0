"""Starts Django for manage.py, the web server and Celery alike: a wrong setting is a line, no trace."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import OperationalError, ProgrammingError

from integration.environment import text
from integration.launch.state import State
from mapping.unmigrated import UNMIGRATED, is_unmigrated

# gunicorn takes it for "don't start the worker again".
MISCONFIGURED = 3
NO_CONNECTION = ("connection failed", "connection timeout", "connection is bad")


@contextmanager
def plainly(exit_code: int = MISCONFIGURED) -> Iterator[None]:
    """Ends the process with a sentence for what the environment got wrong, or lacks."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.settings")
    try:
        yield
    except ImproperlyConfigured as error:
        leave(str(error), exit_code)
    except OperationalError as error:
        if not str(error).startswith(NO_CONNECTION):
            raise
        reason = str(error).splitlines()[0]
        leave(f"DATABASE_URL names a database that does not answer: {reason}", exit_code)
    except ProgrammingError as error:
        if not is_unmigrated(error):
            raise
        leave(UNMIGRATED, exit_code)


def leave(message: str, exit_code: int) -> None:
    """Ends the process with this one line on stderr."""
    print(message, file=sys.stderr)  # noqa: T201 - logging is not configured yet
    raise SystemExit(exit_code)


def load_settings() -> None:
    """Loads them now, while a problem can still be told in a line."""
    with plainly():
        import_module(os.environ["DJANGO_SETTINGS_MODULE"])


def freeze_what_stays() -> None:
    """Imports all views now, and takes what lives as long as the process out of garbage collection.

    A full collection looked through all of it, which held up a request, now and then, for 80 ms.
    """
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()


def use_running_demo() -> None:
    """Points manage.py at the demo that runs from this folder, unless DATABASE_URL is set."""
    if text("DATABASE_URL"):
        return
    for name, value in (State.here().running() or {}).items():
        if not text(name):
            os.environ[name] = value
