"""What the launcher keeps between two runs, in `.state/`: a lock, secrets, logs and what runs now."""

import base64
import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK_WAIT_SECONDS = 0.5


class LaunchError(Exception):
    """What went wrong and what to do about it, in words for the terminal."""


@dataclass(frozen=True)
class State:
    """The folder of one checkout's own servers; LINEBRIDGE_STATE moves it."""

    folder: Path

    @classmethod
    def here(cls) -> "State":
        """The folder of this checkout, or the one that LINEBRIDGE_STATE names."""
        return cls(Path(os.environ.get("LINEBRIDGE_STATE") or ROOT / ".state"))

    def make(self) -> None:
        """Others may pass through (the servers' own account must), but list nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)

    def log(self, name: str) -> Path:
        """Of one service."""
        return self.folder / "logs" / f"{name}.log"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Held by the kernel for as long as this process lives, so it is never stale."""
        self.make()
        with (self.folder / "lock").open("a") as lock:
            if not acquire(lock.fileno(), fcntl.LOCK_EX):
                raise LaunchError(self.already_running())
            try:
                yield
            finally:
                (self.folder / "environment").unlink(missing_ok=True)
                self.give_back()

    def give_back(self) -> None:
        """What root made in another's checkout would stop that account's next start."""
        owner = self.folder.stat() if self.folder.exists() else None
        if owner is None or os.geteuid() or not owner.st_uid:
            return
        for path in (*self.folder.iterdir(), *self.folder.glob("logs/*")):
            if not path.lstat().st_uid:
                os.lchown(path, owner.st_uid, owner.st_gid)

    def already_running(self) -> str:
        """In words for who starts a second one."""
        running = self.running() or {}
        where = running.get("LINEBRIDGE_ADDRESS", "it is still starting")
        process = running.get("LINEBRIDGE_PROCESS", "unknown")
        return (
            f"Linebridge already runs from this folder: {where} (process {process}).\n"
            "Stop it there with Ctrl-C first."
        )

    def announce(self, environment: dict[str, str]) -> None:
        """Lets manage.py reach the running servers; only this account can read it."""
        write_private(self.folder / "environment", json.dumps(environment, indent=2))

    def running(self) -> dict[str, str] | None:
        """The environment of the servers that run now; None when none does."""
        try:
            with (self.folder / "lock").open() as lock:
                if acquire(lock.fileno(), fcntl.LOCK_SH, wait=0):
                    return None
            announced: dict[str, str] = json.loads((self.folder / "environment").read_text())
        except (OSError, ValueError):
            return None
        return announced

    def secrets(self) -> dict[str, str]:
        """Random, made once, so that yesterday's data can be read today."""
        path = self.folder / "secrets.json"
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        complete = {**new_secrets(), **kept}
        if complete != kept:
            write_private(path, json.dumps(complete, indent=2))
        return complete


def acquire(descriptor: int, kind: int, *, wait: float = LOCK_WAIT_SECONDS) -> bool:
    """Tries for a moment, because manage.py may be looking at the lock just now."""
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def new_secrets() -> dict[str, str]:
    """Of everything that is started here; those that are kept already stay (`State.secrets`)."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "postgres": secrets.token_urlsafe(24),
        "valkey": secrets.token_urlsafe(24),
        "demo_login": secrets.token_urlsafe(9),
        "platform": secrets.token_urlsafe(18),
        "connectwise_public": secrets.token_urlsafe(12),
        "connectwise_private": secrets.token_urlsafe(12),
    }


def write_private(path: Path, text: str) -> None:
    """Replaces the file in one step; readable by its owner only from the first byte on."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(path)


def dotenv(path: Path) -> dict[str, str]:
    """The plain NAME=value lines of a `.env` file; settings read it with the same result."""
    pairs: dict[str, str] = {}
    lines = path.read_text().splitlines() if path.exists() else []
    for line in lines:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            pairs[name.strip()] = value.strip().strip("'\"")
    return pairs
