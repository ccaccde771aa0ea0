"""Times as people read them."""

from datetime import datetime

STEPS = ((60, "second"), (60, "minute"), (24, "hour"), (0, "day"))


def ago(then: datetime, now: datetime) -> str:
    """ "just now", "1 minute ago", "3 hours ago"."""
    value = max(0, int((now - then).total_seconds()))
    if value < 10:
        return "just now"
    for size, unit in STEPS:
        if not size or value < size:
            return f"{value} {unit}{'' if value == 1 else 's'} ago"
        value //= size
    raise AssertionError("the last step has no size")
