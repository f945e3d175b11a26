import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import equal_rows
from transforms.equal_rows import first_rows

TEXT = st.binary(max_size=3).flatmap(
    lambda end: st.sampled_from([end, b"12345678" + end, b"a much longer text, " + end])
)


def naive(rows):
    first = {}
    return [first.setdefault(row, number) for number, row in enumerate(rows)]


@given(st.lists(st.tuples(TEXT, TEXT), max_size=20), st.integers(0, 2))
def test_first_rows_are_those_of_a_dictionary(rows, start):
    columns = [pa.array([b"before", *(row[side] for row in rows)], pa.binary())[1:] for side in (0, 1)]
    assert first_rows(columns).tolist() == naive(rows)
    assert first_rows(columns[:1]).tolist() == naive([row[0] for row in rows])
    sliced = [column[start:] for column in columns]
    assert first_rows(sliced).tolist() == naive(rows[start:])


def test_many_rows_and_every_length():
    random = np.random.default_rng(1)
    texts = [bytes(random.integers(97, 99, length, np.uint8)) for length in random.integers(0, 40, 3000)]
    assert first_rows([pa.array(texts, pa.binary())]).tolist() == naive(texts)
    assert first_rows([pa.array([], pa.string())]).tolist() == []


def test_texts_whose_hashes_are_equal_are_told_apart(monkeypatch):
    seeds = []

    def constant(data, offsets, seed, keys, column):
        seeds.append(int(seed))
        keys[:] = 0
        if seed > 1:
            hash_(data, offsets, seed, keys, column)

    hash_ = equal_rows._hash
    monkeypatch.setattr(equal_rows, "_hash", constant)
    texts = pa.array(["a", "b", "a", "c", "b"])
    assert first_rows([texts]).tolist() == [0, 1, 0, 3, 1]
    assert seeds == [0, 1, 2]


@pytest.mark.parametrize("texts", [["", "", "x", ""], ["\0", "", "\0\0", "\0"]])
def test_what_is_not_there_is_not_zero(texts):
    assert first_rows([pa.array(texts)]).tolist() == naive(texts)
