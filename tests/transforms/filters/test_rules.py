import json

import numpy as np
import pyarrow as pa
import pytest

from transforms.filters.ratio import LengthRatio
from transforms.filters.rules import REASONS, PairRules, judge, judge_lexical, verdicts
from transforms.filters.signals import SIGNALS
from transforms.languages import language

RATIO = LengthRatio(median=0.1, spread=0.1, source_unfinished=0.05, target_unfinished=0.05, pairs=1000)
SIDE = {"characters": 100, "columns": 100, "letters": 80, "script": 1.0, "own": 0.9, "foreign": 0.0, "ends": 1}
GOOD = {f"{side}_{name}": value for side in ("source", "target") for name, value in SIDE.items()} | {"log_ratio": 0.1}
NAN = float("nan")


def batch(*pairs):
    rows = [{**dict.fromkeys(SIGNALS.names, 0), **GOOD, **pair} for pair in pairs]
    return pa.record_batch(
        [pa.array([row[field.name] for row in rows], field.type) for field in SIGNALS], schema=SIGNALS
    )


def reason_of(pair, *, score=None, lexical=None, **rules):
    """Reason and value for one pair that is good but for what is said of it."""
    given = [value if value is None else np.array([value], np.float32) for value in (score, lexical)]
    judged = judge(batch(pair), *given, PairRules(ratio=RATIO, **rules))
    assert (judged.reason.dtype, judged.value.dtype) == (np.int8, np.float32)
    if judged.reason[0] < 0:
        assert np.isnan(judged.value[0])
        return None
    return REASONS[judged.reason[0]], pytest.approx(judged.value[0], rel=1e-5)


def test_a_good_pair_stays():
    assert reason_of({}) is None


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"characters": 0}, ("empty", 0)),
        ({"replaced": 2}, ("invalid_utf8", 2)),
        ({"characters": 1}, ("too_short", 1)),
        ({"characters": 2}, None),
        ({"characters": 1050}, None),
        ({"characters": 1051}, ("too_long", 1051)),
        ({"script": 0.125}, ("script", 0.125)),
        ({"script": 0.125, "letters": 19}, None),
        ({"script": 0.15}, None),
        ({"script": 0.25, "alien": 0.75, "letters": 4}, ("script", 0.25)),
        ({"script": 0.5, "alien": 0.5}, None),
        ({"script": NAN, "alien": NAN, "letters": 0}, None),
        ({"script": NAN, "letters": 0}, None),
        ({"own": 0.2, "foreign": 0.66}, ("language", 0.66)),
        ({"own": 0.2, "foreign": 0.64}, None),  # of 80 letters: 0.6 + 0.4 * 10 / 80
        ({"own": 0.2, "foreign": 0.79, "letters": 20}, None),
        ({"own": 0.2, "foreign": 0.81, "letters": 20}, ("language", 0.81)),
        ({"own": 0.0, "foreign": 1.0, "letters": 9}, None),
        ({"own": 0.8, "foreign": 0.7}, None),  # labels that stand together are likelier than the best
        ({"own": NAN, "foreign": 0.9}, None),
        ({"own": NAN, "foreign": 0.96}, ("language", 0.96)),
        ({"own": NAN, "foreign": NAN}, None),
        ({"repeated": 0.75}, ("repetition", 0.75)),
        ({"repeated": 0.6}, None),
        ({"markup": 0.75}, ("markup", 0.75)),
        ({"markup": 0.5}, None),
    ],
)
def test_each_side(side, values, expected):
    assert reason_of({f"{side}_{name}": value for name, value in values.items()}) == expected


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ({"log_ratio": 0.5}, None),
        ({"log_ratio": 0.56}, ("length_ratio", 4.6)),
        ({"log_ratio": -0.36}, ("length_ratio", -4.6)),
        ({"similarity": 0.9}, ("copy", 0.9)),
        ({"similarity": 0.89}, None),
        ({"similarity": 1.0, "target_letters": 0}, None),
        ({"numerals": 1}, ("numerals", 1)),
        ({"marks": 3.5}, None),
        ({"marks": -3.75}, ("punctuation", -3.75)),
        ({"brackets": 1}, ("brackets", 1)),
        ({"target_ends": 0}, None),
        ({"target_ends": 0, "log_ratio": -0.15}, ("punctuation", -2.5)),
        ({"target_ends": 0, "log_ratio": 0.35}, None),  # too long, and so not cut off
        ({"source_ends": 0, "log_ratio": 0.35}, ("punctuation", 2.5)),
        ({"source_ends": 0, "target_ends": 0, "log_ratio": 0.35}, None),
        ({"log_ratio": -0.15}, None),
    ],
)
def test_both_sides(pair, expected):
    assert reason_of(pair) == expected


def test_stops_say_nothing_where_pairs_differ_in_them_anyway():
    cut = {"target_ends": 0, "log_ratio": -0.15}
    assert reason_of(cut, unfinished_share=0.04) is None
    assert reason_of(cut, unfinished_share=0.05) is not None


@pytest.mark.parametrize("reason", ["corpus_score", "lexical"])
def test_scores_are_judged_where_there_are_any_and_a_threshold(reason):
    name = {"corpus_score": "score"}.get(reason, reason)
    assert reason_of({}, **{name: 0.6}) is None
    rules = PairRules(ratio=RATIO, **{reason: 0.7})
    assert judge(batch({}), None, None, rules).reason.tolist() == [-1]
    scores = {"score": None, "lexical": None, name: np.array([0.6, 0.7, NAN], np.float32)}
    judged = judge(batch({}, {}, {}), **scores, rules=rules)
    assert judged.reason.tolist() == [REASONS.index(reason), -1, -1]
    assert judged.value[0] == np.float32(0.6)


def test_a_model_that_is_not_to_be_asked_must_be_near_certain():
    pair = {"target_own": 0.2, "target_foreign": 0.9}
    assert reason_of(pair) == ("language", 0.9)
    assert reason_of(pair, reliable=(False, True)) == ("language", 0.9)
    assert reason_of(pair, reliable=(True, False)) is None


def test_the_first_reason_counts():
    cures = [
        ("empty", {"source_characters": 0, "target_characters": 1}, {"source_characters": 1}),
        ("invalid_utf8", {"source_replaced": 1}, {"source_replaced": 0}),
        ("too_short", {}, {"source_characters": 2000, "target_characters": 100}),
        ("too_long", {}, {"source_characters": 100}),
        ("length_ratio", {"log_ratio": 5.0}, {"log_ratio": 0.1}),
        ("copy", {"similarity": 1.0}, {"similarity": 0.0}),
        ("script", {"target_script": 0.0}, {"target_script": 1.0}),
        ("language", {"target_foreign": 1.0, "target_own": 0.0}, {"target_foreign": 0.0}),
        ("numerals", {"numerals": 1}, {"numerals": 0}),
        ("punctuation", {"marks": 9.0}, {"marks": 0.0}),
        ("brackets", {"brackets": 1}, {"brackets": 0}),
        ("repetition", {"source_repeated": 1.0}, {"source_repeated": 0.0}),
        ("markup", {"source_markup": 1.0}, {"source_markup": 0.0}),
    ]
    pair = {name: value for _, fault, _ in cures for name, value in fault.items()}
    rules, low = PairRules(ratio=RATIO, corpus_score=1.0, lexical=0.5), np.zeros(1, np.float32)
    reasons = []
    for _, _, cure in cures:
        reasons.append(REASONS[judge(batch(pair), low, low, rules).reason[0]])
        pair |= cure
    for score in (low, low + 2):
        reasons.append(REASONS[judge(batch(pair), score, low, rules).reason[0]])
    assert reasons == list(REASONS)
    assert [reason for reason, _, _ in cures] == list(REASONS[:13])


@pytest.mark.parametrize("rules", [{"lexical": 0.5}, {"lexical": 0.5, "skip": ("lexical",)}, {}])
def test_lexical_scores_may_come_later(rules):
    pairs, held = batch({}, {}, {}, {"source_replaced": 1}), PairRules(ratio=RATIO, corpus_score=1.0, **rules)
    score, lexical = np.float32([2, 2, 0.5, 2]), np.float32([0.1, NAN, 0.1, 0.1])
    later = judge_lexical(judge(pairs, score, None, held), lexical, held)
    for one, other in zip(later, judge(pairs, score, lexical, held), strict=True):
        assert one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)


def test_rows_are_judged_apart_and_each_filter_by_itself():
    pairs = batch({}, {"numerals": 2, "brackets": 1}, {"similarity": 0.95})
    judged = judge(pairs, None, None, PairRules(ratio=RATIO))
    assert judged.reason.tolist() == [-1, REASONS.index("numerals"), REASONS.index("copy")]
    np.testing.assert_allclose(judged.value, [NAN, 2, 0.95])
    alone = verdicts(pairs, None, None, PairRules(ratio=RATIO))
    assert tuple(alone) == REASONS
    assert alone["brackets"][0].tolist() == [False, True, False]
    assert judge(pairs[:0], None, None, PairRules()).reason.size == 0


def test_defaults_differ_by_script():
    rules = PairRules.of(language("de"), language("zh-Hans"), ratio=RATIO, numerals=2)
    assert (rules.min_characters, rules.max_characters) == ((2, 1), (1050, 500))
    assert (rules.script_share, rules.language_letters) == ((0.15, 0.05), (10, 6))
    assert (rules.ratio, rules.numerals, rules.reliable) == (RATIO, 2, (True, True))
    assert PairRules.of(language("so"), language("de")).reliable == (False, True)
    assert PairRules.of(language("de"), language("th")) == PairRules()


def test_rules_are_written_as_json():
    rules = PairRules.of(language("ja"), language("so"), ratio=RATIO, corpus_score=1.04)
    assert PairRules.from_json(json.loads(json.dumps(rules.to_json()))) == rules
