import math
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.filters.points import decoded
from transforms.filters.punctuation import SEPARATORS, STOPS, more_marks, punctuation, unequal_brackets

TEXT = st.text(st.sampled_from("ab ().]{[}!?。」\"'་¿，（）"), max_size=12)


def measured(*texts):
    return punctuation(decoded(pa.array(texts, pa.string())))


def marks(text):
    return sum(unicodedata.category(c)[0] == "P" and c not in SEPARATORS for c in text)


def ends(text):
    kept = [c for c in text if unicodedata.category(c) not in ("Zs", "Pi", "Pf", "Pe") and c not in "\"'*"]
    return int(bool(kept) and kept[-1] in STOPS)


def left_open(text):
    kinds = ("(（", ")）"), ("[", "]"), ("{", "}")
    return [sum(c in opening for c in text) - sum(c in closing for c in text) for opening, closing in kinds]


@given(st.lists(TEXT, max_size=5))
def test_punctuation_equals_counting_one_by_one(texts):
    found = measured(*texts)
    assert {values.dtype for values in found} == {np.dtype(np.int32)}
    assert found.marks.tolist() == [marks(text) for text in texts]
    assert found.ends.tolist() == [ends(text) for text in texts]
    assert found.left_open.tolist() == [left_open(text) for text in texts]


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_both_sides_are_compared_mark_by_mark_and_bracket_by_bracket(pairs):
    source, target = (measured(*(pair[side] for pair in pairs)) for side in (0, 1))
    more, brackets = more_marks(source.marks, target.marks), unequal_brackets(source.left_open, target.left_open)
    assert (more.dtype, brackets.dtype) == (np.float32, np.int32)
    expected = [(marks(t) - marks(s)) / math.sqrt(marks(t) + marks(s) + 1) for s, t in pairs]
    np.testing.assert_allclose(more, expected, rtol=1e-6)
    differences = [zip(left_open(s), left_open(t), strict=True) for s, t in pairs]
    assert brackets.tolist() == [sum(abs(a - b) for a, b in both) for both in differences]


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
    assert measured(text, "").ends.tolist() == [expected, 0]


@pytest.mark.parametrize(
    ("source", "target", "differ"), [("a (b) [c", "ア（ビ）【ク", 0), ("a (b)", "ア（ビ", 1), ("1)", "1)", 0)]
)
def test_brackets_of_other_scripts_are_the_same_brackets(source, target, differ):
    first, second = np.split(measured(source, target).left_open, 2)
    assert unequal_brackets(first, second).tolist() == [differ]
