"""One rate limit for all processes, kept in Redis by Redis's own clock.

Requests take evenly spaced slots, so no sliding minute ever holds more than the quota and no start
is a burst. A pause (a 429's Retry-After) stops everyone; who waits for a slot meanwhile waits on.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

import redis

from wire.errors import TransientError

logger = logging.getLogger(__name__)

# Requests don't travel equally fast: a little slack keeps their arrivals within the quota too.
SLACK = 1.02
# About as long as a task may last; beyond it the caller comes back later.
LONGEST_WAIT_SECONDS = 60.0

# Takes the next slot; answers microseconds until it, or minus the milliseconds where that is longer
# than a caller waits: then no slot is taken. A script runs alone in Redis, so no two get the same one.
# Without the format Lua would round what it writes to a tenth of a millisecond.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local spacing = tonumber(ARGV[1])
local slot = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
local paused = redis.call('PTTL', KEYS[2])
if paused > 0 then slot = math.max(slot, now + paused * 1000) end
if slot - now > tonumber(ARGV[2]) then return -math.ceil((slot - now) / 1000) end
if spacing > 0 then
  local following = slot + spacing
  local life = math.ceil((following - now) / 1000)
  redis.call('SET', KEYS[1], string.format('%.0f', following), 'PX', life)
end
return math.ceil(slot - now)
"""

# Lengthens a pause, never shortens one.
PAUSE = """
local wanted = tonumber(ARGV[1])
if redis.call('PTTL', KEYS[1]) < wanted then redis.call('SET', KEYS[1], '1', 'PX', wanted) end
return 1
"""


class Throttle:
    """The limit of one remote; call it before each request, it waits as long as it must."""

    def __init__(
        self,
        *,
        name: str,
        redis_url: str,
        per_minute: int,
        sleep: Callable[[float], None] = time.sleep,
        longest_wait: float = LONGEST_WAIT_SECONDS,
    ) -> None:
        """`per_minute` 0 means no limit; pauses are obeyed all the same."""
        self._name = name
        self._spacing = 60_000_000 / per_minute * SLACK if per_minute > 0 else 0.0
        self._sleep = sleep
        self._longest_wait = longest_wait
        self._slot_key = f"throttle:{name}:slot"
        self._pause_key = f"throttle:{name}:pause"
        self._redis: Any = redis.Redis.from_url(
            # Seconds: a broker that hangs must not hold a lane for ever.
            redis_url,
            socket_timeout=5,
            socket_connect_timeout=5,
        )
        self._take = self._redis.register_script(TAKE)
        self._lengthen = self._redis.register_script(PAUSE)

    def __call__(self) -> None:
        """Wait for a slot; raises TransientError when that would take too long."""
        wait = self._next_wait()
        while wait > 0:
            self._sleep(wait)
            # A pause that began meanwhile holds for those who already had a slot.
            wait = self._next_wait() if self.paused_seconds() else 0.0

    def pause(self, seconds: float) -> None:
        """Nobody gets a slot for so long."""
        logger.debug("requests to %s pause for %.0f seconds", self._name, seconds)
        self._run(self._lengthen, keys=[self._pause_key], args=[max(1, int(seconds * 1000))])

    def paused_seconds(self) -> float:
        """For how long nobody gets a slot yet; 0 while requests go out."""
        return max(0, int(self._run(self._redis.pttl, self._pause_key))) / 1000

    def _next_wait(self) -> float:
        longest = int(self._longest_wait * 1_000_000)
        keys = [self._slot_key, self._pause_key]
        answer = int(self._run(self._take, keys=keys, args=[self._spacing, longest]))
        if answer < 0:
            raise TransientError(
                f"Requests to {self._name} are stopped for another {-answer / 1000:.0f} seconds. "
                "Try again later.",
                service=self._name,
                retry_after=-answer / 1000,
            )
        return answer / 1_000_000

    def _run(self, command: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except redis.RedisError as error:
            raise TransientError(
                "The rate limit can't be read: the broker does not answer. Check Redis.",
                service="Redis",
            ) from error
