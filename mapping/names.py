"""Reads names of customers and offers as words that can be compared. Pure.

Case, accents, punctuation, legal forms and known abbreviations are taken out of the way here; what
remains is what tells one company or product from the next.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product
from typing import Literal

from mapping.wordlists import (
    ANYWHERE,
    CONNECTORS,
    CUSTOMER_WORDS,
    FORMERLY,
    LEGAL_FORMS,
    LETTER_CONNECTORS,
    OFFER_NOISE,
    OFFER_WORDS,
    OWNED_BY,
    TRADE_WORDS,
    TRADES_AS,
    UNITS,
    VD,
    WEAK,
)

Kind = Literal["organization", "offer"]

# Letters that Unicode does not take apart; then how they and the umlauts are spelt out.
BARE = str.maketrans("øłđð\u0131", "olddi", "") | {ord("æ"): "ae", ord("œ"): "oe", ord("þ"): "th"}
SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
APOSTROPHES = re.compile("['’`\u2018\u00b4\u02bc]")
LONE_LETTER_DOT = re.compile(r"(?<=\b\w)\.(?=\w)")
SLASHED_LETTERS = re.compile(r"\b(\w)/(\w)\b")
NUMBER_AND_UNIT = re.compile(rf"\b(\d+)({UNITS})\b")
SPELT_UMLAUT = re.compile("([aou])e")
TOKEN = re.compile(r"[^\W_]+\.?")
FORMS = {
    tuple(written.split()): form
    for form, ways in LEGAL_FORMS.items()
    for written in ways.split("|")
}
LONGEST_FORM = max(map(len, FORMS))
FORM_ENDS = frozenset(words[-1] for words in FORMS)


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its bare letters, every way it may be spelt, and whether a dot cut it short."""

    text: str
    ways: frozenset[str]
    dotted: bool = False

    @property
    def has_digit(self) -> bool:
        """A number is what tells one plan or branch from the next: it is never taken for a slip."""
        return any(letter.isdigit() for letter in self.text)

    def is_same(self, other: "Word") -> bool:
        """One of its spellings is one of the other's: "Müller" is "Mueller" and "Muller"."""
        return not self.ways.isdisjoint(other.ways)


@dataclass(frozen=True, slots=True)
class Name:
    """What tells it apart, and the legal forms that stood beside it."""

    words: tuple[Word, ...]
    forms: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """Without what was taken off it: legal form, punctuation, accents."""
        return " ".join(word.text for word in self.words)

    @property
    def joined(self) -> frozenset[str]:
        """Without its spaces: bare, and with the umlauts spelt out."""
        spelt = "".join(max(word.ways, key=len) for word in self.words)
        return frozenset({"".join(word.text for word in self.words), spelt})


@lru_cache(maxsize=200_000)
def read_name(text: str, kind: Kind, vendor: str = "") -> tuple[Name, ...]:
    """The ways to read a name: mostly one, more where it says "trading as" or "v.d."."""
    if kind == "offer":
        return (_offer(text, vendor),)
    words = _words(text)
    readings: list[Name] = []
    for part in _names_in(words):
        places = [place for place, word in enumerate(part) if word.text == "vd"]
        # Only the first "v.d." is read in all ways: few names have two, and ways would multiply.
        for spelt in product(VD, repeat=min(len(places), 1)):
            readings.append(_customer(_replaced(part, places[:1], spelt)))
    return tuple(one for one in readings if one.words) or (Name(tuple(words)),)


def search_text(text: str, kind: Kind, vendor: str = "") -> str:
    """What similar names are found by: the words, with umlauts written like their bare letters."""
    found = " ".join(name.text for name in read_name(text, kind, vendor))
    return SPELT_UMLAUT.sub(r"\1", found)


def rare_words(found: str, kind: Kind) -> str:
    """Of a customer's search text what half of all names don't share; all of it if that is nothing.

    An offer is told from the next by just those words, so it keeps them.
    """
    if kind == "offer":
        return found
    return " ".join(word for word in found.split() if word not in TRADE_WORDS) or found


def same_key(text: str, kind: Kind, vendor: str = "") -> str:
    """Equal for names that differ in nothing that counts; the order of words counts."""
    name = read_name(text, kind, vendor)[0]
    return f"{name.text} {' '.join(sorted(name.forms))}".strip()


def code_key(code: str) -> str:
    """A reference, identifier or SKU without what people leave out when they copy it."""
    return "".join(letter for letter in code.casefold() if letter.isalnum())


def _words(text: str) -> list[Word]:
    # The Turkish İ would become an i and a combining dot, which is no letter of any other spelling.
    folded = APOSTROPHES.sub("", unicodedata.normalize("NFC", text.replace("İ", "i")).casefold())
    joined = LONE_LETTER_DOT.sub("", SLASHED_LETTERS.sub(r"\1\2", folded))
    spaced = NUMBER_AND_UNIT.sub(r"\1 \2", joined)
    return [_word(token) for token in TOKEN.findall(spaced)]


@lru_cache(maxsize=50_000)  # most words are in many names
def _word(token: str) -> Word:
    letters = unicodedata.normalize("NFC", token.rstrip("."))
    bare = _bare(letters)
    return Word(bare, frozenset({bare, _bare(letters.translate(SPELT))}), token.endswith("."))


def _bare(letters: str) -> str:
    apart = unicodedata.normalize("NFKD", letters.translate(BARE))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _plain(text: str) -> list[Word]:
    return [Word(word, frozenset({word})) for word in text.split()]


def _replaced(words: list[Word], places: list[int], spelt: tuple[str, ...]) -> list[Word]:
    replaced = list(words)
    for place, text in zip(places, spelt, strict=True):
        replaced[place : place + 1] = _plain(text)
    return replaced


def _names_in(words: list[Word]) -> list[list[Word]]:
    """Without former names and owners; the names on both sides of "trading as"."""
    words = _before(words, (*FORMERLY, *OWNED_BY))
    texts = [word.text for word in words]
    for phrase in TRADES_AS:
        parts = phrase.split()
        for place in range(1, len(texts) - len(parts)):
            if texts[place : place + len(parts)] == parts:
                return [words[:place], words[place + len(parts) :]]
    return [words]


def _before(words: list[Word], marks: tuple[str, ...]) -> list[Word]:
    place = next((at for at, word in enumerate(words) if at and word.text in marks), len(words))
    return words[:place]


def _customer(words: list[Word]) -> Name:
    words, forms = _without_forms(words)
    kept = [word for word in words if word.text not in WEAK] or words
    kept = [
        word
        for at, word in enumerate(kept)
        if word.text not in CONNECTORS
        and not (word.text in LETTER_CONNECTORS and not word.dotted and 0 < at < len(kept) - 1)
    ] or kept
    return Name(tuple(_expanded(kept, CUSTOMER_WORDS)), frozenset(forms))


def _without_forms(words: list[Word]) -> tuple[list[Word], set[str]]:
    """The words that are no legal form, and the forms; a name is never only a form."""
    rest, forms = list(words), set()
    place = len(rest)
    # From the end: there alone a short form such as "AG" can't be a word of the name.
    at_end = True
    while place > 0:
        size, form = _form_before(rest, place)
        if size and len(rest) > size and (at_end or form in ANYWHERE):
            del rest[place - size : place]
            forms.add(form)
            place -= size
            continue
        at_end = at_end and rest[place - 1].text in WEAK
        place -= 1
    return rest, forms


def _form_before(words: list[Word], place: int) -> tuple[int, str]:
    """The longest legal form that ends at `place`, and its number of words."""
    if words[place - 1].text not in FORM_ENDS:
        return 0, ""
    for size in range(min(LONGEST_FORM, place), 0, -1):
        if form := FORMS.get(tuple(word.text for word in words[place - size : place])):
            return size, form
    return 0, ""


def _expanded(words: list[Word], known: dict[str, str]) -> list[Word]:
    """The words with known abbreviations written out."""
    return [
        one
        for word in words
        for one in (_plain(known[word.text]) if word.text in known else [word])
    ]


def _offer(text: str, vendor: str) -> Name:
    """An offer's words; its vendor's name counts only where nothing else is left."""
    words = [word for word in _words(text) if word.text not in OFFER_NOISE | CONNECTORS]
    words = _expanded(words, OFFER_WORDS)
    maker = "".join(word.text for word in _expanded(_words(vendor), OFFER_WORDS))
    # The vendor may stand anywhere in the name, and be written as several words or as one.
    for start, end in combinations(range(len(words) + 1), 2):
        if "".join(word.text for word in words[start:end]) == maker:
            return Name(tuple(words[:start] + words[end:] or words))
    return Name(tuple(words))
