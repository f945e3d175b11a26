"""Documents to sentences, in any language.

`sentencex` (Wikimedia) cuts paragraphs: by the stops of some 300 languages, less where an abbreviation, a number, a
quotation or a list says otherwise, and rather too seldom than in the middle of a sentence. It does not know the marks
of Tibetan and Khmer, which are cut here. Thai and Lao have no stops: their paragraphs stay whole.

A paragraph never goes on in the next one.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sentencex

from transforms.languages import Language

SENTENCES = pa.schema([("row", pa.int32()), ("sentence", pa.int32()), ("text", pa.string())])
"""`row` of the document in its column; `sentence`: its number in the document, from 0; `text` without space around."""

STOPS = {"Tibt": "།༎༏༐༑", "Khmr": "។៕"}
"""Script -> marks that end a sentence, where the library does not know them."""


def sentences(texts: pa.StringArray, language: Language) -> pa.RecordBatch:
    """Cut documents into sentences.

    Args:
        texts: string[n], documents, paragraphs separated by a line feed; no nulls.
        language: of all of them.

    Returns:
        A batch of schema `SENTENCES`, in the order of the documents; no sentence is empty. Sentences of a document that
        are joined again have all its characters but white space.
    """
    code = language.bcp47.partition("-")[0]
    further = _further(language)
    found: list[str] = []
    ends = np.zeros(len(texts) + 1, np.int64)
    for row, text in enumerate(texts.to_pylist()):
        for paragraph in text.split("\n"):
            if paragraph:
                found += sentencex.segment(code, paragraph)
        if further is not None:
            found[ends[row] :] = [piece for one in found[ends[row] :] for piece in further.split(one)]
        ends[row + 1] = len(found)
    trimmed = pc.utf8_trim_whitespace(pa.array(found, pa.string()))
    said = pc.greater(pc.binary_length(trimmed), 0).to_numpy(zero_copy_only=False)
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), np.diff(ends))[said]
    return pa.record_batch([rows, _numbered(rows), trimmed.filter(pa.array(said))], schema=SENTENCES)


def _numbered(rows: np.ndarray) -> np.ndarray:
    """How many equal ones come before each of some sorted numbers, int32."""
    firsts = np.flatnonzero(np.diff(rows, prepend=-1))
    return (np.arange(len(rows)) - np.repeat(firsts, np.diff(firsts, append=len(rows)))).astype(np.int32)


def _further(language: Language) -> re.Pattern[str] | None:
    """Where to cut what the library leaves whole."""
    marks = "".join(STOPS.get(script, "") for script in language.scripts)
    return re.compile(f"(?<=[{marks}])(?![{marks}\\s])|(?<=[{marks}])\\s+(?![{marks}])") if marks else None
