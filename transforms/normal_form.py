"""Unicode normalisation (UAX #15) of short runs of code points, inside kernels; tables and version are `unicodedata`'s.

A character of combining class 0 that can be composed with nothing before it starts a span: what stands before it does
not affect what follows. A span is a letter and its marks, as a rule. So a text is normalised span by span, and only
the few that are not in normal form cost anything: `unsettled` finds them, `settle` rewrites them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from transforms.ascending import first_from
from transforms.characters import among, blocks
from transforms.once import once
from vocab.compiled import njit

Form = Literal["NFC", "NFKC"]

CLASS = 0xFF
"""In the properties of a code point: its canonical combining class."""

CHANGES = 0x100
"""In the properties of a code point: normalisation changes it wherever it stands (quick check: No)."""

JOINS = 0x200
"""In the properties of a code point: it may be composed with a character before it (quick check: Maybe)."""

LONGEST = {"NFC": 3, "NFKC": 11}
"""By how much a text can grow in UTF-8 at most (UAX #15, section 12.1)."""

_SYLLABLES, _LEADS, _VOWELS, _TAILS = 0xAC00, 0x1100, 0x1161, 0x11A7


class NormalForm(NamedTuple):
    """Tables of a normalisation form, all read-only.

    Attributes:
        properties: uint16 (0x110000,), `CLASS`, `CHANGES` and `JOINS` of each code point; 0 for most.
        trailing: uint8 (0x110000,), combining class of the last character of the canonical decomposition.
        composites: int64, code points that decompose, ascending.
        starts: int32 (composites + 1,), where the full decomposition of each begins in `parts`.
        parts: int32, the decompositions: canonical for NFC, compatibility for NFKC.
        pairs: int64, ascending: first << 21 | second of two characters that compose.
        primaries: int32 (pairs,), what they compose to.
    """

    properties: np.ndarray
    trailing: np.ndarray
    composites: np.ndarray
    starts: np.ndarray
    parts: np.ndarray
    pairs: np.ndarray
    primaries: np.ndarray


@once
def normal_form(form: Form) -> NormalForm:
    """The tables of a form."""
    properties, trailing = np.zeros(0x110000, np.uint16), np.zeros(0x110000, np.uint8)
    marks = np.flatnonzero(among("M"))  # All others have combining class 0.
    properties[marks] = trailing[marks] = [unicodedata.combining(chr(mark)) for mark in marks.tolist()]
    decomposed: dict[int, str] = {}
    primaries: dict[int, int] = {}
    for point in _decomposing():
        character = chr(point)
        canonical = unicodedata.normalize("NFD", character)
        full = canonical if form == "NFC" else unicodedata.normalize("NFKD", character)
        if full != character:
            decomposed[point] = full
        whole = unicodedata.normalize("NFC", character)
        if (whole if form == "NFC" else unicodedata.normalize(form, character)) != character:
            properties[point] |= CHANGES
        if canonical != character:
            trailing[point] = unicodedata.combining(canonical[-1])
            pair = _pair(point)
            if pair and whole == character:
                primaries[pair[0] << 21 | pair[1]] = point
                properties[pair[1]] |= JOINS
    for point, parts in decomposed.items():
        # U+0F73, half-width kana accents: what they decompose to belongs to the span before them.
        if properties[ord(parts[0])] & (CLASS | JOINS):
            properties[point] |= JOINS
    ordered = sorted(primaries)
    tables = NormalForm(
        properties=properties,
        trailing=trailing,
        composites=np.array(list(decomposed), np.int64),
        starts=np.cumsum([0, *map(len, decomposed.values())], dtype=np.int32),
        parts=np.array([ord(part) for parts in decomposed.values() for part in parts], np.int32),
        pairs=np.array(ordered, np.int64),
        primaries=np.array([primaries[pair] for pair in ordered], np.int32),
    )
    for table in tables:
        table.flags.writeable = False
    return tables


def _decomposing() -> Iterator[int]:
    """The code points that decompose, ascending; all others are their own normal form."""
    for first, block in blocks():
        if unicodedata.normalize("NFKD", block) != block:
            yield from (first + at for at, character in enumerate(block) if _decomposes(character))


def _decomposes(character: str) -> bool:
    return bool(unicodedata.decomposition(character)) or _SYLLABLES <= ord(character) < _SYLLABLES + 11172


def _pair(point: int) -> tuple[int, int] | None:
    """The two characters of a canonical decomposition; None where it is one. Hangul's is arithmetic (Unicode, 3.12)."""
    if _SYLLABLES <= point < _SYLLABLES + 11172:
        vowels, tail = divmod(point - _SYLLABLES, 28)
        return (point - tail, _TAILS + tail) if tail else (_LEADS + vowels // 21, _VOWELS + vowels % 21)
    parts = [int(part, 16) for part in unicodedata.decomposition(chr(point)).split()]
    return (parts[0], parts[1]) if len(parts) == 2 else None


@njit(cache=True, nogil=True)
def unsettled(starter, point, last_class, form):
    """Whether a character may take the span that it continues out of normal form; never False if it does.

    Args:
        starter: code point of the last character of combining class 0 before it, 0 if there is none.
        point: the character.
        last_class: combining class of the character just before it.
        form: `NormalForm`.
    """
    properties = np.int64(form.properties[point])
    combining = properties & CLASS
    if properties & CHANGES or 0 < combining < last_class:
        return True
    if not properties & JOINS:
        return False
    if combining == 0:
        return last_class == 0 and composed(starter, point, form) >= 0
    # Where it moves before the starter's own marks: é and a dot below are ẹ and an acute.
    return combining < form.trailing[starter] or composed(starter, point, form) >= 0


@njit(cache=True, nogil=True)
def composed(first, second, form):
    """The code point that two compose to, or -1."""
    found = _find(form.pairs, np.int64(first) << 21 | np.int64(second))
    return np.int64(form.primaries[found]) if found >= 0 else np.int64(-1)


@njit(cache=True, nogil=True)
def _find(ascending, value):
    """Index of a value, or -1."""
    at = first_from(ascending, value)
    return at if at < ascending.shape[0] and ascending[at] == value else -1


@njit(cache=True, nogil=True)
def settle(span, length, form):
    """Normalise the code points span[:length]; int32 both."""
    points = np.empty(18 * length, np.int32)  # no decomposition is longer than that of U+FDFA
    size = _decompose(span, length, form, points)
    _order(points, size, form.properties)
    return points[: _compose(points, size, form)]


@njit(cache=True, nogil=True)
def _decompose(span, length, form, out):
    size = 0
    for i in range(length):
        found = _find(form.composites, np.int64(span[i]))
        if found >= 0:
            for part in form.parts[form.starts[found] : form.starts[found + 1]]:
                out[size] = part
                size += 1
        else:
            out[size] = span[i]
            size += 1
    return size


@njit(cache=True, nogil=True)
def _order(points, size, properties):
    """Put each run of marks in the order of their combining classes."""
    start = 0
    while start < size:
        end, ordered, last_class = start, True, 0
        while end < size and properties[points[end]] & CLASS:
            combining = properties[points[end]] & CLASS
            ordered = ordered and last_class <= combining
            last_class = combining
            end += 1
        if not ordered:
            _counting_sort(points, start, end, properties)
        start = end + 1


@njit(cache=True, nogil=True)
def _counting_sort(points, start, end, properties):
    """Sort points[start:end] by combining class, stably; linear, so that no text of a million accents takes hours."""
    run, places = points[start:end].copy(), np.zeros(CLASS + 2, np.int64)
    for point in run:
        places[(properties[point] & CLASS) + 1] += 1
    places[0] = start
    for combining in range(CLASS):
        places[combining + 1] += places[combining]
    for point in run:
        combining = properties[point] & CLASS
        points[places[combining]] = point
        places[combining] += 1


@njit(cache=True, nogil=True)
def _compose(points, size, form):
    """Compose in place; a character is blocked from the starter by one between them of no lower class."""
    length, starter, last_class = 0, -1, 0
    for i in range(size):
        point = np.int64(points[i])
        combining = np.int64(form.properties[point]) & CLASS
        # After the starter itself, or after marks of lower classes alone.
        if starter >= 0 and (starter == length - 1 or last_class < combining):
            primary = composed(points[starter], point, form)
            if primary >= 0:
                points[starter] = primary
                continue
        if combining == 0:
            starter = length
        last_class = combining
        points[length] = point
        length += 1
    return length
