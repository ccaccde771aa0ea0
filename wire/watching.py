"""Who wants to hear of every request to a remote: how it went and how long it took."""

from collections.abc import Callable

# Remote, method, the answer's status or None where there was none, seconds.
Watcher = Callable[[str, str, int | None, float], None]

_watchers: list[Watcher] = []


def watch(watcher: Watcher) -> None:
    """From now on it hears of each attempt, in the thread that made it: it must be quick."""
    if watcher not in _watchers:
        _watchers.append(watcher)


def tell(service: str, method: str, status: int | None, seconds: float) -> None:
    """To all who watch; called for each attempt, answered or not."""
    for watcher in _watchers:
        watcher(service, method, status, seconds)
