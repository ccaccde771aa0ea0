"""The fault dial: which request meets which misfortune, by share, by script or by a quota.

A decision depends on the seed, the request and how often that request was seen, never on the
order of threads, so a run can be replayed.
"""

import hashlib
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any

WRITES = ("POST", "PATCH", "PUT", "DELETE")
MINUTE = 60.0  # the window of the quota
SERVER_ERRORS = (500, 502, 503, 504)
NAMED = ("ok", "drop", "lost_reply", "late_write", "hang", "truncated")


@dataclass(frozen=True)
class Fault:
    """What happens to one request. `status` belongs to before_write and after_write."""

    name: str = "ok"
    status: int = 0
    retry_after: int = 0
    seconds: float = 0.0

    @property
    def loses_reply(self) -> bool:
        """Whether the client can't tell if its write was done."""
        return self.name in ("lost_reply", "late_write", "hang", "truncated", "after_write")


OK = Fault()


@dataclass
class Settings:
    """Everything that can be dialled; shares are between 0 and 1."""

    latency_ms: float = 0
    share_429: float = 0
    retry_after_seconds: int = 1
    share_5xx_before: float = 0
    share_5xx_after: float = 0  # this and the next two touch writes only
    share_lost_reply: float = 0
    share_late_write: float = 0
    late_write_seconds: float = 1
    hang_seconds: float = 0  # how long a lost reply keeps its connection open before it is cut
    share_drop: float = 0  # connection cut before anything was read
    search_lag_seconds: float = 0  # searches don't see records younger than this
    rate_limit_per_minute: int = 0  # 0: no quota
    store_price_places: int | None = None  # round what is stored, as an accounting export would
    seed: int = 1
    script: list[str] = field(default_factory=list)  # the next writes, one word each
    read_script: list[str] = field(default_factory=list)  # the next reads
    denied: list[str] = field(default_factory=list)  # rights taken away, such as "additions:add"


SCRIPTS = ("script", "read_script", "denied")
ABOUT_WRITES = (
    "share_5xx_after", "share_lost_reply", "share_late_write", "late_write_seconds", "script",
    "search_lag_seconds", "store_price_places",
)  # fmt: skip


def parse_fault(word: str, settings: Settings) -> Fault:
    """`ok`, `drop`, `lost_reply`, `late_write`, `hang`, `truncated`, `429`, `503_before_write`, `503_after_write`."""
    head, _, rest = word.strip().partition("_")
    if head.isdigit() and rest in ("", "before_write", "after_write") and 400 <= int(head) <= 599:
        name = rest or "before_write"
        return Fault(name, int(head), settings.retry_after_seconds, settings.hang_seconds)
    if word.strip() not in NAMED:
        raise ValueError(f"unknown fault {word!r}: {', '.join(NAMED)}, 429, 503_before_write, …")
    late = word.strip() == "late_write"
    return Fault(
        word.strip(), seconds=settings.late_write_seconds if late else settings.hang_seconds
    )


class Dial:
    """Thread-safe holder of the settings, and the one that decides."""

    def __init__(self) -> None:
        self.settings = Settings()
        self._lock = threading.Lock()
        self._seen: Counter[bytes] = Counter()
        self._admitted: deque[float] = deque()
        self._dropped = 0

    def set(self, **changes: Any) -> None:
        """Change some settings and keep the others. Raises ValueError that names what is wrong."""
        clean = {name: _clean(name, value) for name, value in changes.items()}
        candidate = Settings(**{**self.as_dict(), **clean})
        for word in (*candidate.script, *candidate.read_script):
            parse_fault(word, candidate)
        if sum(value for name, value in vars(candidate).items() if _is_mixed_share(name)) > 1:
            raise ValueError("the shares together exceed 1")
        with self._lock:
            self.settings = candidate
            # The same setting gives the same run again, however many requests came before it.
            self._seen.clear()
            self._admitted.clear()
            self._dropped = 0

    def reset(self) -> None:
        """No misfortune at all."""
        self.set(**vars(Settings()))

    def as_dict(self) -> dict[str, Any]:
        """Every setting, its lists copied: the dial takes words off its own while requests come in."""
        values = dict(vars(self.settings))
        return values | {name: list(values[name]) for name in SCRIPTS}

    def drops_connection(self) -> bool:
        """Decided before the request is read, hence by count alone."""
        if not self.settings.share_drop:
            return False
        with self._lock:
            self._dropped += 1
            random = Random(f"{self.settings.seed}:drop:{self._dropped}")
        return random.random() < self.settings.share_drop

    def decide(self, method: str, target: str, body: bytes) -> Fault:
        """The fate of one request that has been read."""
        with self._lock:
            quota = self._over_quota()
            if quota:
                return quota
            writes = method in WRITES
            script = self.settings.script if writes else self.settings.read_script
            if script:
                return parse_fault(script.pop(0), self.settings)
            if not any(v for name, v in vars(self.settings).items() if _is_mixed_share(name)):
                return OK
            return self._by_share(self._random(method, target, body), writes)

    def _random(self, method: str, target: str, body: bytes) -> Random:
        key = hashlib.sha256(b"\0".join((method.encode(), target.encode(), body))).digest()
        # A request sent again is drawn anew, or a retry could never succeed where the first try failed.
        self._seen[key] += 1
        return Random(f"{self.settings.seed}:{key.hex()}:{self._seen[key]}")

    def _by_share(self, random: Random, writes: bool) -> Fault:
        now, drawn, status = self.settings, random.random(), random.choice(SERVER_ERRORS)
        choices = [
            (now.share_429, Fault("before_write", 429, now.retry_after_seconds)),
            (now.share_5xx_before, Fault("before_write", status)),
        ]
        if writes:
            choices += [
                (now.share_5xx_after, Fault("after_write", status)),
                (now.share_lost_reply, Fault("lost_reply", seconds=now.hang_seconds)),
                (now.share_late_write, Fault("late_write", seconds=now.late_write_seconds)),
            ]
        # One draw for all shares, so that they add up: two of 10 % touch 20 % of the requests.
        for share, fault in choices:
            if drawn < share:
                return fault
            drawn -= share
        return OK

    def _over_quota(self) -> Fault | None:
        limit = self.settings.rate_limit_per_minute
        if not limit:
            return None
        now = time.monotonic()
        while self._admitted and self._admitted[0] <= now - MINUTE:
            self._admitted.popleft()
        if len(self._admitted) < limit:
            self._admitted.append(now)
            return None
        wait = int(self._admitted[0] + MINUTE - now) + 1
        return Fault("before_write", 429, max(wait, 1))


def _is_mixed_share(name: str) -> bool:
    return name.startswith("share_") and name != "share_drop"


_KINDS = {item.name: str(item.type) for item in fields(Settings)}


def _clean(name: str, value: Any) -> Any:
    """A value of the setting's type, from JSON or from a form."""
    if name not in _KINDS:
        raise ValueError(f"unknown setting {name!r}: {', '.join(_KINDS)}")
    if name in SCRIPTS:
        return value.replace(",", " ").split() if isinstance(value, str) else [*map(str, value)]
    if name == "store_price_places" and value in (None, ""):
        return None
    try:
        number = float(value or 0)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, not {value!r}") from None
    if number < 0 or (name.startswith("share_") and number > 1):
        raise ValueError(f"{name} is out of range: {value}")
    return int(number) if "int" in _KINDS[name] else number
