"""Documents to sentences, by Wikimedia's sentencex, which knows the abbreviations and the stops of some 300 languages.

For a language that it does not know it goes by the stops of all scripts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import sentencex


class Sentences(NamedTuple):
    """The sentences of some documents, in their order.

    Attributes:
        documents: int64 (n,), the row of the document that each is in.
        numbers: int32 (n,), its number in that document, from 0.
        texts: string[n], without space at either end, never empty.
    """

    documents: np.ndarray
    numbers: np.ndarray
    texts: pa.StringArray


def cut(texts: pa.StringArray, language: str) -> Sentences:
    """Cut documents into sentences; a sentence never goes on in another paragraph.

    Args:
        texts: string[rows], without nulls; paragraphs are separated by line feeds.
        language: BCP 47 tag.
    """
    spoken = language.partition("-")[0]
    documents: list[int] = []
    numbers: list[int] = []
    found: list[str] = []
    for row, text in enumerate(texts.to_pylist()):
        first = len(found)
        for paragraph in text.split("\n"):
            found += filter(None, map(str.strip, sentencex.segment(spoken, paragraph)))
        documents += [row] * (len(found) - first)
        numbers += range(len(found) - first)
    return Sentences(np.array(documents, np.int64), np.array(numbers, np.int32), pa.array(found, pa.string()))
