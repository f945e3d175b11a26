"""The section `pairs`: what is done with parallel text."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from babelmill.format import PERMUTATIONS
from pipelines.config_types import Section, Share, checked_rows, off, problem, unique
from transforms.filters.rules import REASONS, PairRules
from transforms.languages import Language, UnknownLanguage, language


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
    their meaning, so it is higher than that of documents; margin and shingle are those of `dedup`."""
    bands: int = Field(default=14, ge=1, le=PERMUTATIONS)
    """Bands of MinHash values, see `dedup.bands`. 14 of 9 find 99.9 % of the pairs at 0.9, and bring a thirtieth of
    those at 0.5 together, where 25 of 5 bring a half: sentences of one kind are alike."""
    rows: int = Field(default=9, ge=1, le=PERMUTATIONS, validate_default=True)
    """MinHash values in a band; bands times rows is at most 128."""

    @field_validator("rows")
    @classmethod
    def _within_permutations(cls, rows: int, info: ValidationInfo) -> int:
        return checked_rows(rows, info.data.get("bands", 1))

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


class Thresholds(Section):
    """What a pair must be like; empty: the default, which for some depends on the script."""

    min_characters: int | None = Field(default=None, ge=0)
    """Fewest characters of either side. By default 2, and 1 in scripts in which a character is a syllable or more."""
    max_characters: int | None = Field(default=None, ge=1)
    """Most characters of either side. By default 1050, NLLB's bound, and 500 in those scripts."""
    length_ratio: float | None = Field(default=None, gt=0)
    """How far the ratio of lengths may be from the usual. By default 4.5, in units of the spread about the median of
    its logarithm, both learnt of the two languages. 3 finds twice as many translations that are cut off, and loses
    four times as many pairs."""
    copy_similarity: Share | None = None
    """Similarity from which the target is a copy of the source. By default 0.9, Dice's coefficient of trigrams."""
    script: Share | None = None
    """Least share of a side's letters in its scripts. By default 0.15, and 0.05 where a character is a syllable or
    more: help texts are full of names in Latin script."""
    language: Share | None = None
    """Probability of another language from which a side is rejected. By default 0.6; it takes more where there are few
    letters."""
    numerals: int | None = Field(default=None, ge=0)
    """Numbers that both sides may have and the other lack. By default 0. One side alone may spell them out."""
    punctuation: float | None = Field(default=None, gt=0)
    """Largest difference in punctuation marks. By default 3.5, in units of its spread."""
    brackets: int | None = Field(default=None, ge=0)
    """Brackets that may be left open on one side only. By default 0."""
    repetition: Share | None = None
    """Largest share of a side that repeats what stands before. By default 0.6."""
    markup: Share | None = None
    """Largest share of a side that is markup or web addresses. By default 0.5."""
    lexical: Share | None = None
    """Least lexical score. By default 0.17. The score says how likely the sides are a translation rather than two texts
    that met by chance; 0.5 is as likely as not."""


def _reason(name: str) -> str:
    if name not in REASONS:
        raise problem(f"found {name!r}, expected {' or '.join(REASONS)}")
    return name


class Filters(Thresholds):
    """How pairs are judged."""

    skip: Annotated[list[Annotated[str, AfterValidator(_reason)]], AfterValidator(unique)] = Field(
        default=[], examples=[["brackets", "numerals"]], json_schema_extra={"noun": "a list of reasons"}
    )
    """Filters that are not asked, by the reason that they would give."""
    exceptions: dict[str, Thresholds] = Field(
        default={}, examples=[{"ca-en": {"language": 0.7}}], json_schema_extra={"noun": "thresholds by pair"}
    )
    """Thresholds of single pairs of languages. What they leave out is as for all. lid.176 takes much
    Catalan for Spanish: one number does not suit all."""

    @field_validator("exceptions")
    @classmethod
    def _of_known_pairs(cls, exceptions: dict[str, Thresholds]) -> dict[str, Thresholds]:
        """Keys become tags in the order in which pairs are stored: `ita-eng` and `en-it` are one pair."""
        by_pair: dict[str, Thresholds] = {}
        for pair, thresholds in exceptions.items():
            languages = _both(pair)
            if languages is None:
                raise problem(f"found {pair!r}, expected two language codes with a hyphen between, such as ca-en", pair)
            if languages in by_pair:
                raise problem(f"found a second time the pair {languages}, expected it once", pair)
            by_pair[languages] = thresholds
        return by_pair


def _both(pair: str) -> str | None:
    """The name of a pair of languages, from both codes in either order; None where they are not two codes."""
    words = pair.split("-")
    for count in range(1, len(words)):
        try:
            codes = (language("-".join(part)).bcp47 for part in (words[:count], words[count:]))
            return "-".join(sorted(codes))
        except UnknownLanguage:
            continue
    return None


class Pairs(Section):
    """How pairs are judged and which repeat another one."""

    filters: Filters = Filters()
    dedup: PairDedup = PairDedup()
    lexicon: Annotated[Lexicon | None, BeforeValidator(off)] = Field(default=Lexicon(), json_schema_extra={"off": True})
    """Word translations learnt from the pairs, to score them; `lexicon: false`: none."""


LEXICAL = 0.17
"""Default of `Thresholds.lexical`."""

_BOTH_SIDES = {"min_characters": "min_characters", "max_characters": "max_characters", "script": "script_share"}
_OF_PAIR = {
    "length_ratio": "deviation",
    "copy_similarity": "similarity",
    "language": "foreign",
    "numerals": "numerals",
    "punctuation": "marks",
    "brackets": "brackets",
    "repetition": "repeated",
    "markup": "markup",
    "lexical": "lexical",
}


def rules_of(filters: Filters, source: Language, target: Language) -> PairRules:
    """The rules of a pair of languages: its exception, else what is set for all, else the defaults of its scripts."""
    pair = "-".join(sorted((source.bcp47, target.bcp47)))
    own = [filters.exceptions[pair]] if pair in filters.exceptions else []
    changed: dict[str, Any] = {"lexical": LEXICAL, "skip": tuple(filters.skip)}
    for section in (filters, *own):
        for key, attribute in _BOTH_SIDES.items():
            if (value := getattr(section, key)) is not None:
                changed[attribute] = (value, value)
        for key, attribute in _OF_PAIR.items():
            if (value := getattr(section, key)) is not None:
                changed[attribute] = value
    return PairRules.of(source, target, **changed)
