"""What the pages that people look at cost the processors: what a busy machine distorts least.

Asked in a process of its own, signed in, without a network, on the database that is soaked.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import IO

ROUNDS = 2


@dataclass(frozen=True)
class Cost:
    """Of one page, on average: milliseconds by the clock, and of Python and PostgreSQL together."""

    clock: float
    cpu: float

    @property
    def crowding(self) -> float:
        """How much longer work takes by the clock, because others have the processors."""
        return max(1.0, self.clock / self.cpu) if self.cpu else 1.0


class Gauge:
    """A process that tells, a line for each that it is sent, what `addresses` cost now."""

    def __init__(
        self, environment: Mapping[str, str], login: str, addresses: Sequence[str], log: IO[str]
    ) -> None:
        settings = {"DJANGO_SETTINGS_MODULE": "integration.settings"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak_hour.gauge", login, *addresses],
            env={**environment, **settings}, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip

    def read(self) -> Cost:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write("now\n")
        if not (told := self._process.stdout.readline()):
            raise RuntimeError("the gauge ended: its log says why")
        return Cost(**json.loads(told))

    def close(self) -> None:
        """It ends with its input, so also where this process was killed."""
        self._process.communicate(timeout=60)


def main(login: str, addresses: Sequence[str]) -> None:
    logging.disable(logging.WARNING)
    import django

    django.setup()
    for _asked in sys.stdin:
        sys.stdout.write(json.dumps(asdict(measure(login, addresses))) + "\n")
        sys.stdout.flush()


def measure(login: str, addresses: Sequence[str]) -> Cost:
    """The cheaper one of two rounds: the first finds what the caches forgot."""
    from django.contrib.auth.models import User
    from django.test import Client

    from bench.clock import spent

    client = Client(headers={"host": "localhost", "HX-Request": "true"})
    client.force_login(User.objects.get(username=login))

    def look() -> None:
        for address in addresses:
            answer = client.get(address)
            if answer.status_code != 200:
                raise RuntimeError(f"{answer.status_code} from {address}")

    best = min((spent(look) for _ in range(ROUNDS)), key=lambda one: one.cpu)
    scale = 1000 / len(addresses)
    return Cost(clock=best.seconds * scale, cpu=best.cpu * scale)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
