"""Punctuation: how a sentence ends, how many marks there are, and whether brackets close; and how two sides differ."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from transforms.filters.points import Points, character_table
from transforms.once import once
from vocab.compiled import njit

STOPS = ".?!:;…。．｡।॥؟؛۔։።፧။។៕།༎？！：；᠃᠉;"
"""Marks that end a sentence or what leads to one."""

BRACKETS = (("()", "（）", "﹙﹚"), ("[]", "［］", "【】", "〔〕"), ("{}", "｛｝"))
"""Brackets of three kinds; those of a kind stand for each other when a text is translated. What is a quotation mark
somewhere (`<>`, `「」`) is none."""

SEPARATORS = "་༌፡"
"""Marks that separate syllables or words, as spaces do elsewhere: of Tibetan and Ethiopic."""

_MARK, _STOP, _SKIPPED, _OPEN, _CLOSE = 1, 2, 4, 8, 16  # the kind of a bracket is in the bits above
_KIND = 5


class Punctuation(NamedTuple):
    """Punctuation of n texts.

    Attributes:
        marks: int32 (n,), how many marks there are.
        ends: int32 (n,), 1 where the text ends in a stop, quotation marks and brackets apart.
        left_open: int32 (n, kinds), brackets of each kind that are not closed; below 0 where some are not opened.
    """

    marks: np.ndarray
    ends: np.ndarray
    left_open: np.ndarray


def punctuation(texts: Points) -> Punctuation:
    """Look at the punctuation of every text."""
    rows = len(texts.offsets) - 1
    found = Punctuation(*(np.zeros(shape, np.int32) for shape in (rows, rows, (rows, len(BRACKETS)))))
    _count(texts.values, texts.offsets, _table(), *found)
    return found


def more_marks(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """How many more punctuation marks the target has, in units of the difference's own spread.

    Args:
        source, target: int32 (n,), marks of both sides.

    Returns:
        float32 (n,), (t - s) / sqrt(t + s + 1), as if marks came independently (Poisson).
    """
    return ((target - source) / np.sqrt(source + target + 1)).astype(np.float32)


def unequal_brackets(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Brackets left open, or closed without being opened, on one side but not on the other: int32 (n,).

    Args:
        source, target: int32 (n, kinds), see `Punctuation.left_open`.
    """
    return np.abs(target - source).sum(1, np.int32)


@once
def _table() -> np.ndarray:
    brackets: dict[str, int] = {}
    for kind, alike in enumerate(BRACKETS):
        for pair in alike:
            brackets |= {pair[0]: _OPEN | kind << _KIND, pair[1]: _CLOSE | kind << _KIND}

    def properties(character: str, category: str) -> int:
        skipped = category in ("Zs", "Cc", "Cf", "Pi", "Pf", "Pe") or character in "\"'*"
        mark = _MARK if category[0] == "P" and character not in SEPARATORS else 0
        stop = _STOP if character in STOPS else 0
        return mark | stop | (_SKIPPED if skipped else 0) | brackets.get(character, 0)

    return character_table(properties)


@njit(cache=True, nogil=True)
def _count(values, offsets, table, marks, ends, left_open):
    """Write what `Punctuation` holds; `left_open` is all 0 before."""
    for r in range(offsets.shape[0] - 1):
        last, count = 0, 0
        for i in range(offsets[r], offsets[r + 1]):
            kind = np.int64(table[values[i]])
            count += kind & _MARK
            if kind & _SKIPPED == 0:
                last = kind
            if kind & (_OPEN | _CLOSE):
                left_open[r, kind >> _KIND] += 1 if kind & _OPEN else -1
        marks[r], ends[r] = count, (last & _STOP) // _STOP
