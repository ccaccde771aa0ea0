"""Numbers in addresses and forms, where somebody may have written anything; and in sentences. Pure."""

# Every such number fits a bigint column; one that doesn't would break its query.
MOST_DIGITS = 18


def is_number(text: str, *, digits: int = MOST_DIGITS) -> bool:
    """Plain digits, and not too many: `int` takes those of all scripts, and refuses thousands."""
    return text.isascii() and text.isdigit() and len(text) <= digits


def number_in(text: str, default: int = 0) -> int:
    """The number; `default` for what is none."""
    return int(text) if is_number(text) else default


def numbered(number: int, one: str, many: str = "") -> str:
    """ "1 line", "1,204 lines"; `many` where it takes more than an s."""
    return f"1 {one}" if number == 1 else f"{number:,} {many or f'{one}s'}"
