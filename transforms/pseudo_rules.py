"""By which rules pseudo pairs are judged: those of pairs, less what only people do, and with what only machines do."""

from __future__ import annotations

from typing import Any

from transforms.filters.ratio import LengthRatio
from transforms.filters.rules import PairRules
from transforms.languages import Language

LOOPS = 0.4
"""Largest share of a side that repeats what stands before: loops are the classic failure of neural models, and a
sentence by itself repeats little."""

MARKS = 1e9
"""Difference in punctuation: none is too large."""

SKIPPED = ("too_short", "too_long", "numerals", "brackets", "markup", "lexical")
"""The sentence was drawn by its length, and a gloss has its numbers and marks where it finds them."""


def pseudo_rules(source: Language, target: Language, *, ratio: LengthRatio, **changed: Any) -> PairRules:
    """The rules of two languages.

    Args:
        source, target: the languages, with the model's labels.
        ratio: how long translations by people are; or the default.
        **changed: attributes with other values.
    """
    return PairRules.of(
        source, target, **{"ratio": ratio, "repeated": LOOPS, "marks": MARKS, "skip": SKIPPED, **changed}
    )
