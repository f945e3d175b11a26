"""The measurements of one side of a pair that depend on its text alone, whatever the other side is.

They are what most texts of a corpus have in common with those of another: the English of a manual comes with each
language that it is translated to, and is measured once (`transforms.pair_sides`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from transforms.filters.lengths import lengths
from transforms.filters.markup import markup
from transforms.filters.points import Points
from transforms.filters.punctuation import punctuation
from transforms.filters.repetition import repeated
from transforms.filters.similarity import similarity
from transforms.languages import Language

SEGMENT, DENSE_SEGMENT = 12, 5
"""Characters of a segment that may be repeated; in a script in which a character is a syllable or more."""

DENSE = frozenset(("Hani", "Hira", "Kana", "Hang", "Bopo", "Yiii"))
"""Scripts in which a character is a syllable or more."""

BRACKETS = ("round", "square", "curly")
"""Columns of `punctuation.Punctuation.left_open`, by the kinds of `punctuation.BRACKETS`."""

SIDE = pa.schema(
    [(name, pa.int32()) for name in ("characters", "columns", "letters", "replaced", "marks", "ends", *BRACKETS)]
    + [(name, pa.float32()) for name in ("repeated", "markup", "similarity")]
)
"""Measurements of a text: `characters`, `columns`, `letters`, `replaced` as of `lengths.Lengths`; `marks`, `ends` and
what is left open of each kind of brackets as of `punctuation.Punctuation`; `repeated` and `markup`, shares of its
characters; its `similarity` to a copy."""


def measure_side(texts: Points, language: Language) -> pa.RecordBatch:
    """Measure every text: a batch of schema `SIDE`.

    Args:
        texts: n normalised texts.
        language: the one that they claim.
    """
    marks = punctuation(texts)
    columns = [
        *lengths(texts),
        marks.marks,
        marks.ends,
        *np.ascontiguousarray(marks.left_open.T),
        repeated(texts, segment=segment_of(language)),
        markup(texts),
        similarity(texts, texts),
    ]
    return pa.record_batch([pa.array(column) for column in columns], schema=SIDE)


def segment_of(language: Language) -> int:
    """Characters of a segment in the scripts of a language."""
    return DENSE_SEGMENT if DENSE.intersection(language.scripts) else SEGMENT
