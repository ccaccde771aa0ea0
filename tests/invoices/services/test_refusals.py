"""What stands in a change's way is found by conditions that don't grow with the lines (P30, P45)."""

import pytest

from invoices.models import InvoiceLine
from invoices.services.refusals import LinesRefused, grown, refuse_any
from tests.factories import make_line


def test_however_many_lines_were_seen_they_are_held_against_by_one_condition(db: None) -> None:
    same, other = make_line(), make_line(version=4)
    seen = dict.fromkeys(range(10**6, 10**6 + 20_000), 1) | {same.pk: 1, other.pk: 3}
    check = grown(seen, since=None)

    assert InvoiceLine.objects.filter(check.refused).get() == other
    with pytest.raises(LinesRefused) as refused:
        refuse_any(InvoiceLine.objects.all(), [check])
    assert [one.line for one in refused.value.refusals] == [other]


def test_a_line_of_which_no_version_was_seen_may_have_any(db: None) -> None:
    line = make_line(version=9)

    refuse_any(InvoiceLine.objects.all(), [grown({line.pk: None}, since=None)])
