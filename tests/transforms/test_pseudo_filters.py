"""Every filter of pseudo pairs on the failure it is for, and on what is none."""

import json

import numpy as np
import pyarrow as pa
import pytest

from transforms import langid
from transforms.clean import spoken_language
from transforms.filters.ratio import LengthRatio
from transforms.filters.signals import PairMeasuring
from transforms.pseudo_filters import (
    PSEUDO_SIGNALS,
    REASONS,
    PseudoRules,
    judge_pseudo,
    least_score,
    measure_pseudo,
    summed_up,
)

RATIO = LengthRatio(median=0.0, spread=0.25, source_unfinished=0.01, target_unfinished=0.01, pairs=1000)
ENGLISH = "The committee will meet again tomorrow morning in the large hall."
GERMAN = "Der Ausschuss wird morgen früh wieder im großen Saal zusammentreten."


@pytest.fixture(scope="module")
def identifier():
    return langid.load(langid.BUNDLED)


def languages(*tags):
    return [spoken_language(tag, langid.BUNDLED) for tag in tags]


def reasons(pairs, identifier, *, tags=("en", "de"), score=None, **changed):
    source, target = languages(*tags)
    columns = [pa.array(side, pa.string()) for side in zip(*pairs, strict=True)]
    synthetic = changed.get("synthetic", "target")
    signals = measure_pseudo(*columns, PairMeasuring(source=source, target=target), identifier, synthetic=synthetic)
    assert signals.schema == PSEUDO_SIGNALS
    score_rule = changed.pop("least", None)
    rules = PseudoRules.of(source, target, ratio=RATIO, **changed)
    rules = PseudoRules(pair=rules.pair, synthetic=rules.synthetic, score=score_rule)
    judged = judge_pseudo(signals, score, rules)
    assert judged.reason.dtype == np.int8 and judged.value.dtype == np.float32
    assert (np.isnan(judged.value) == (judged.reason < 0)).all()
    return [REASONS[reason] if reason >= 0 else None for reason in judged.reason]


FAILURES = [
    ("", "empty"),
    ("...", "empty"),
    (ENGLISH, "copy"),
    ("Le comité se réunira de nouveau demain matin dans la grande salle.", "language"),
    ("Комитет снова соберётся завтра утром в большом зале заседаний.", "script"),
    ("Der Ausschuss wird morgen morgen morgen morgen morgen morgen morgen", "loop"),
    ("Der Ausschuss wird wird wird wird im großen Saal zusammentreten.", "loop"),
    (GERMAN + " Und so ist es. Und auch so wird es immer und ewig und auch danach wieder sein, wie man sagt.", None),
    (GERMAN * 3, "loop"),
    ("Der Saal", "length_ratio"),
    ("Der Ausschuss wird morgen früh wieder im", "truncated"),
    ("Der Ausschuss wird morgen früh wieder im Saal.", None),
    (GERMAN, None),
]


@pytest.mark.parametrize("synthetic", ["target", "source"])
def test_failures_of_the_made_side_are_found(identifier, synthetic):
    if synthetic == "target":
        found = reasons([(ENGLISH, made) for made, _ in FAILURES], identifier)
    else:
        pairs = [(made, ENGLISH) for made, _ in FAILURES]
        found = reasons(pairs, identifier, tags=("de", "en"), synthetic="source")
    assert found == [reason for _, reason in FAILURES]


def test_a_name_without_a_letter_of_its_language_is_no_translation(identifier):
    pairs = [("Colour value", "Farbwert"), ("Writer", "Writer"), ("Colour value", "色の値"), ("Value", "値 (значение)")]
    assert reasons(pairs, identifier, tags=("en", "ja")) == ["script", "copy", None, "script"]


def test_what_the_sentence_does_itself_is_excused(identifier):
    assert reasons([("No no no no, he said to her then.", "Nein nein nein nein, sagte er da zu ihr.")], identifier) == [
        None
    ]
    assert reasons([("12:30", "12:30"), ("...", "")], identifier) == [None, None]


@pytest.mark.parametrize("synthetic", ["source", "target"])
def test_loops_of_the_other_side_are_looked_for_where_they_excuse_some(synthetic):
    made, given = pa.array(["la la la la", "Once.", "no no no"]), pa.array(["ja ja ja", "la la la", "Nein."])
    source, target = languages("en", "de")
    sides = (made, given) if synthetic == "source" else (given, made)
    signals = measure_pseudo(*sides, PairMeasuring(source=source, target=target), synthetic=synthetic)
    np.testing.assert_array_equal(signals[f"{synthetic}_loops"], [4, 1, 3])
    other = "target" if synthetic == "source" else "source"
    np.testing.assert_array_equal(signals[f"{other}_loops"], [3, np.nan, 1])


def test_a_stop_is_not_missed_where_it_often_is(identifier):
    cut = [(ENGLISH, "Der Ausschuss wird morgen früh wieder im")]
    often = LengthRatio(median=0.0, spread=0.25, source_unfinished=0.01, target_unfinished=0.3, pairs=1000)
    source, target = languages("en", "de")
    signals = measure_pseudo(
        *(pa.array(side) for side in zip(*cut, strict=True)),
        PairMeasuring(source=source, target=target),
        synthetic="target",
    )
    assert judge_pseudo(signals, None, PseudoRules.of(source, target, ratio=RATIO)).reason[0] >= 0
    assert judge_pseudo(signals, None, PseudoRules.of(source, target, ratio=often)).reason[0] == -1


def test_scores_are_judged_where_there_is_one(identifier):
    score = np.array([-2.0, -0.5, np.nan], np.float32)
    assert reasons([(ENGLISH, GERMAN)] * 3, identifier, score=score, least=-1.0) == ["score", None, None]
    assert reasons([(ENGLISH, GERMAN)] * 3, identifier, score=score) == [None] * 3


def test_a_threshold_leaves_out_a_share_of_the_scores():
    scores = np.random.default_rng(1).normal(-1, 0.3, 5000).astype(np.float32)
    scores[::10] = np.nan
    least = least_score([summed_up(scores)], 0.05)
    assert (scores < np.float32(least)).sum() == pytest.approx(0.05 * 4500, abs=4500 / 200)
    assert least_score([summed_up(scores[:150])], 0.05) is None
    assert least_score([summed_up(np.full(999, np.nan, np.float32))], 0.05) is None
    assert least_score([summed_up(scores)], 0) is None
    with pytest.raises(ValueError, match="share is 5, expected 0 to 1"):
        least_score([], 5)


def test_a_threshold_is_of_all_parts_together():
    """Also where they are of different sizes, and one has all the bad ones."""
    rng = np.random.default_rng(2)
    parts = [rng.normal(mean, 0.3, size).astype(np.float32) for mean, size in ((-1, 6000), (-3, 500), (0, 1500))]
    every = np.concatenate(parts)
    least = least_score([summed_up(part) for part in parts], 0.04)
    assert (every < np.float32(least)).mean() == pytest.approx(0.04, abs=0.005)
    equal = [summed_up(np.full(300, 0.5, np.float32))] * 2
    assert not (np.full(600, 0.5, np.float32) < np.float32(least_score(equal, 0.5))).any()


def test_rules_are_written_as_json():
    rules = PseudoRules.of(*languages("en", "ja"), ratio=RATIO, similarity=0.8)
    written = json.loads(json.dumps(rules.to_json()))
    assert written["synthetic"] == "target" and written["pair"]["script_letters"] == 4
    assert written["pair"]["similarity"] == 0.8
    assert PseudoRules.from_json(written) == rules
