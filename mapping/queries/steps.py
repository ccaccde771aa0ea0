"""How far each step of mapping is: the tabs show it, in the order in which they are done (P1)."""

from dataclasses import dataclass

from django.db.models import Count

from mapping.ports import lines
from mapping.tabs import ORGANIZATIONS, PRODUCTS, Tab


@dataclass(frozen=True, kw_only=True)
class Step:
    """One tab: how many of its records are mapped; nothing is told before there are some."""

    key: str
    label: str
    page: str  # the name of its address
    mapped: int
    total: int
    of: str = "mapped"

    @property
    def is_done(self) -> bool:
        return self.mapped == self.total

    @property
    def words(self) -> str:
        return f"{self.mapped:,} of {self.total:,} {self.of}" if self.total else ""


def mapping_steps() -> list[Step]:
    """The three tabs; Invoices tells of the newest month."""
    month = lines().newest_month()
    invoices = Step(
        key="invoices",
        label="Invoices",
        page="invoices:lines",
        mapped=month.mapped if month else 0,
        total=month.total if month else 0,
        of=f"lines of {month.month} mapped" if month else "",
    )
    return [_counted(ORGANIZATIONS), _counted(PRODUCTS), invoices]


def step_of(tab: Tab, *, mapped: int, total: int) -> Step:
    """A tab as a step; the caller has counted already."""
    return Step(key=tab.key, label=tab.title, page=f"mapping:{tab.key}", mapped=mapped, total=total)


def _counted(tab: Tab) -> Step:
    counted = tab.model._default_manager.aggregate(mapped=Count(tab.field), total=Count("pk"))
    return step_of(tab, mapped=counted["mapped"], total=counted["total"])
