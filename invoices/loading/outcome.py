"""A load's result in words."""

from invoices.loading.read import Reading
from invoices.models import Load
from invoices.months import month_name
from mapping.numbers import numbered

# All of them stand in System Logs.
PROBLEMS_TOLD = 2


def outcome(load: Load, incomplete: str) -> str:
    """One sentence with every count (P17), and a second one if the period is incomplete."""
    counts = ", ".join(
        (
            f"{load.new:,} new",
            f"{load.updated:,} updated",
            f"{load.unchanged:,} unchanged",
            f"{load.gone:,} gone",
            f"{load.changed_after_sync:,} changed after sync",
            f"{load.not_final:,} not final yet",
        )
    )
    return f"{month_name(load.month)} loaded: {counts}.{' ' if incomplete else ''}{incomplete}"


def incomplete_because(reading: Reading) -> str:
    """Why the period is incomplete, and what to do; "" when it is complete."""
    if reading.complete:
        return ""
    lines = numbered(reading.bad, "line was bad", "lines were bad")
    told = [f"{lines} (see System Logs)."] if reading.bad else []
    told += reading.problems[:PROBLEMS_TOLD]
    if len(reading.problems) > PROBLEMS_TOLD:
        told.append(f"And {len(reading.problems) - PROBLEMS_TOLD} more like it.")
    return f"The period is incomplete: {' '.join(told)} Load it again."
