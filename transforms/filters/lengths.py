"""How long a text is: in characters, in columns of print, and in letters.

The ratio of two lengths is taken in columns (UAX #11: an ideograph, a kana or a syllable of Hangul takes two, a mark
none). A Japanese sentence about `LibreOffice - Preferences` is half Latin, and in characters each of its halves has
another ratio to English; in columns they have nearly the same.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

import numpy as np

from transforms.filters.points import Points, character_table
from transforms.once import once
from vocab.compiled import njit

_WIDTH, _LETTER, _REPLACEMENT = 3, 4, 8


class Lengths(NamedTuple):
    """Lengths of n texts, int32 (n,) each.

    Attributes:
        characters: code points.
        columns: columns of print.
        letters: letters and marks.
        replaced: replacement characters U+FFFD, which stand for what was no UTF-8.
    """

    characters: np.ndarray
    columns: np.ndarray
    letters: np.ndarray
    replaced: np.ndarray


def lengths(texts: Points) -> Lengths:
    """Measure every text."""
    characters = np.diff(texts.offsets)
    found = Lengths(characters, *(np.zeros_like(characters) for _ in range(3)))
    _count(texts.values, texts.offsets, _table(), found.columns, found.letters, found.replaced)
    return found


def log_ratio(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Logarithm of target length by source length, float32 (n,); each is taken to be 1 longer, so 0 has one too.

    Args:
        source, target: int32 (n,), lengths of both sides.
    """
    return (np.log1p(target) - np.log1p(source)).astype(np.float32)


@once
def _table() -> np.ndarray:
    return character_table(_properties)


def _properties(character: str, category: str) -> int:
    wide = unicodedata.east_asian_width(character) in "WF"
    width = 0 if category in ("Mn", "Me", "Cf") else 2 if wide else 1
    return width | (_LETTER if category[0] in "LM" else 0) | (_REPLACEMENT if character == "\ufffd" else 0)


@njit(cache=True, nogil=True)
def _count(values, offsets, table, columns, letters, replaced):
    for r in range(offsets.shape[0] - 1):
        width, letter, replacement = np.int32(0), np.int32(0), np.int32(0)
        for i in range(offsets[r], offsets[r + 1]):
            kind = np.int32(table[values[i]])
            width += kind & _WIDTH
            letter += (kind & _LETTER) >> 2
            replacement += (kind & _REPLACEMENT) >> 3
        columns[r], letters[r], replaced[r] = width, letter, replacement
