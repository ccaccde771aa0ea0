"""What a person of the soak reads from our pages."""

from tests.soak_hour.people import Crowd, Inputs


def test_rows_and_the_values_of_an_edited_row_are_read() -> None:
    page = Inputs(
        '<table><tr id="line-12"><td></td></tr><tr id="line-13" class="is-editing"><td>'
        '<input type="hidden" name="version" value="4"><input name="company" value=""></td></tr>'
        '<tr id="totals"></tr></table>'
    )
    assert page.lines == ["12", "13"]
    assert page.values == {"version": "4", "company": ""}


def test_the_later_edit_of_a_line_counts_whoever_is_answered_first() -> None:
    crowd = Crowd("http://127.0.0.1:9/", "nobody", "nothing")
    crowd.keep(12, 5, "2026-05-24")
    crowd.keep(12, 4, "2026-05-21")
    assert crowd.saved == {12: (5, "2026-05-24")}
