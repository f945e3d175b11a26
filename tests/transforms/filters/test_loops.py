import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.filters.loops import LONGEST, SPACELESS, loops
from transforms.filters.points import decoded


def kind(character):
    category = unicodedata.category(character)
    return "space" if category == "Zs" else "letter" if category[0] in "LM" else "mark"


def naive(text):
    """Every unit, at every place, said as often as it goes on."""
    most = 1.0
    for start in range(len(text)):
        for period in range(1, min(LONGEST, len(text) // 2) + 1):
            end = start + period
            while end < len(text) and text[end] == text[end - period]:
                end += 1
            if end == start + period:
                continue
            unit = text[end - period : end]
            kinds = {kind(character) for character in unit}
            ended = kind(unit[0]) == "space" and (end == len(text) or kind(text[end]) == "mark")
            times = (end - start + ended) / period
            if times >= 2 and "letter" in kinds and ("space" in kinds or end - start >= SPACELESS):
                most = max(most, times)
    return most


@given(st.lists(st.text(st.sampled_from("ab .日"), max_size=24), max_size=4))
def test_loops_are_as_a_naive_search_has_them(texts):
    found = loops(decoded(pa.array(texts, pa.string())))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [naive(text) for text in texts], rtol=1e-6)


def test_only_what_is_asked_is_looked_at():
    texts = decoded(pa.array(["la la la", "", "ab ab ab", "x"]))
    np.testing.assert_array_equal(loops(texts, np.array([True, False, False, True])), [3, np.nan, np.nan, 1])


@given(st.lists(st.lists(st.sampled_from(["a", "aaaaa", " ", "bcde", "fghij.", "日本"]), max_size=60), max_size=3))
def test_longer_units_too(pieces):
    texts = ["".join(text) for text in pieces]
    found = loops(decoded(pa.array(texts, pa.string())))
    np.testing.assert_allclose(found, [naive(text) for text in texts], rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("Nothing is said twice here.", 1),
        ("a valid date", 1),
        ("la la la la", 4),
        ("la la la.", 3),
        ("of the house of the house of", 2 + 3 / 13),
        ("www", 1),
        ("1 000 000 000 000", 1),
        ("----------", 1),
        ("hahahaha", 4),
        ("日本日本日本", 3),
    ],
)
def test_some_texts(text, expected):
    assert loops(decoded(pa.array([text])))[0] == pytest.approx(expected)
