"""The measurements of sentence pairs: dear, and made once; `rules` holds thresholds against them.

    measuring = PairMeasuring(source=language("de"), target=language("en"))
    signals = measure(pa.array(["Seite 3 von 7"]), pa.array(["Page 3 of 7"]), measuring)

Both sides are normalised text (`transforms.normalise`). Every measurement of a pair depends on that pair alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import scripts
from transforms.filters.lengths import lengths, log_ratio
from transforms.filters.markup import markup
from transforms.filters.numerals import lacking
from transforms.filters.points import Points, decoded
from transforms.filters.punctuation import punctuation
from transforms.filters.repetition import repeated
from transforms.filters.similarity import similarity
from transforms.filters.spoken import Spoken, spoken
from transforms.langid import LanguageIdentifier
from transforms.languages import Language

MEASURING = 2
"""Raised whenever the same pair would be measured otherwise."""

SIDES = ("source", "target")

EACH_SIDE = {
    "characters": pa.int32(),
    "columns": pa.int32(),
    "letters": pa.int32(),
    "replaced": pa.int32(),
    "script": pa.float32(),
    "alien": pa.float32(),
    "own": pa.float32(),
    "foreign": pa.float32(),
    "ends": pa.int32(),
    "repeated": pa.float32(),
    "markup": pa.float32(),
}
"""Measurements of each side; `SIGNALS` says what they are."""

_PAIR = {
    "log_ratio": pa.float32(),
    "similarity": pa.float32(),
    "numerals": pa.int32(),
    "marks": pa.float32(),
    "brackets": pa.int32(),
}
SIGNALS = pa.schema([(f"{side}_{name}", kind) for side in SIDES for name, kind in EACH_SIDE.items()] + [*_PAIR.items()])
"""Measurements of a pair. Of each side (`source_characters`, `target_characters`, ...): `characters`, `columns`,
`letters`, `replaced` as of `lengths.Lengths`; `script`: share of letters in the language's scripts; `alien`: share of
letters in scripts of neither language, nor Latin, which is in texts of all; both are NaN without letters; `own`,
`foreign` as of `spoken.Spoken`, and NaN where both sides are the same text; `ends`, whether it ends in a stop;
`repeated` and `markup`, shares of its characters.
Of both: `log_ratio` of columns, target by source; `similarity`; `numerals` that both lack; `marks` and `brackets` as of
`punctuation.Punctuation`."""

SEGMENT, DENSE_SEGMENT = 12, 5
"""Characters of a segment that may be repeated; in a script in which a character is a syllable or more."""

DENSE = frozenset(("Hani", "Hira", "Kana", "Hang", "Bopo", "Yiii"))
"""Scripts in which a character is a syllable or more."""


@dataclass(frozen=True, kw_only=True)
class PairMeasuring:
    """How pairs are measured.

    Attributes:
        source, target: the languages that the sides claim, with the labels of the model that will be asked
            (`transforms.clean.spoken_language`).
    """

    source: Language
    target: Language


def measure(
    source: pa.StringArray,
    target: pa.StringArray,
    measuring: PairMeasuring,
    identifier: LanguageIdentifier | None = None,
    points: tuple[Points, Points] | None = None,
) -> pa.RecordBatch:
    """Measure pairs.

    Args:
        source, target: string (n,), without nulls, normalised.
        measuring: how.
        identifier: which model to ask for the languages of both sides; without one, `own` and `foreign` are NaN.
        points: both sides' characters, where somebody has decoded them already.

    Returns:
        A batch of schema `SIGNALS`, row by row the pairs.

    Raises:
        TypeError: a side is not a string array.
        ValueError: a side holds a null, or the sides differ in length.
    """
    if len(source) != len(target):
        raise ValueError(f"{len(source)} source texts and {len(target)} target texts: expected one of each for a pair")
    points = points or (decoded(source), decoded(target))
    ends = punctuation(*points)
    differ = pc.not_equal(source, target)
    columns: dict[str, np.ndarray] = {}
    known = known_scripts(measuring)
    for side, texts, own, written, ending in zip(
        SIDES, (source, target), points, (measuring.source, measuring.target), ends[:2], strict=True
    ):
        size, said = lengths(own), _spoken(texts, differ, written, identifier)
        in_own, in_known = scripts.shares(texts, written.scripts, known)
        measured = {
            **size._asdict(),
            "script": in_own,
            "alien": 1 - in_known,
            **said._asdict(),
            "ends": ending,
            "repeated": repeated(own, segment=segment_of(written)),
            "markup": markup(own),
        }
        columns |= {f"{side}_{name}": values for name, values in measured.items()}
    columns |= {
        "log_ratio": log_ratio(columns["source_columns"], columns["target_columns"]),
        "similarity": similarity(*points),
        "numerals": lacking(*points),
        "marks": ends.marks,
        "brackets": ends.brackets,
    }
    return pa.record_batch([pa.array(columns[field.name], field.type) for field in SIGNALS], schema=SIGNALS)


def _spoken(
    texts: pa.StringArray, differ: pa.BooleanArray, language: Language, identifier: LanguageIdentifier | None
) -> Spoken:
    """As `spoken`, of the texts which differ from the other side; a copy is not in two languages whatever it is in."""
    said, rows = spoken(texts.filter(differ), language, identifier), differ.to_numpy(zero_copy_only=False)
    found = Spoken(*(np.full(len(texts), np.nan, np.float32) for _ in range(2)))
    found.own[rows], found.foreign[rows] = said
    return found


def known_scripts(measuring: PairMeasuring) -> tuple[str, ...]:
    """Scripts in which a text of either side may have letters; none where those of a language are not known."""
    used = [measuring.source.scripts, measuring.target.scripts]
    return tuple(sorted({*used[0], *used[1], "Latn"})) if all(used) else ()


def segment_of(language: Language) -> int:
    """Characters of a segment in the scripts of a language."""
    return DENSE_SEGMENT if DENSE.intersection(language.scripts) else SEGMENT
