"""Names made comparable: case, accents and spacing don't count."""

import unicodedata


def normalise(*parts: str) -> str:
    """The parts in one lower-case string without accents, words one blank apart."""
    # Folded first, too: the iota below a Greek vowel is a mark until then, and a letter after it.
    decomposed = unicodedata.normalize("NFKD", " ".join(parts).casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())
