"""Which documents stay: thresholds held against measurements. Nothing is measured here, so moving one costs little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

REASONS = ("test_set", "empty", "invalid_utf8", "too_short", "too_long", "script", "language", "language_score")
"""Why a document is rejected. The first that applies is the one that counts, so that all that holds text of a test set
counts as that."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a document of one language must be like.

    Attributes:
        min_characters, max_characters: bounds of its length in code points, both allowed.
        invalid_utf8: `reject` a document that was not valid UTF-8, or `repair`: keep it with U+FFFD in it.
        script_share: least share of its letters in the language's scripts; not asked where the share is not known.
        threshold: least probability of the language's labels, where the model can be asked for them.
        foreign_threshold: where it cannot, the probability from which another language's label rejects.
        reliable: whether the model knows the language well enough to be asked, see `Language.reliable`. Somebody who
            sets a threshold for a language asks for it whatever the table says.
        kin: labels that say nothing against a document of a language that the model cannot be asked for.
    """

    min_characters: int
    max_characters: int
    invalid_utf8: Literal["repair", "reject"]
    script_share: float
    threshold: float
    foreign_threshold: float
    reliable: bool = True
    kin: Sequence[str] = ()


class Judgement(NamedTuple):
    """The judgement on n documents.

    Attributes:
        reason: int8 (n,), index in `REASONS`; -1: the document stays.
        value: float32 (n,), the measurement that decided: how often a test item was found, characters, sequences
            replaced, share of letters, probability of the best label (`language`) or of the language's own
            (`language_score`); NaN where the document stays.
    """

    reason: np.ndarray
    value: np.ndarray


def judge(batch: pa.RecordBatch, rules: Rules, labels: Sequence[str], found: np.ndarray | None = None) -> Judgement:
    """Judge every document of a batch.

    Args:
        batch: of schema `babelmill.format.CLEAN`.
        rules: of the language that the file claims.
        labels: the model's labels that stand for that language.
        found: int32 (n,), how often items of test sets were found in each document for which it must go; None: nobody
            looked.
    """
    characters, replaced, script, score, own = (
        batch.column(name).to_numpy() for name in ("characters", "replaced", "script", "score", "own")
    )
    label = batch.column("label")
    asked = ~np.isnan(own) & rules.reliable
    # With labels of its own a language loses a document to any other that is likelier; without, to a near certain one.
    foreign = ~_among(label, labels) & np.where(
        asked, score > own, (score >= rules.foreign_threshold) & ~_among(label, rules.kin)
    )
    found = np.zeros(batch.num_rows, np.int32) if found is None else found
    verdicts = {
        "test_set": (found > 0, found),
        "empty": (characters == 0, characters),
        "invalid_utf8": ((replaced > 0) & (rules.invalid_utf8 == "reject"), replaced),
        "too_short": (characters < rules.min_characters, characters),
        "too_long": (characters > rules.max_characters, characters),
        "script": (script < rules.script_share, script),
        "language": (foreign, score),
        "language_score": (asked & (own < rules.threshold), own),
    }
    judgement = Judgement(np.full(batch.num_rows, -1, np.int8), np.full(batch.num_rows, np.nan, np.float32))
    for number, name in reversed(list(enumerate(REASONS))):
        applies, measured = verdicts[name]
        np.copyto(judgement.reason, np.int8(number), where=applies)
        np.copyto(judgement.value, measured, where=applies, casting="same_kind")
    return judgement


def _among(label: pa.DictionaryArray, names: Sequence[str]) -> np.ndarray:
    """bool (rows,): whether a label is one of `names`; a null is not."""
    return pc.is_in(label.cast(pa.string()), value_set=pa.array(names, pa.string())).to_numpy(zero_copy_only=False)
