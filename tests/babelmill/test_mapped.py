"""Columns over buffers that lie anywhere in memory, against the same values in Python lists."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from babelmill.mapped import ListColumn, Memory, NameColumn, NumberColumn, TextColumn

RECORD = st.fixed_dictionaries(
    {
        "ids": st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5),
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


def test_what_is_viewed_cannot_be_written():
    memory = Memory([pa.RecordBatch.from_pylist([{"ids": [1], "name": "de", "number": 2}], SCHEMA)])
    assert not memory.view(np.int32).flags.writeable


def test_no_buffers_at_all():
    assert Memory([]).view(np.int32).tolist() == []
