"""chrF against sacrebleu."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import CHRF

from transforms.filters.chrf import _SPACES, chrf
from transforms.filters.points import decoded

TEXTS = st.text(st.sampled_from("abcé  \t\u3000漢字कि😀"), max_size=20)


def points(texts):
    return decoded(pa.array(texts, pa.string()))


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_scores_are_those_of_sacrebleu(pairs):
    found = chrf(*(points(side) for side in zip(*pairs, strict=True)))
    theirs = [CHRF().sentence_score(first, [second]).score / 100 for first, second in pairs]
    assert found.dtype == np.float32 and found == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize(
    ("found", "expected", "score"),
    [
        ("The cat sat on the mat.", "The cat sat on the mat.", 1),
        ("Thecat sat onthe mat.", "The cat sat on the mat.", 1),
        ("xyz", "The cat sat on the mat.", 0),
        ("", "The cat", 0),
        (" \t", "The cat", 0),
        ("a", "a", 1),
    ],
)
def test_ends_of_the_scale(found, expected, score):
    assert chrf(points([found]), points([expected])).tolist() == [score]


def test_space_is_what_python_says():
    assert _SPACES.tolist() == [point for point in range(0x110000) if chr(point).isspace()]


def test_no_texts():
    assert chrf(points([]), points([])).size == 0
