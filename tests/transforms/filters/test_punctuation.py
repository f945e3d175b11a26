import math
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.filters.points import decoded
from transforms.filters.punctuation import SEPARATORS, STOPS, punctuation

TEXT = st.text(st.sampled_from("ab ().]{[}!?。」\"'་¿，（）"), max_size=12)


def measured(source, target):
    return punctuation(decoded(pa.array([source])), decoded(pa.array([target])))


def marks(text):
    return sum(unicodedata.category(c)[0] == "P" and c not in SEPARATORS for c in text)


def ends(text):
    kept = [c for c in text if unicodedata.category(c) not in ("Zs", "Pi", "Pf", "Pe") and c not in "\"'*"]
    return int(bool(kept) and kept[-1] in STOPS)


def left_open(text):
    kinds = ("(（", ")）"), ("[", "]"), ("{", "}")
    return [sum(c in opening for c in text) - sum(c in closing for c in text) for opening, closing in kinds]


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_punctuation_equals_counting_one_by_one(pairs):
    found = punctuation(*(decoded(pa.array([pair[side] for pair in pairs], pa.string())) for side in (0, 1)))
    assert [values.dtype for values in found] == [np.int32, np.int32, np.float32, np.int32]
    assert found.source_ends.tolist() == [ends(source) for source, _ in pairs]
    assert found.target_ends.tolist() == [ends(target) for _, target in pairs]
    expected = [(marks(t) - marks(s)) / math.sqrt(marks(t) + marks(s) + 1) for s, t in pairs]
    np.testing.assert_allclose(found.marks, expected, rtol=1e-6)
    differences = [zip(left_open(s), left_open(t), strict=True) for s, t in pairs]
    assert found.brackets.tolist() == [sum(abs(a - b) for a, b in both) for both in differences]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ja.", 1),
        ("„Ja.“", 1),
        ("(Ja!) ", 1),
        ("Ja", 0),
        ("", 0),
        ("はい。」", 1),
        ("हाँ।", 1),
        ("བཙུགས།", 1),
        ("1.5", 0),
    ],
)
def test_how_a_text_ends(text, expected):
    assert measured(text, "")[0].tolist() == measured("", text)[1].tolist() == [expected]


def test_brackets_of_other_scripts_are_the_same_brackets():
    assert measured("a (b) [c", "ア（ビ）【ク").brackets.tolist() == [0]
    assert measured("a (b)", "ア（ビ").brackets.tolist() == [1]
    assert measured("1)", "1)").brackets.tolist() == [0]
