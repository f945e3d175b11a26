"""How much of a test item must stand in a text for it to count as found there, by the script of the item.

A text is a sequence of folded tokens, as `transforms.shingles` cuts them: words, or single characters in scripts that
put no spaces between words. The same number of tokens is a sentence of English and half a sentence of Chinese, and of
Khmer, where a syllable is three or four code points, a word or two. So there are three kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from transforms.shingles import ALONE, IGNORED, folding_table


class Window(NamedTuple):
    """Lengths in tokens.

    Attributes:
        overlap: of a longer item any stretch of this length that occurs in a paragraph is the item.
        least: a shorter item is the item only where it is the whole paragraph; others are found inside one.
    """

    overlap: int
    least: int


WINDOWS = (Window(13, 5), Window(26, 10), Window(52, 20))
"""Of words, of Han and kana, and of the other scripts without spaces: Thai, Lao, Tibetan, Myanmar, Khmer and so on.

13 words are those of GPT-3 (Brown et al. 2020, appendix C). A word of Chinese or Japanese is some two characters long,
one of Thai or Khmer some four code points. `docs/decontamination.md` has the false alarms by which `least` was chosen.
"""

_CODES = ((0x0E00, 0x1BFF), (0xA980, 0xAAFF), (0x11700, 0x1174F))
"""Of the scripts without spaces those in which a syllable takes several code points, first and last."""


def kinds(texts: Sequence[str]) -> np.ndarray:
    """Which of `WINDOWS` each text is measured by, int8 (n,): that of most of its tokens; -1 where nothing folds."""
    return np.fromiter((_kind(text) for text in texts), np.int8, len(texts))


def _kind(text: str) -> int:
    points = np.frombuffer(text.encode("utf-32-le"), "<u4")
    points = points[folding_table()[points] != IGNORED]
    folded = folding_table()[points]
    letters = folded != 0
    if not letters.any():
        return -1
    alone = letters & (folded >= ALONE)
    coded = np.zeros(points.size, bool)
    for first, last in _CODES:
        coded |= alone & (points >= first) & (points <= last)
    # A word begins with a letter after something else; characters that stand alone separate words, too.
    inside = letters & ~alone
    words = int((inside & ~np.concatenate([[False], inside[:-1]])).sum())
    counts = (words, int((alone & ~coded).sum()), int(coded.sum()))
    return counts.index(max(counts))
