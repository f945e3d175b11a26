from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.parts import (
    Part,
    byte_lengths,
    constant,
    distinct,
    each_once,
    kept_mask,
    names,
    removed_rows,
    stretches,
)
from transforms.storage import WorkDirectory

SCHEMA = pa.schema([("row", pa.int32()), ("text", pa.string())])
SIZES = [3, 1, 0, 5]


@pytest.fixture
def part(tmp_path):
    work, start = WorkDirectory(tmp_path), 0
    with work.write_arrow("a.arrow", SCHEMA) as writer:
        for size in SIZES:
            rows = range(start, start + size)
            columns = [pa.array(rows, pa.int32()), pa.array([f"t{row}" for row in rows])]
            writer.write(pa.record_batch(columns, schema=SCHEMA))
            start += size
    return Part.open(work, writer.file)


@pytest.mark.parametrize("rows", [[8, 0, 3, 3, 5, 2], range(9), [0, 1, 2, 4, 8], [0, 0, 2], [2, 1, 0]])
def test_take_keeps_the_order_asked_for(part, rows):
    rows = np.array(rows)
    taken = part.take(rows, ["text", "row"])
    assert taken.column("row").to_pylist() == rows.tolist()
    assert taken.column("text").to_pylist() == [f"t{row}" for row in rows]
    assert part.take(np.zeros(0, np.int64), ["row"]).num_rows == 0


def test_kept_rows_are_those_of_the_mask(part):
    mask = kept_mask(part.rows, np.array([0, 3, 4, 8]))
    kept = [row for batch in part.kept(mask, ["row"]) for row in batch.column("row").to_pylist()]
    assert kept == [1, 2, 5, 6, 7]


def test_removed_rows_of_several_lists(tmp_path):
    work, files = WorkDirectory(tmp_path), []
    for name, rows in (("a", [1, 5]), ("b", [7])):
        with work.write_arrow(name, pa.schema([("row", pa.int32())])) as writer:
            writer.write(pa.record_batch([pa.array(rows, pa.int32())], names=["row"]))
        files.append(writer.file)
    assert removed_rows(work, files[0], None, files[1]).tolist() == [1, 5, 7]
    assert removed_rows(work, None).tolist() == []


def test_dictionary_columns():
    assert constant("de", 3).to_pylist() == ["de"] * 3
    assert names(np.array([1, -1, 0]), ["a", "b"]).to_pylist() == ["b", None, "a"]


def test_byte_lengths_of_a_slice():
    texts = pa.array(["a", "ñ", "", "日本"])
    assert byte_lengths(texts.slice(1)).tolist() == [2, 0, 6]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["", "c", "d"])), max_size=12))
def test_the_first_of_equal_rows_stands_for_all(rows):
    columns = [pa.array([row[k] for row in rows], pa.string()) for k in (0, 1)]

    first, place = distinct(pa.record_batch(columns, names=["one", "other"]), ("one", "other"))

    assert first.tolist() == sorted(rows.index(row) for row in set(rows))
    assert [rows[first[k]] for k in place.tolist()] == rows


@given(st.lists(st.integers(0, 6), max_size=12), st.integers(1, 60))
def test_stretches_hold_all_batches_in_their_order(sizes, most):
    batches = [pa.record_batch([pa.array(range(size), pa.int32())], names=["row"]) for size in sizes]

    found = list(stretches(batches, most))

    assert [batch for stretch in found for batch in stretch] == batches
    assert all(len(stretch) == 1 or sum(batch.nbytes for batch in stretch) <= most for stretch in found)
    assert all(sum(batch.nbytes for batch in [*one, other[0]]) > most for one, other in pairwise(found))


ROWS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["", "c", "d"])), max_size=6)


@given(st.lists(ROWS, min_size=1, max_size=5), st.sampled_from([1, 40, 1 << 20]))
def test_each_row_is_found_among_the_different_rows_of_all_batches(batches, most):
    columns = [[pa.array([row[k] for row in rows], pa.string()) for k in (0, 1)] for rows in batches]

    pieces, places = each_once([pa.record_batch(column, names=["one", "other"]) for column in columns], ("one",), most)

    different = [row for piece in pieces for row in zip(*piece.to_pydict().values(), strict=True)]
    rows = [row for batch in batches for row in batch]
    first = dict(reversed(rows))
    assert sorted(different) == sorted(first.items())
    assert [[different[k][0] for k in place.tolist()] for place in places] == [[row[0] for row in b] for b in batches]
