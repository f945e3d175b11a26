"""The measurements of sentence pairs: dear, and made once; `rules` holds thresholds against them.

    measuring = PairMeasuring(source=language("de"), target=language("en"))
    signals = measure(pa.array(["Seite 3 von 7"]), pa.array(["Page 3 of 7"]), measuring)

Both sides are normalised text (`transforms.normalise`). Every measurement of a pair depends on that pair alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import scripts
from transforms.filters.lengths import log_ratio
from transforms.filters.numerals import lacking
from transforms.filters.points import Points, decoded
from transforms.filters.punctuation import more_marks, unequal_brackets
from transforms.filters.sides import BRACKETS, measure_side
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
`punctuation.more_marks` and `punctuation.unequal_brackets`."""


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
    points, differ = points or (decoded(source), decoded(target)), pc.not_equal(source, target)
    languages, texts = (measuring.source, measuring.target), (source, target)
    sides = [measure_side(own, language) for own, language in zip(points, languages, strict=True)]
    said = [_spoken(side, differ, language, identifier) for side, language in zip(texts, languages, strict=True)]
    return compare(texts, sides, said, measuring)


def compare(
    texts: Sequence[pa.StringArray],
    sides: Sequence[pa.RecordBatch],
    said: Sequence[Spoken],
    measuring: PairMeasuring,
) -> pa.RecordBatch:
    """Put the measurements of both sides side by side, and add those of the pair. Of each argument two, source first.

    Args:
        texts: string (n,), without nulls, normalised.
        sides: of schema `SIDE`.
        said: what a language model says of each text; of a copy it does not count, whatever language that is in.
        measuring: how.

    Returns:
        As `measure`.
    """
    known, different = known_scripts(measuring), pc.not_equal(*texts)
    differ = different.to_numpy(zero_copy_only=False)
    points = [decoded(side.filter(different)) for side in texts]
    (source, target) = ({name: side.column(name).to_numpy() for name in side.schema.names} for side in sides)
    columns: dict[str, np.ndarray] = {}
    for name, text, of_side, spoken_, language in zip(
        SIDES, texts, (source, target), said, (measuring.source, measuring.target), strict=True
    ):
        in_own, in_known = scripts.shares(text, language.scripts, known)
        asked = {what: np.where(differ, value, np.float32(np.nan)) for what, value in spoken_._asdict().items()}
        measured = {**of_side, "script": in_own, "alien": 1 - in_known, **asked}
        columns |= {f"{name}_{what}": values for what, values in measured.items()}
    alike, lacks = source["similarity"].copy(), np.zeros(differ.size, np.int32)
    alike[differ], lacks[differ] = similarity(*points), lacking(*points)
    columns |= {
        "log_ratio": log_ratio(source["columns"], target["columns"]),
        "similarity": alike,
        "numerals": lacks,
        "marks": more_marks(source["marks"], target["marks"]),
        "brackets": unequal_brackets(*(np.stack([side[kind] for kind in BRACKETS], 1) for side in (source, target))),
    }
    return pa.record_batch([pa.array(columns[field.name], field.type) for field in SIGNALS], schema=SIGNALS)


def _spoken(
    texts: pa.StringArray, differ: pa.BooleanArray, language: Language, identifier: LanguageIdentifier | None
) -> Spoken:
    """As `spoken`, of the texts which differ from the other side; NaN for the others."""
    said, rows = spoken(texts.filter(differ), language, identifier), differ.to_numpy(zero_copy_only=False)
    found = Spoken(*(np.full(len(texts), np.nan, np.float32) for _ in range(2)))
    found.own[rows], found.foreign[rows] = said
    return found


def known_scripts(measuring: PairMeasuring) -> tuple[str, ...]:
    """Scripts in which a text of either side may have letters; none where those of a language are not known."""
    used = [measuring.source.scripts, measuring.target.scripts]
    return tuple(sorted({*used[0], *used[1], "Latn"})) if all(used) else ()
