"""A lane's second hand, played by one of the crew: both belong to one process and die together."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from tests.soak.crew import Crew, Killed, Member, current


class Turn:
    """A lock that lets others run while it waits."""

    def __init__(self, crew: Crew) -> None:
        self._crew, self._held = crew, False

    def __enter__(self) -> None:
        self._crew.wait(lambda: not self._held)
        self._held = True

    def __exit__(self, *_: object) -> None:
        self._held = False


class Hand:
    """What a hand of its own is at; `result` waits for it as a future does."""

    def __init__(self, crew: Crew, member: Member | None) -> None:
        self._crew, self.member = crew, member
        self.error: BaseException | None = None
        self.done = member is None

    def result(self) -> None:
        self._crew.wait(lambda: self.done)
        if self.error:
            raise self.error


class Hands:
    """In place of a pool of threads; where the whole crew is busy, the lane has one hand only."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._hands: list[Hand] = []

    def __enter__(self) -> "Hands":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for hand in self._hands:
            if kind and issubclass(kind, Killed) and hand.member and not hand.done:
                hand.member.doom()
            elif not hand.done:
                self._crew.wait(lambda hand=hand: hand.done)  # type: ignore[misc]

    def submit(self, work: Callable[[], Any]) -> Hand:
        owner = current()
        free = [one for one in self._crew.free if one is not owner]
        if owner is None or not free:
            return Hand(self._crew, None)
        hand = Hand(self._crew, free[0])
        self._hands.append(hand)

        def job() -> None:
            one = current()
            assert one
            one.phase = "claim"
            try:
                work()
            except Killed:
                owner.doom()
                raise
            except Exception as error:
                hand.error = error
            finally:
                hand.done = True

        self._crew.give(free[0], job)
        return hand


class Inline:
    """In place of a pool that reads: one after the other, by whoever asks."""

    def __init__(self, size: int) -> None:
        self.size = size

    def submit(self, work: Callable[..., Any], *args: Any) -> "Future[Any]":
        answer: Future[Any] = Future()
        try:
            answer.set_result(work(*args))
        except Exception as error:
            answer.set_exception(error)
        return answer

    def shutdown(self, **_: object) -> None:
        """Nothing is under way."""
