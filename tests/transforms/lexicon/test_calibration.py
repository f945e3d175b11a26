import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.lexicon.calibration import USUAL, Evidence, area, calibrate, scores


def drawn(mean, count, seed):
    generator = np.random.default_rng(seed)
    return Evidence(generator.normal(mean, 1.0, count), generator.integers(2, 30, count).astype(np.int32))


def test_scores_are_the_share_of_true_pairs():
    # Two normal distributions of one variance: the logistic regression that fits them is known.
    weights = calibrate(drawn(1.0, 20_000, 1), drawn(-1.0, 20_000, 2))
    true, shuffled = drawn(1.0, 20_000, 3), drawn(-1.0, 20_000, 4)

    assert np.asarray(weights) == pytest.approx([0, 2, 0, 0], abs=0.15)
    found = np.r_[scores(true, weights), scores(shuffled, weights)]
    right = np.r_[np.ones(20_000), np.zeros(20_000)]
    for low in np.arange(0, 1, 0.1):
        chosen = (found >= low) & (found < low + 0.1)
        assert right[chosen].mean() == pytest.approx(found[chosen].mean(), abs=0.05)


def test_length_matters_where_it_tells():
    generator = np.random.default_rng(5)
    words = generator.choice(np.array([4, 40], np.int32), 20_000)
    noise = generator.normal(0, 1, 20_000) * np.sqrt(20 / words)

    weights = calibrate(Evidence(0.5 + noise, words), Evidence(-0.5 - noise, words))

    pair = Evidence(np.array([0.8, 0.8]), np.array([4, 40], np.int32))
    short, long = scores(pair, weights)
    assert long > short + 0.1


@given(st.lists(st.floats(-20, 20), min_size=2), st.integers(1, 500), st.tuples(*[st.floats(-4, 4)] * 4))
def test_scores_never_fall_with_the_evidence(gains, words, weights):
    found = scores(Evidence(np.sort(np.array(gains)), np.full(len(gains), words, np.int32)), weights)

    assert (np.diff(found) >= 0).all()
    assert ((found >= 0) & (found <= 1)).all()


def test_pairs_without_words_score_nothing_and_teach_nothing():
    nothing = Evidence(np.zeros(3), np.zeros(3, np.int32))

    assert scores(nothing, USUAL).tolist() == [0, 0, 0]
    assert calibrate(nothing, nothing) == USUAL


def test_a_few_pairs_change_little():
    weights = calibrate(drawn(1.0, 2, 1), drawn(-1.0, 2, 2))

    assert np.asarray(weights) == pytest.approx(USUAL, abs=1.5)
    assert np.isfinite(calibrate(drawn(50.0, 100, 1), drawn(-50.0, 100, 2))).all()


@given(st.lists(st.integers(0, 5), min_size=1), st.lists(st.integers(0, 5), min_size=1))
def test_area_counts_pairs_in_order(true, shuffled):
    found = area(np.array(true), np.array(shuffled))

    wins = sum((a > b) + (a == b) / 2 for a in true for b in shuffled)
    assert found == pytest.approx(wins / (len(true) * len(shuffled)))


def test_area_of_nothing():
    assert math.isnan(area(np.zeros(0), np.ones(1)))
