"""What an undo shows in figures: each line once, however often it was written (P39, P50)."""

from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import F

from invoices.models import InvoiceLine
from invoices.queries.runs import figures
from invoices.sync.scope import UndoScope
from tests.invoices.sync.world import MAY, World, fresh, preview, row, say_yes, sync


def test_a_line_that_was_written_twice_is_one_row_and_its_money_once(world: World) -> None:
    user = User.objects.create_user("anna")
    line = world.monthly(MAY)
    sync(line)
    (addition,) = world.additions()
    world.store.edit("additions", addition["id"], quantity=9)
    InvoiceLine.objects.update(psa_status="error", version=F("version") + 1)
    sync(line, overwrite=True)

    draft = preview(user, undo=UndoScope(line=line.pk))

    told = figures(draft)
    assert (draft.total, told.post, told.money[0].revenue) == (1, 1, Decimal("37.50"))
    assert "Sets quantity back" in row(draft, line).reason
    assert say_yes(draft, user).total == 1
    assert (fresh(line).psa_status, world.additions()) == ("not_synced", [])
