"""Which pseudo pairs stay. An engine fails in ways of its own: loops, copies, another language, half a sentence.

    signals = measure_pseudo(source, target, measuring, identifier, synthetic="target")
    rules = PseudoRules.of(german, english, synthetic="target", ratio=learn_ratio(signals))
    judgement = judge_pseudo(signals, scores, rules)

Measurements and thresholds are those of pairs that people translated (`transforms.filters`), but for what such pairs
never show, and without what says nothing of a machine: a gloss has the numbers and brackets of its source by
construction. As there, moving a threshold measures nothing again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from transforms.filters.loops import loops
from transforms.filters.points import decoded
from transforms.filters.ratio import LengthRatio
from transforms.filters.rules import PairRules, verdicts
from transforms.filters.signals import SIDES, SIGNALS, PairMeasuring, measure
from transforms.langid import LanguageIdentifier
from transforms.languages import Language
from transforms.rules import Judgement

REASONS = (
    "empty",
    "copy",
    "script",
    "language",
    "loop",
    "repetition",
    "length_ratio",
    "truncated",
    "score",
    "round_trip",
)
"""Why a pseudo pair is rejected, beside `translating.REASON`. The first that applies is the one that counts."""

PSEUDO_SIGNALS = pa.schema([*SIGNALS, *((f"{side}_loops", pa.float32()) for side in SIDES)])
"""Measurements of a pseudo pair: those of `filters.signals`, and the loops of each side (`filters.loops`); of the
side that is not synthetic NaN where the other has none."""

Side = Literal["source", "target"]

FEWEST = 200
"""Scores that it takes to learn a threshold."""

QUANTILES = np.linspace(0, 1, 201)
"""At which the scores of a part are noted."""


@dataclass(frozen=True, kw_only=True)
class PseudoRules:
    """What a pseudo pair must be like.

    Attributes:
        pair: thresholds that hold for any pair: its lengths, `similarity`, scripts, languages and `repeated`.
        synthetic: the side that a machine made.
        loops: how often it may say the same in a row; the other side's loops excuse twice as many.
        truncated_deviation: how much too short, in units of the ratio's spread, it may be when it lacks the stop that
            the other side ends in. Asked where such pairs are rare otherwise (`PairRules.unfinished_share`).
        score: least score of the engine, as `least_score` learnt it; None: any. A pair without one is not judged.
        round_trip: least chrF of the translation's translation back, from 0 to 1; None: any.
    """

    pair: PairRules
    synthetic: Side = "target"
    loops: float = 3.0
    truncated_deviation: float = 1.5
    score: float | None = None
    round_trip: float | None = None

    @classmethod
    def of(
        cls, source: Language, target: Language, *, synthetic: Side = "target", ratio: LengthRatio, **changed: Any
    ) -> PseudoRules:
        """The defaults for two languages.

        Scripts are asked more of than of pairs that people translated: between two scripts a name that stays as it is
        is a copy here, so that even a short text needs a letter of its own script, and hardly may have one of others.

        Args:
            source, target: the languages, with the model's labels.
            synthetic: the side that a machine made.
            ratio: how long translations are, learnt from these pairs or from those of people.
            **changed: attributes of `PairRules` with other values than the defaults.
        """
        pair = PairRules.of(source, target, ratio=ratio, **{"script_letters": 4, "alien": 0.05, **changed})
        return cls(pair=pair, synthetic=synthetic)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> PseudoRules:
        """The inverse of `to_json`."""
        return cls(**{**values, "pair": PairRules.from_json(values["pair"])})

    def to_json(self) -> dict[str, Any]:
        """Its attributes as JSON values, but for what is not asked of the way back."""
        values = {**asdict(self), "pair": self.pair.to_json()}
        return values if self.round_trip is not None else {k: v for k, v in values.items() if k != "round_trip"}


def measure_pseudo(
    source: pa.StringArray,
    target: pa.StringArray,
    measuring: PairMeasuring,
    identifier: LanguageIdentifier | None = None,
    *,
    synthetic: Side,
) -> pa.RecordBatch:
    """Measure pseudo pairs, as `filters.signals.measure` does.

    Args:
        source, target, measuring, identifier: as there.
        synthetic: the side that a machine made, `source` or `target`. The other's loops only excuse its own: they are
            NaN where it has none.

    Returns:
        A batch of schema `PSEUDO_SIGNALS`.
    """
    points = decoded(source), decoded(target)
    signals = measure(source, target, measuring, identifier, points)
    made, given = points if synthetic == "source" else points[::-1]
    looped = loops(made)
    excused = loops(given, looped > 1)
    sides = (looped, excused) if synthetic == "source" else (excused, looped)
    return pa.record_batch([*signals.columns, *map(pa.array, sides)], schema=PSEUDO_SIGNALS)


def judge_pseudo(
    signals: pa.RecordBatch, score: np.ndarray | None, rules: PseudoRules, round_trip: np.ndarray | None = None
) -> Judgement:
    """Judge every pseudo pair of a batch.

    Args:
        signals: of schema `PSEUDO_SIGNALS`.
        score: float32 (n,), the engine's, NaN where there is none; None: there is none at all.
        rules: of the pair of languages and the engine.
        round_trip: float32 (n,), chrF of translations back, NaN where there is none; None: there is none at all.

    Returns:
        `reason`: int8 (n,), index in `REASONS`, -1 where the pair stays; `value`: float32 (n,), the measurement that
        decided, NaN where the pair stays.
    """
    found = pseudo_verdicts(signals, score, rules, round_trip)
    return Judgement(
        reason=np.select(
            [found[reason][0] for reason in REASONS], [np.int8(i) for i in range(len(REASONS))], np.int8(-1)
        ),
        value=np.select(
            [found[reason][0] for reason in REASONS],
            [found[reason][1].astype(np.float32) for reason in REASONS],
            np.float32(np.nan),
        ),
    )


def pseudo_verdicts(
    signals: pa.RecordBatch, score: np.ndarray | None, rules: PseudoRules, round_trip: np.ndarray | None = None
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What each filter by itself says of every pseudo pair.

    Args:
        signals, score, rules, round_trip: as of `judge_pseudo`.

    Returns:
        Reason -> bool (n,), whether it applies; and (n,), the measurement.
    """
    made = rules.synthetic
    given = "source" if made == "target" else "target"
    pair = verdicts(signals.select(SIGNALS.names), None, None, rules.pair)

    def of(side: str, name: str) -> np.ndarray:
        return signals.column(f"{side}_{name}").to_numpy()

    # Too short is below 0 for a target, as the ratio is that of target to source.
    short = rules.pair.ratio.deviation(signals) * np.float32(-1 if made == "target" else 1)
    ratio = rules.pair.ratio
    unfinished = ratio.target_unfinished if made == "target" else ratio.source_unfinished
    cut = (of(given, "ends") > 0) & (of(made, "ends") == 0) & (unfinished <= rules.pair.unfinished_share)
    looped = (of(made, "loops") >= rules.loops) & (of(made, "loops") > 2 * of(given, "loops"))
    return {
        "empty": ((of(made, "letters") == 0) & (of(given, "letters") > 0), of(made, "characters")),
        **{name: pair[name] for name in ("copy", "script", "language", "repetition", "length_ratio")},
        "loop": (looped, of(made, "loops")),
        "truncated": (cut & (short > np.float32(rules.truncated_deviation)), -short),
        "score": _below(score, rules.score, signals.num_rows),
        "round_trip": _below(round_trip, rules.round_trip, signals.num_rows),
    }


def summed_up(scores: np.ndarray) -> dict[str, Any]:
    """Scores of some translations in short, as JSON values: how many are known, and their values at `QUANTILES`."""
    known = scores[~np.isnan(scores)]
    values = np.quantile(known, QUANTILES, method="lower").tolist() if known.size else []
    return {"count": int(known.size), "values": [round(value, 6) for value in values]}


def least_score(parts: Sequence[Mapping[str, Any]], share: float) -> float | None:
    """The score below which a share of some translations are: learnt for each engine and pair of languages.

    Scores of engines cannot be compared, nor those of one engine for two pairs of languages; so what is left out is a
    share of each, the worst. Of equal scores all stay.

    Args:
        parts: their scores, as of `summed_up`, part by part.
        share: of all of them, from 0 to 1.

    Returns:
        None where fewer than `FEWEST` are known, or nothing is to go: then all stay.

    Raises:
        ValueError: `share` is not in its range.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}, expected 0 to 1")
    known = [part for part in parts if part["count"]]
    if not share or sum(part["count"] for part in known) < FEWEST:
        return None
    values = np.concatenate([part["values"] for part in known])
    weights = np.repeat([part["count"] / QUANTILES.size for part in known], QUANTILES.size)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order[min(np.searchsorted(reached, share * reached[-1]), order.size - 1)]])


def _below(score: np.ndarray | None, least: float | None, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Where a score is too low; one that is not known is not."""
    if score is None or least is None:
        return np.zeros(rows, bool), np.full(rows, np.nan, np.float32)
    return score < np.float32(least), score
