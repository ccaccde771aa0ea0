"""Revenue and cost of lines in one currency, and what remains of them. Pure."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(slots=True)
class Money:
    """Exact sums in one currency; never added across currencies."""

    currency: str
    revenue: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    lines: int = 0

    @property
    def margin(self) -> Decimal:
        """Below zero where it is sold for less than it costs."""
        return self.revenue - self.cost

    @property
    def percent(self) -> Decimal | None:
        """The margin's share of the revenue, to a tenth."""
        return round(self.margin / self.revenue * 100, 1) if self.revenue > 0 else None

    def add(self, lines: int, revenue: Decimal | None, cost: Decimal | None) -> None:
        """Lines without money, such as what is ended, count with none."""
        self.lines += lines
        self.revenue += revenue or Decimal(0)
        self.cost += cost or Decimal(0)
