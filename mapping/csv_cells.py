"""Cells of CSV files that a spreadsheet may open: text that would be a formula there is defused."""

# The wide ones are what an East Asian keyboard types, and Excel there takes them for the same.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# With the apostrophe itself, so that `restored` takes away no other than ours.
FORMULA_STARTS = (*FORMULAS, "'")


def defused(text: str) -> str:
    """With an apostrophe before what a spreadsheet would run or trim; `restored` takes it away."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) or text != text.strip() else text


def restored(text: str) -> str:
    """The text that was defused; else the text without the blanks that hands leave around it."""
    cell = text.strip()
    # A spreadsheet may have put blanks before our apostrophe; behind it everything is the text's own.
    return text.lstrip()[1:] if cell.startswith("'") else cell
