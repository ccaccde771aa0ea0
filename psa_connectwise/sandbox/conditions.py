"""The `conditions` language: a small parser that turns the text into a test of one record."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

Record = dict[str, Any]
Test = Callable[[Record], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<moment>\[[^\]]*\])|(?P<number>-?\d+(?:\.\d+)?)(?![\w])
    |(?P<op><=|>=|!=|=|<|>)|(?P<mark>[(),])|(?P<word>[A-Za-z_][\w/]*))""",
    re.VERBOSE,
)
_WORD_OPERATORS = ("contains", "like", "in")


class ConditionError(ValueError):
    """The text is not a condition; the message says where."""


def parse(text: str, names: frozenset[str]) -> Test:
    """Raises ConditionError for bad grammar and for fields that the record does not have."""
    parser = _Parser(_tokens(text), names)
    test = parser.either()
    if parser.kind:
        raise ConditionError(f"unexpected {parser.value!r}")
    return test


def lookup(record: Record, path: str) -> Any:
    """The value at a path such as company/id, None where any part of it is missing."""
    value: Any = record
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if not match:
            raise ConditionError(f"cannot read {text[position : position + 20]!r}")
        found.append((str(match.lastgroup), match.group(str(match.lastgroup))))
        position = match.end()
    return found


class _Parser:
    """By recursive descent: `either` (or) over both (and) over single comparisons."""

    def __init__(self, tokens: list[tuple[str, str]], names: frozenset[str]) -> None:
        self._tokens, self._names, self._at = tokens, names, 0

    @property
    def kind(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    @property
    def value(self) -> str:
        return self._tokens[self._at][1] if self.kind else "end"

    def _take(self) -> str:
        value = self.value
        if not self.kind:
            raise ConditionError("unexpected end")
        self._at += 1
        return value

    def _is_word(self, word: str) -> bool:
        return self.kind == "word" and self.value.lower() == word

    def _expect(self, mark: str) -> None:
        if self.kind != "mark" or self.value != mark:
            raise ConditionError(f"{mark!r} expected, not {self.value!r}")
        self._at += 1

    def either(self) -> Test:
        tests = [self._both()]
        while self._is_word("or"):
            self._take()
            tests.append(self._both())
        return lambda record: any(test(record) for test in tests)

    def _both(self) -> Test:
        tests = [self._single()]
        while self._is_word("and"):
            self._take()
            tests.append(self._single())
        return lambda record: all(test(record) for test in tests)

    def _single(self) -> Test:
        if self.kind == "mark" and self.value == "(":
            self._take()
            inner = self.either()
            self._expect(")")
            return inner
        if self._is_word("not"):
            self._take()
            negated = self._single()
            return lambda record: not negated(record)
        return self._comparison()

    def _comparison(self) -> Test:
        if self.kind != "word":
            raise ConditionError(f"a field expected, not {self.value!r}")
        path = self._take()
        # Only the first part is known by name: what a reference holds is not described.
        if path.split("/")[0] not in self._names:
            raise ConditionError(f"unknown field {path!r}")
        negated = self._is_word("not")
        if negated:
            self._take()
        operator = self._take().lower()
        if operator not in (*_OPERATORS, *_WORD_OPERATORS) or (
            negated and operator not in _WORD_OPERATORS
        ):
            raise ConditionError(f"unknown operator {operator!r}")
        compare = partial(_word_test(operator, self), path)
        return (lambda record: not compare(record)) if negated else compare

    def values(self) -> list[Any]:
        self._expect("(")
        found = [self.literal()]
        while self.kind == "mark" and self.value == ",":
            self._take()
            found.append(self.literal())
        self._expect(")")
        return found

    def literal(self) -> Any:
        kind, text = self.kind, self._take()
        if kind == "text":
            return text[1:-1]
        if kind == "number":
            return Decimal(text)
        if kind == "moment":
            return _moment(text[1:-1])
        if kind == "word" and text.lower() in _WORDS:
            return _WORDS[text.lower()]
        raise ConditionError(f"a value expected, not {text!r}")


_WORDS = {"true": True, "false": False, "null": None}


def _word_test(operator: str, parser: _Parser) -> Callable[[str, Record], bool]:
    if operator == "in":
        wanted = parser.values()
        return lambda path, record: any(
            _OPERATORS["="](_alike(lookup(record, path), value), value) for value in wanted
        )
    value = parser.literal()
    if operator == "contains":
        part = str(value).casefold()
        return lambda path, record: part in str(lookup(record, path) or "").casefold()
    if operator == "like":
        pattern = _like(str(value))
        return lambda path, record: bool(pattern.fullmatch(str(lookup(record, path) or "")))
    compare = _OPERATORS[operator]
    return lambda path, record: compare(_alike(lookup(record, path), value), value)


def _ordered(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """As in SQL, nothing compares with an absent value; texts compare without case."""

    def compare(have: Any, wanted: Any) -> bool:
        if have is None or wanted is None:
            return False
        if isinstance(wanted, str):
            return holds(str(have).casefold(), wanted.casefold())
        if isinstance(have, str) != isinstance(wanted, str):
            raise ConditionError(f"{wanted!r} does not compare with {have!r}")
        return holds(have, wanted)

    return compare


def _equal(have: Any, wanted: Any) -> bool:
    if wanted is None:
        return have is None
    return _ordered(lambda a, b: bool(a == b))(have, wanted)


def _unequal(have: Any, wanted: Any) -> bool:
    if wanted is None:
        return have is not None
    return _ordered(lambda a, b: bool(a != b))(have, wanted)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": _equal,
    "!=": _unequal,
    "<": _ordered(lambda a, b: bool(a < b)),
    "<=": _ordered(lambda a, b: bool(a <= b)),
    ">": _ordered(lambda a, b: bool(a > b)),
    ">=": _ordered(lambda a, b: bool(a >= b)),
}


def _alike(have: Any, wanted: Any) -> Any:
    """A stored date is text; it is read as a moment where the condition names one."""
    if isinstance(wanted, datetime) and isinstance(have, str):
        return _moment(have)
    return have


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise ConditionError(f"{text!r} is not a date-time") from None
    return moment if moment.tzinfo else datetime.fromisoformat(f"{text.strip()}T00:00:00+00:00")


def _like(pattern: str) -> re.Pattern[str]:
    """`*` and `%` stand for any text, `[[]` for a bracket."""
    parts = re.split(r"(\[\[\]|[*%])", pattern)
    special = {"[[]": r"\[", "*": ".*", "%": ".*"}
    text = "".join(special.get(part, re.escape(part)) for part in parts)
    return re.compile(text, re.IGNORECASE | re.DOTALL)
