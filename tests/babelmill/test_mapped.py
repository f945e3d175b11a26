"""Columns over buffers that lie anywhere in memory, against the same values in Python lists."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from babelmill.mapped import ListColumn, Memory, NameColumn, NumberColumn, TextColumn, gather

RECORD = st.fixed_dictionaries(
    {
        "ids": st.lists(st.integers(-(2**31), 2**31 - 1), max_size=9),
        "name": st.sampled_from(["de", "fr", "hi-Latn", "zh-Hans"]),
        "number": st.integers(-(2**63), 2**63 - 1),
        "text": st.text(max_size=5),
    }
)
SCHEMA = pa.schema(
    [
        ("ids", pa.list_(pa.int32())),
        ("name", pa.dictionary(pa.int16(), pa.string())),
        ("number", pa.int64()),
        ("text", pa.string()),
    ]
)


@given(tables=st.lists(st.lists(RECORD, max_size=6), max_size=6), data=st.data())
def test_columns_read_what_was_written(tables, data):
    batches = [pa.RecordBatch.from_pylist(records, SCHEMA) for records in tables]
    memory = Memory(batches)
    lists = ListColumn(memory, [batch["ids"] for batch in batches], [f"{i}.arrow" for i in range(len(batches))])
    names = NameColumn(memory, [batch["name"] for batch in batches])
    numbers = NumberColumn(memory, [batch["number"] for batch in batches])
    texts = TextColumn([batch["text"] for batch in batches])
    places = [(i, j) for i, records in enumerate(tables) for j in range(len(records))]
    wanted = data.draw(st.lists(st.sampled_from(places), max_size=10)) if places else []
    expected = [tables[i][j] for i, j in wanted]

    assert lists.length == sum(len(record["ids"]) for records in tables for record in records)
    assert [lists.at(i, j).tolist() for i, j in wanted] == [record["ids"] for record in expected]
    assert [names.at(i, j) for i, j in wanted] == [record["name"] for record in expected]
    assert [numbers.at(i, j) for i, j in wanted] == [record["number"] for record in expected]
    assert [texts.at(i, j) for i, j in wanted] == [record["text"] for record in expected]
    where = np.array(wanted, np.int64).reshape(-1, 2)
    flat, offsets = lists.take(where[:, 0], where[:, 1])
    assert flat.tolist() == [number for record in expected for number in record["ids"]]
    assert np.diff(offsets).tolist() == [len(record["ids"]) for record in expected]
    assert names.take(where[:, 0], where[:, 1]).tolist() == [record["name"] for record in expected]
    assert numbers.take(where[:, 0], where[:, 1]).tolist() == [record["number"] for record in expected]
    assert texts.take(where[:, 0], where[:, 1]).to_pylist() == [record["text"] for record in expected]


@given(
    pieces=st.lists(st.tuples(st.integers(0, 199), st.one_of(st.integers(0, 8), st.just(100))), max_size=12),
    step=st.integers(1, 13),
)
def test_lists_are_gathered_from_wherever_they_are(pieces, step):
    numbers = np.arange(1000, 1300, dtype=np.int32)
    memory = Memory([pa.RecordBatch.from_arrays([pa.array(numbers)], ["numbers"])])
    starts, counts = np.array(pieces, np.int64).reshape(-1, 2).T
    found = list(gather(memory, starts, counts, step))
    assert all(one.dtype == np.int32 and one.flags.writeable for one in found)
    expected = [
        [number for start, count in pieces[first : first + step] for number in numbers[start : start + count]]
        for first in range(0, max(1, len(pieces)), step)
    ]
    assert [one.tolist() for one in found] == expected


def test_an_empty_list_may_begin_where_there_is_no_memory():
    memory = Memory([pa.RecordBatch.from_arrays([pa.array(np.arange(8, dtype=np.int32))], ["numbers"])])
    (found,) = gather(memory, np.array([1 << 40, 2, -(1 << 40)]), np.array([0, 3, 0]), 3)
    assert found.tolist() == [2, 3, 4]


def test_what_is_viewed_cannot_be_written():
    memory = Memory([pa.RecordBatch.from_pylist([{"ids": [1], "name": "de", "number": 2}], SCHEMA)])
    assert not memory.view(np.int32).flags.writeable


def test_no_buffers_at_all():
    assert Memory([]).view(np.int32).tolist() == []
