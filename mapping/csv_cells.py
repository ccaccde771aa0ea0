"""Cells of CSV files that a spreadsheet may open: text that would be a formula there is defused."""

# The wide ones are what an East Asian keyboard types, and Excel there takes them for the same.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# With the apostrophe itself, so that `restored` takes away no other than ours.
FORMULA_STARTS = (*FORMULAS, "'")


def defused(text: str) -> str:
    """With an apostrophe before what a spreadsheet would run; `restored` takes it away again."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def restored(text: str) -> str:
    """The text that was defused, without the blanks that hands leave around it."""
    return text.strip().removeprefix("'")
