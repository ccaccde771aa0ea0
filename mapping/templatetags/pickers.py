"""Marks the letters of a name that a search matched."""

from collections.abc import Iterable

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from psa_connectwise.text import normalise

register = template.Library()


@register.filter
def marked(text: str, words: Iterable[str]) -> SafeString:
    """The text, escaped, with what the words matched in <mark>, whatever its case and accents."""
    folded, origins = _folded(text)
    hit = [False] * len(text)
    for word in words:
        at = folded.find(word)
        if at >= 0:
            for position in origins[at : at + len(word)]:
                hit[position] = True
    return mark_safe("".join(_runs(text, hit)))  # every run is escaped


def _folded(text: str) -> tuple[str, list[int]]:
    """The text as it is searched, and from which letter of the original each of its letters came."""
    letters, origins = [], []
    for position, letter in enumerate(text):
        folded = normalise(letter) or (" " if letter.isspace() else "")
        letters.append(folded)
        origins += [position] * len(folded)
    return "".join(letters), origins


def _runs(text: str, hit: list[bool]) -> Iterable[str]:
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or hit[end] != hit[start]:
            run = text[start:end]
            yield format_html("<mark>{}</mark>", run) if hit[start] else conditional_escape(run)
            start = end
