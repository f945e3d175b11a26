"""Documents to sentences, in any language.

`sentencex` (Wikimedia) cuts paragraphs: by the stops of some 300 languages, less where an abbreviation, a number, a
quotation or a list says otherwise, and rather too seldom than in the middle of a sentence. It does not know the marks
of Tibetan and Khmer, which are cut here. Thai and Lao have no stops: their paragraphs stay whole.

A paragraph never goes on in the next one, and of paragraphs that are equal, as headings often are, one is cut.

Of two languages the library compiles a pattern at every stop, which takes 0.3 ms: it cuts 0.2 MB of Catalan and Danish
a second, and 10 to 30 of others. They are cut by the rules of another language, `STAND_INS`, then joined again where
their own rule says so. 99.9 % of the paragraphs of Catalan manuals and 99.2 % of Danish ones come out the same; the
others are mostly program code.
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

STAND_INS = {"ca": "es", "oc": "es", "da": "de", "kl": "de"}
"""Language -> the one by whose rules it is cut. The library's Catalan has the Spanish abbreviations, and it takes
Occitan for Catalan and Greenlandic for Danish."""

GOES_ON = re.compile(r"\W*[0-9a-z]")
"""What no sentence of these languages starts with."""

MARKS = re.compile(r"[.!?…][.!?…]\s*$")
"""More than one stop, after which they may start with anything."""


def sentences(texts: pa.StringArray, language: Language) -> pa.RecordBatch:
    """Cut documents into sentences.

    Args:
        texts: string[n], documents, paragraphs separated by a line feed; no nulls.
        language: of all of them.

    Returns:
        A batch of schema `SENTENCES`, in the order of the documents; no sentence is empty. Sentences of a document that
        are joined again have all its characters but white space.
    """
    paragraphs = pc.split_pattern(texts, "\n")
    said = paragraphs.flatten().dictionary_encode()
    of_each = _cut_all(said.dictionary, language).take(said.indices)
    sizes = pc.list_value_length(of_each).to_numpy()
    rows = np.repeat(pc.list_parent_indices(paragraphs).to_numpy(), sizes).astype(np.int32)
    return pa.record_batch([rows, _numbered(rows), of_each.flatten()], schema=SENTENCES)


def _cut_all(paragraphs: pa.StringArray, language: Language) -> pa.ListArray:
    """The sentences of each paragraph, list<string>[n]."""
    code, further = language.bcp47.partition("-")[0], _further(language)
    pieces: list[str] = []
    ends = [0]
    for paragraph in paragraphs.to_pylist():
        own = cut(paragraph, code) if paragraph else []
        pieces += own if further is None else [piece for one in own for piece in further.split(one)]
        ends.append(len(pieces))
    trimmed = pc.utf8_trim_whitespace(pa.array(pieces, pa.string()))
    filled = pc.greater(pc.binary_length(trimmed), 0)
    before = np.cumsum(np.concatenate([[0], filled.to_numpy(zero_copy_only=False)]), dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(before[np.array(ends)]), trimmed.filter(filled))


def cut(paragraph: str, code: str) -> list[str]:
    """Cut a paragraph into sentences by the library.

    Args:
        paragraph: without a line feed.
        code: of its language, as the library knows it.

    Returns:
        Its sentences, each with the space that follows it; together they are the paragraph.
    """
    if code not in STAND_INS:
        return sentencex.segment(code, paragraph)
    found: list[str] = []
    for piece in sentencex.segment(STAND_INS[code], paragraph):
        if found and GOES_ON.match(piece) and not MARKS.search(found[-1]):
            found[-1] += piece
        else:
            found.append(piece)
    return found


def _numbered(rows: np.ndarray) -> np.ndarray:
    """How many equal ones come before each of some sorted numbers, int32."""
    firsts = np.flatnonzero(np.diff(rows, prepend=-1))
    return (np.arange(len(rows)) - np.repeat(firsts, np.diff(firsts, append=len(rows)))).astype(np.int32)


def _further(language: Language) -> re.Pattern[str] | None:
    """Where to cut what the library leaves whole."""
    marks = "".join(STOPS.get(script, "") for script in language.scripts)
    return re.compile(f"(?<=[{marks}])(?![{marks}\\s])|(?<=[{marks}])\\s+(?![{marks}])") if marks else None
