"""Child processes that never outlive the launcher, however it ends."""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from integration.launch.state import ROOT, LaunchError, State, write_private

SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, for prctl
LARGEST_LOG = 5_000_000
POLL_SECONDS = 0.05
MOST_DEATHS = 3  # within a minute; a service that dies oftener won't come up by being started again
REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Account:
    """Whom a server runs as when the launcher is root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class Service:
    """One process to keep running: how it is started, known to be ready, and stopped."""

    name: str
    command: list[str]
    environment: dict[str, str]
    ready: Callable[[], bool] = lambda: True
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    # Reaches the child when the launcher is killed; then nobody is left to insist.
    orphan_signal: signal.Signals = signal.SIGTERM
    patience: float = 10
    input: bytes | None = None
    folder: Path = ROOT
    restarts: bool = False


class Interrupted(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal; like KeyboardInterrupt, no `except Exception` eats it."""


Handler = Callable[[int, FrameType | None], None] | signal.Handlers


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Turns the three ways of being asked to stop into `Interrupted`, wherever the code is."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        # Stopping takes seconds and is bounded: a second Ctrl-C must not leave half of it undone.
        set_handlers(signal.SIG_IGN)
        raise Interrupted(signal.Signals(number).name)

    with handling(interrupt):
        yield


@contextlib.contextmanager
def handling(handler: Handler) -> Iterator[None]:
    """Until the end, these signals are handled so; then as before."""
    before = {number: signal.getsignal(number) for number in REQUESTS}
    set_handlers(handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def set_handlers(handler: Handler) -> None:
    """For every signal that asks the launcher to end."""
    for number in REQUESTS:
        signal.signal(number, handler)


@contextlib.contextmanager
def undivided() -> Iterator[None]:
    """Being asked to stop waits for the end: of a child that is half started nobody would know."""
    asked: list[int] = []
    with handling(lambda number, _frame: asked.append(number)):
        yield
    if asked:
        signal.raise_signal(asked[0])


@dataclass
class Stack:
    """The running children, in the order they were started; stopped in the reverse one."""

    state: State
    children: list[tuple[Service, "subprocess.Popen[bytes]"]] = field(default_factory=list)
    deaths: list[tuple[str, float]] = field(default_factory=list)

    def __enter__(self) -> "Stack":
        end_leftovers(self.state)
        return self

    def __exit__(self, *_error: object) -> None:
        with handling(signal.SIG_IGN):
            while self.children:
                stop(*self.children.pop())
            self.record()

    def start(self, service: Service) -> "subprocess.Popen[bytes]":
        """It may not be ready yet; `wait_ready` says when it is."""
        with undivided():
            child = spawn(service, self.state.log(service.name))
            self.children.append((service, child))
            self.record()
        return child

    def wait_ready(self, service: Service, seconds: float = 60) -> None:
        """Raises LaunchError, with the end of its log, where it dies or doesn't get there in time."""
        deadline = time.monotonic() + seconds
        while not service.ready():
            self.refuse_dead()
            if time.monotonic() > deadline:
                raise LaunchError(
                    f"{service.name} did not answer within {seconds:.0f} seconds.\n"
                    + last_words(self.state.log(service.name))
                )
            time.sleep(POLL_SECONDS)

    def run(self, service: Service) -> None:
        """Runs a step to its end."""
        child = self.start(service)
        code = child.wait()
        self.children = [pair for pair in self.children if pair[1] is not child]
        if code:
            raise LaunchError(
                f"{service.name} failed.\n" + last_words(self.state.log(service.name))
            )

    def watch(self) -> None:
        """Returns never: a dead child is started again or raises; being asked to stop raises."""
        while True:
            self.look_after()
            time.sleep(0.2)

    def look_after(self) -> None:
        """Starts again what was killed, as containers do; what keeps dying, or may not, raises."""
        for place, (service, child) in enumerate(self.children):
            if child.poll() is None:
                continue
            if not self.may_restart(service):
                raise self.told(service, child)
            print(
                f"{service.name} ended by itself (exit {child.returncode}): started again.",
                flush=True,
            )
            end_group(child)  # a killed gunicorn leaves its workers on the port
            with undivided():
                self.children[place] = (service, spawn(service, self.state.log(service.name)))
                self.record()

    def may_restart(self, service: Service) -> bool:
        """A death more than it may have within a minute, and it stays dead."""
        now = time.monotonic()
        self.deaths = [(name, when) for name, when in self.deaths if now - when < 60]
        self.deaths.append((service.name, now))
        died = sum(name == service.name for name, _when in self.deaths)
        return service.restarts and died <= MOST_DEATHS

    def refuse_dead(self) -> None:
        """What we wait for may never come once one of the others has died."""
        for service, child in self.children:
            if child.poll() is not None:
                raise self.told(service, child)

    def told(self, service: Service, child: "subprocess.Popen[bytes]") -> LaunchError:
        """What to raise for a dead child: how it ended, and the end of its log."""
        return LaunchError(
            f"{service.name} ended by itself (exit {child.returncode}), so all is stopped.\n"
            + last_words(self.state.log(service.name))
        )

    def record(self) -> None:
        """Remembers who runs, for the next start after this launcher was killed."""
        alive = {str(child.pid): birth(child.pid) for _service, child in self.children}
        write_private(self.state.folder / "processes.json", json.dumps(alive))


def spawn(service: Service, log: Path) -> "subprocess.Popen[bytes]":
    """Starts in a session of its own, so that Ctrl-C reaches the launcher alone."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    account = service.account
    with log.open("ab") as output:
        child = subprocess.Popen(
            service.command,
            env=service.environment,
            cwd=service.folder,
            stdin=subprocess.PIPE if service.input is not None else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=end_with_parent(service.orphan_signal),
        )
    if child.stdin is not None and service.input is not None:
        with contextlib.suppress(BrokenPipeError), child.stdin:
            child.stdin.write(service.input)
    return child


def run_tool(command: list[str], environment: dict[str, str] | None = None) -> int:
    """Runs an installer to its end in this terminal; asked to stop, it goes with all it started."""
    children: list[subprocess.Popen[bytes]] = []
    try:
        with undivided():
            children.append(
                subprocess.Popen(
                    command,
                    env=environment,
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    process_group=0,
                    preexec_fn=end_with_parent(signal.SIGTERM),
                )
            )
        return children[0].wait()
    except BaseException:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
        raise
    finally:
        for child in children:
            child.wait()


def end_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Linux only: the kernel signals the child when the launcher dies. Elsewhere: leftovers."""
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask_kernel() -> None:
        libc.prctl(SET_PARENT_DEATH_SIGNAL, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask_kernel


def stop(service: Service, child: "subprocess.Popen[bytes]") -> None:
    """Asks, waits for `patience` seconds, then kills it with everything it started."""
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(service.stop_signal)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(service.patience)
    end_group(child)
    child.wait()


def end_group(child: "subprocess.Popen[bytes]") -> None:
    """It and everything it started, at once."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def end_leftovers(state: State) -> None:
    """Ends what a killed earlier run left; a number that another process has now is let alone."""
    path = state.folder / "processes.json"
    with contextlib.suppress(OSError, ValueError):
        for number, born in json.loads(path.read_text()).items():
            end_leftover(int(number), born)
    path.unlink(missing_ok=True)


def end_leftover(number: int, born: str, patience: float = 5) -> None:
    """Most are already on their way out: they got the kernel's signal."""
    for request in (None, signal.SIGINT, signal.SIGKILL):
        deadline = time.monotonic() + (patience if request else 1)
        if request and born and birth(number) == born:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(number, request)
        while born and birth(number) == born and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)


def birth(number: int) -> str:
    """What tells this process from a later one with the same number; "" when there is none."""
    try:
        if sys.platform == "linux":
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            return "" if fields[0] == "Z" else fields[19]
        answer = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(number)], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return answer.stdout.strip()


def last_words(log: Path, lines: int = 12) -> str:
    """The end of a log and where the rest of it is."""
    text = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([*(f"    {line}" for line in text), f"The whole log: {log}"])
