"""Fields of lines against `bytes.split`; scores against `float`."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.parallel.columns import fields, scores

LINES = st.lists(st.lists(st.sampled_from([b"\t", b"a", b"\xff", b'"', b"bc"])).map(b"".join))


def field(line, number, limit):
    parts = line.split(b"\t") if limit is None else line.split(b"\t", limit - 1)
    return parts[number] if number < len(parts) else b""


@given(LINES, st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True), st.sampled_from([None, 1, 2, 3]))
def test_fields_are_what_split_gives(lines, wanted, limit):
    columns, counts = fields(pa.array(lines, pa.binary()), wanted, limit=limit)

    assert [column.to_pylist() for column in columns] == [[field(line, w, limit) for line in lines] for w in wanted]
    parts = [line.split(b"\t") if limit is None else line.split(b"\t", limit - 1) for line in lines]
    assert counts.tolist() == [len(part) for part in parts]


def test_a_slice_has_the_fields_of_its_rows():
    lines = pa.array([b"a\tb", b"c\td", b"e\tf"], pa.binary()).slice(1, 1)

    (second,), counts = fields(lines, [1])

    assert (second.to_pylist(), counts.tolist()) == ([b"d"], [2])


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_scores_are_the_nearest_floats(values):
    numbers, right = scores(pa.array([repr(value).encode() for value in values], pa.binary()))

    assert right.all()
    np.testing.assert_array_equal(numbers, np.array(values, np.float32))


@pytest.mark.parametrize("text", [b"", b"x", b" 1", b"1,5", b"nan", b"0x1", b"\xff", b"1.0\r", b"--1", b"."])
def test_what_is_no_number_is_none_whatever_else_the_column_holds(text):
    for texts in ([text], [b"1.5", text]):
        numbers, right = scores(pa.array(texts, pa.binary()))

        assert right.tolist() == [True] * (len(texts) - 1) + [False]
        assert np.isnan(numbers[-1])
