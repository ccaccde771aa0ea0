"""Names made comparable: case, accents and spacing don't count."""

import unicodedata


def normalise(*parts: str) -> str:
    """The parts in one lower-case string without accents, words one blank apart."""
    decomposed = unicodedata.normalize("NFKD", " ".join(parts))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())
