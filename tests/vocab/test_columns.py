from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from vocab.columns import text_buffers


@pytest.mark.parametrize("kind", [pa.string(), pa.binary()])
@pytest.mark.parametrize("rows", [slice(0, 4), slice(1, 3), slice(4, 4)])
def test_offsets_point_into_the_bytes(kind, rows):
    texts = pa.array(["ein", "", "zwei €", "x"], kind)[rows]
    data, offsets = text_buffers(texts)
    assert (data.dtype, offsets.dtype, offsets.size) == (np.uint8, np.int32, len(texts) + 1)
    found = [data[start:end].tobytes() for start, end in pairwise(offsets)]
    assert found == texts.cast(pa.binary()).to_pylist()


def test_memory_that_is_not_there_is_empty():
    data, offsets = text_buffers(pa.array([], pa.string()))
    assert data.size == 0 and offsets.tolist() == [0]


def test_nothing_can_be_written():
    for view in text_buffers(pa.array(["ein", "zwei"])):
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1
