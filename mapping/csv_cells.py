"""Cells of CSV files that a spreadsheet may open: text that would be a formula there is defused."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")


def defused(text: str) -> str:
    """With an apostrophe before what a spreadsheet would run; `restored` takes it away again."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def restored(text: str) -> str:
    """The text that was defused, without the blanks that hands leave around it."""
    return text.strip().removeprefix("'")
