"""Which record or list a path of the API names, and which methods it takes."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """What a path names: a kind, one id or all, and the agreement that additions are under."""

    kind: str
    number: int | None = None
    agreement: int | None = None
    count: bool = False

    @property
    def methods(self) -> list[str]:
        """Only agreements and additions can be written; everything else is there to be read."""
        if self.kind not in ("agreements", "additions") or self.count:
            return ["GET"]
        return ["GET", "PUT", "PATCH", "DELETE"] if self.number is not None else ["GET", "POST"]


_PATHS = (
    (re.compile(r"/company/companies(?:/(?P<id>\d+|count))?"), "companies"),
    (re.compile(r"/finance/agreements/types(?:/(?P<id>\d+|count))?"), "types"),
    (re.compile(r"/finance/agreements(?:/(?P<id>\d+|count))?"), "agreements"),
    (
        re.compile(r"/finance/agreements/(?P<parent>\d+)/additions(?:/(?P<id>\d+|count))?"),
        "additions",
    ),
    (re.compile(r"/procurement/catalog(?:/(?P<id>\d+|count))?"), "catalog"),
    (re.compile(r"/system/info"), "info"),
)


def locate(path: str) -> Place | None:
    """The place, None for a path that ConnectWise doesn't have either."""
    for pattern, kind in _PATHS:
        match = pattern.fullmatch(path)
        if match:
            parts = match.groupdict()
            number = parts.get("id")
            parent = int(parts["parent"]) if parts.get("parent") else None
            if number == "count":
                return Place(kind, agreement=parent, count=True)
            return Place(kind, int(number) if number else None, parent)
    return None
