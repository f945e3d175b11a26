"""The section `pairs`: what is done with parallel text."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from pipelines.config_types import Section, Share, problem


class PairDedup(Section):
    """Which pairs repeat another one, in all corpora."""

    by: Literal["pair", "source", "target"] = "pair"
    """What must be alike. `pair`: both sides together; `source` or `target`: that side alone, whatever it is translated
    with. The source is the language whose tag comes first, as in `de-en`."""
    keep: int = Field(default=1, ge=1, validate_default=True)
    """How many translations of one text stay, with `by: source` or `target`. They differ: the best by score, then the
    longest."""
    near: bool = True
    """Whether near duplicates are sought besides exact ones. What differs in case and punctuation is exact."""
    threshold: Share = 0.9
    """Least Jaccard similarity of the shingles of two near duplicates. Sentences are short and one word can change
    their meaning, so it is higher than that of documents; bands, rows, margin and shingle are those of `dedup`."""

    @field_validator("keep")
    @classmethod
    def _of_a_side(cls, keep: int, info: ValidationInfo) -> int:
        if keep > 1 and info.data.get("by") == "pair":
            raise problem(f"found {keep} beside `by: pair`, expected 1: equal pairs have one translation")
        return keep


class Lexicon(Section):
    """The lexical translation model that is learnt from the pairs themselves."""

    sample: int = Field(default=500_000, ge=1)
    """Pairs of a language pair to learn from, drawn by hash. Memory grows with it; word translations hardly change
    beyond some hundred thousand."""


class Pairs(Section):
    """How pairs are judged and which repeat another one."""

    dedup: PairDedup = PairDedup()
    lexicon: Lexicon = Lexicon()
