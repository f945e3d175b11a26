"""Which pairs stay: thresholds held against measurements. Nothing is measured here, so moving one costs little.

ratio = learn_ratio(sample)
rules = PairRules.of(language("de"), language("en"), ratio=ratio)
judgement = judge(signals, score=None, lexical=None, rules=rules)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.filters.ratio import DEFAULT_RATIO, LengthRatio
from transforms.filters.sides import DENSE
from transforms.filters.signals import EACH_SIDE
from transforms.languages import Language
from transforms.rules import Judgement

REASONS = (
    "empty",
    "invalid_utf8",
    "too_short",
    "too_long",
    "length_ratio",
    "copy",
    "script",
    "language",
    "numerals",
    "punctuation",
    "brackets",
    "repetition",
    "markup",
    "corpus_score",
    "lexical",
)
"""Why a pair is rejected. The first that applies is the one that counts."""

BY_CLASS: Mapping[str, tuple[Any, Any]] = {
    "min_characters": (2, 1),
    "max_characters": (1050, 500),
    "language_letters": (10, 6),
    "script_share": (0.15, 0.05),
}
"""Defaults that differ: in alphabets and abugidas, and in scripts in which a character is a syllable or more
(`sides.DENSE`)."""


@dataclass(frozen=True, kw_only=True)
class PairRules:
    """What a pair of two languages must be like. Two numbers are for source and target.

    `docs/pair-filters.md` says where the defaults come from.

    Attributes:
        reliable: whether the model knows each language well enough to be asked, see `Language.reliable`.
        min_characters, max_characters: bounds of each side's length in code points, both allowed.
        ratio: how long translations are, as `learn_ratio` found it.
        deviation: how far the log ratio of lengths may be from its median, in units of its spread at that length.
        unfinished_deviation: how much too short a side may be that lacks the stop which the other one ends in; asked
            where at most `unfinished_share` of the language pair's pairs are like that.
        unfinished_share: see there.
        similarity: from which the target is a copy of the source.
        script_share: least share of a side's letters in its language's scripts.
        script_letters: a side with fewer letters is not judged by its script.
        alien: largest share of a side's letters in scripts of neither language, nor Latin; asked of a single word, too.
        foreign: probability from which another language's label rejects a long side, where it is likelier than the
            side's own. The fewer letters there are, the more it takes: 1 at `language_letters`, half-way at twice as
            many.
        foreign_unknown: the same, where the model cannot be asked for the side's own.
        language_letters: a side with fewer letters is not judged by its language.
        numerals: numbers that both sides may have and the other lack.
        marks: difference in punctuation marks that is allowed, in units of its spread.
        brackets: brackets that may be left open on one side only.
        repeated: largest share of a side that repeats what stands before.
        markup: largest share of a side that is markup or web addresses.
        corpus_score: least score of the corpus; None: any. Corpora differ in what they score: 1.04 is usual for the
            margins of WikiMatrix, 1.06 for those of NLLB, 0.5 for Bicleaner. A pair without a score is not judged.
        lexical: least lexical score; None: any.
        skip: reasons for which nothing is rejected.
    """

    reliable: tuple[bool, bool] = (True, True)
    min_characters: tuple[int, int] = (2, 2)
    max_characters: tuple[int, int] = (1050, 1050)
    ratio: LengthRatio = DEFAULT_RATIO
    deviation: float = 4.5
    unfinished_deviation: float = 2.0
    unfinished_share: float = 0.1
    similarity: float = 0.9
    script_share: tuple[float, float] = (0.15, 0.15)
    script_letters: int = 20
    alien: float = 0.5
    foreign: float = 0.6
    foreign_unknown: float = 0.95
    language_letters: tuple[int, int] = (10, 10)
    numerals: int = 0
    marks: float = 3.5
    brackets: int = 0
    repeated: float = 0.6
    markup: float = 0.5
    corpus_score: float | None = None
    lexical: float | None = None
    skip: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: Language, target: Language, **changed: Any) -> PairRules:
        """The defaults for two languages, but for what is said otherwise.

        Args:
            source, target: the languages, with the model's labels.
            **changed: attributes with other values than the defaults.
        """
        dense = [bool(DENSE.intersection(side.scripts)) for side in (source, target)]
        bounds = {name: (by_class[dense[0]], by_class[dense[1]]) for name, by_class in BY_CLASS.items()}
        return cls(**{"reliable": (source.reliable, target.reliable), **bounds, **changed})

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> PairRules:
        """The inverse of `to_json`."""
        attributes: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**{**attributes, "ratio": LengthRatio.from_json(values["ratio"])})

    def to_json(self) -> dict[str, Any]:
        """Its attributes as JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def judge(signals: pa.RecordBatch, score: np.ndarray | None, lexical: np.ndarray | None, rules: PairRules) -> Judgement:
    """Judge every pair of a batch.

    Args:
        signals: of schema `SIGNALS`.
        score: float32 (n,), the corpus's score, NaN where a pair has none; None: no pair has one.
        lexical: float32 (n,) in [0, 1], the lexical score, NaN likewise; None: it was not computed.
        rules: of the language pair.

    Returns:
        `reason`: int8 (n,), index in `REASONS`, -1 where the pair stays; `value`: float32 (n,), the measurement that
        decided, NaN where the pair stays.
    """
    found = verdicts(signals, score, lexical, rules)
    applies = [found[reason][0] & (reason not in rules.skip) for reason in REASONS]
    return Judgement(
        reason=np.select(applies, [np.int8(i) for i in range(len(REASONS))], np.int8(-1)),
        value=np.select(applies, [found[reason][1].astype(np.float32) for reason in REASONS], np.float32(np.nan)),
    )


def judge_lexical(judged: Judgement, lexical: np.ndarray, rules: PairRules) -> Judgement:
    """What `judge` says with lexical scores, from what it said without: theirs is the last of the reasons.

    Args:
        judged: n pairs.
        lexical, rules: as of `judge`.
    """
    applies = (judged.reason < 0) & _below(lexical, rules.lexical, lexical.size)[0] & ("lexical" not in rules.skip)
    return Judgement(
        reason=np.where(applies, np.int8(REASONS.index("lexical")), judged.reason),
        value=np.where(applies, lexical, judged.value),
    )


def verdicts(
    signals: pa.RecordBatch, score: np.ndarray | None, lexical: np.ndarray | None, rules: PairRules
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What each filter by itself says of every pair.

    Args:
        signals, score, lexical, rules: as of `judge`.

    Returns:
        Reason -> bool (n,), whether it applies; and (n,), the measurement.
    """
    pair = {name: column.to_numpy() for name, column in zip(signals.schema.names, signals.columns, strict=True)}
    side = {name: np.stack([pair[f"source_{name}"], pair[f"target_{name}"]]) for name in EACH_SIDE}
    characters, replaced, letters = side["characters"], side["replaced"], side["letters"]
    deviation = rules.ratio.deviation(signals)
    other_script = (letters >= rules.script_letters) & (side["script"] < _each(rules.script_share))
    other_script |= side["alien"] > rules.alien
    return {
        "empty": (characters.min(0) == 0, characters.min(0)),
        "invalid_utf8": (replaced.max(0) > 0, replaced.max(0)),
        "too_short": _either(characters < _each(rules.min_characters), characters),
        "too_long": _either(characters > _each(rules.max_characters), characters),
        "length_ratio": (np.abs(deviation) > rules.deviation, deviation),
        "copy": ((pair["similarity"] >= np.float32(rules.similarity)) & (letters.min(0) > 0), pair["similarity"]),
        "script": _either(other_script, side["script"]),
        "language": _either(_foreign(side["own"], side["foreign"], letters, rules), side["foreign"]),
        "numerals": (pair["numerals"] > rules.numerals, pair["numerals"]),
        "punctuation": _either(
            np.stack([np.abs(pair["marks"]) > rules.marks, _unfinished(side["ends"] > 0, deviation, rules)]),
            np.stack([pair["marks"], deviation]),
        ),
        "brackets": (pair["brackets"] > rules.brackets, pair["brackets"]),
        "repetition": (side["repeated"].max(0) > rules.repeated, side["repeated"].max(0)),
        "markup": (side["markup"].max(0) > rules.markup, side["markup"].max(0)),
        "corpus_score": _below(score, rules.corpus_score, signals.num_rows),
        "lexical": _below(lexical, rules.lexical, signals.num_rows),
    }


def _each(values: Sequence[float]) -> np.ndarray:
    """A number for each side, (2, 1), to be held against measurements (2, n); in their precision."""
    numbers = np.array(values)
    return (numbers if numbers.dtype.kind in "bi" else numbers.astype(np.float32))[:, None]


def _either(applies: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of two verdicts (2, n) whether one applies, and the measurement of the first that does."""
    return np.any(applies, 0), np.where(applies[0], values[0], values[1])


def _foreign(own: np.ndarray, foreign: np.ndarray, letters: np.ndarray, rules: PairRules) -> np.ndarray:
    """bool (2, n): where a side is in another language, which is likelier than its own, or near certain if nobody can
    say how likely its own is."""
    asked = ~np.isnan(own) & _each(rules.reliable)
    least, enough = np.where(asked, rules.foreign, rules.foreign_unknown), _each(rules.language_letters)
    least = least + (1 - least) * enough / np.maximum(letters, 1)
    return (letters >= enough) & (foreign >= least) & (~asked | (foreign > own))


def _unfinished(ends: np.ndarray, deviation: np.ndarray, rules: PairRules) -> np.ndarray:
    """bool (n,): where one side alone lacks a stop (`ends`: (2, n)) and is too short, each of which says little."""
    ratio = rules.ratio
    asked = _each([ratio.source_unfinished, ratio.target_unfinished]) <= np.float32(rules.unfinished_share)
    short = np.stack([deviation, -deviation]) > rules.unfinished_deviation
    return (asked & short & ~ends & ends[::-1]).any(0)


def _below(score: np.ndarray | None, least: float | None, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Where a score is too low; a score that is not known is not."""
    if score is None or least is None:
        return np.zeros(rows, bool), np.full(rows, np.nan, np.float32)
    return score < np.float32(least), score
