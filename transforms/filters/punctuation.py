"""Punctuation of both sides: how a sentence ends, how many marks there are, and whether brackets close."""

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
    """Punctuation of n pairs.

    Attributes:
        source_ends, target_ends: int32 (n,), 1 where the text ends in a stop, quotation marks and brackets apart.
        marks: float32 (n,), (t - s) / sqrt(t + s + 1) of the punctuation marks on the target and source side: the
            difference in units of its own spread, if marks came independently (Poisson).
        brackets: int32 (n,), brackets left open (or closed without being opened) on one side but not on the other.
    """

    source_ends: np.ndarray
    target_ends: np.ndarray
    marks: np.ndarray
    brackets: np.ndarray


def punctuation(source: Points, target: Points) -> Punctuation:
    """Compare the punctuation of both sides."""
    (first, first_ends, first_open), (second, second_ends, second_open) = _count_all(source), _count_all(target)
    marks = (second - first) / np.sqrt(first + second + 1)
    brackets = np.abs(second_open - first_open).sum(1, np.int32)
    return Punctuation(first_ends, second_ends, marks.astype(np.float32), brackets)


def _count_all(texts: Points) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = len(texts.offsets) - 1
    marks, ends, open_ = np.zeros(rows, np.int32), np.zeros(rows, np.int32), np.zeros((rows, len(BRACKETS)), np.int32)
    _count(texts.values, texts.offsets, _table(), marks, ends, open_)
    return marks, ends, open_


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
def _count(values, offsets, table, marks, ends, open_):
    """Count marks, and opening less closing brackets of each kind (`open_`: int32 (n, kinds))."""
    for r in range(offsets.shape[0] - 1):
        last, count = 0, 0
        for i in range(offsets[r], offsets[r + 1]):
            kind = np.int64(table[values[i]])
            count += kind & _MARK
            if kind & _SKIPPED == 0:
                last = kind
            if kind & (_OPEN | _CLOSE):
                open_[r, kind >> _KIND] += 1 if kind & _OPEN else -1
        marks[r], ends[r] = count, (last & _STOP) // _STOP
