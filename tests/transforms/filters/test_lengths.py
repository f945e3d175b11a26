import math
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.filters.lengths import lengths, log_ratio
from transforms.filters.points import decoded

TEXT = st.text(st.characters(exclude_categories=["Cs", "Co", "Cn"]), max_size=20)


def width(character):
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@given(st.lists(TEXT, max_size=6))
def test_lengths_equal_counting_one_by_one(texts):
    found = lengths(decoded(pa.array(texts, pa.string())))
    assert {values.dtype for values in found} == {np.dtype(np.int32)}

    assert found.characters.tolist() == [len(text) for text in texts]
    assert found.columns.tolist() == [sum(map(width, text)) for text in texts]
    assert found.letters.tolist() == [sum(unicodedata.category(c)[0] in "LM" for c in text) for text in texts]
    assert found.replaced.tolist() == [text.count("\ufffd") for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", (0, 0, 0, 0)), ("Wort 1", (6, 6, 4, 0)), ("日本 OK", (5, 7, 4, 0)), ("ni\u0308\ufffd", (4, 3, 3, 1))],
)
def test_some_lengths(text, expected):
    assert tuple(int(value[0]) for value in lengths(decoded(pa.array([text])))) == expected


def test_log_ratio():
    found = log_ratio(np.array([0, 9, 19], np.int32), np.array([0, 19, 9], np.int32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [0, math.log(2), -math.log(2)], rtol=1e-6)
