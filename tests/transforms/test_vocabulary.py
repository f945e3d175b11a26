import pyarrow as pa
import pytest

from transforms.vocabulary import MEASURED, MEASURED_BYTES, measured


@pytest.mark.parametrize(
    ("sizes", "count"),
    [
        ([], 0),
        ([1] * MEASURED, MEASURED),
        ([1] * (MEASURED + 1), MEASURED),
        ([MEASURED_BYTES + 1, 1], 1),
        ([MEASURED_BYTES - 1, 1, 1], 2),
        ([MEASURED_BYTES - 1, 5, 1], 2),
    ],
)
def test_documents_are_measured_until_there_are_enough(sizes, count):
    texts = pa.array(["x" * size for size in [3, *sizes]], pa.string())[1:]
    assert measured(texts).equals(texts[:count])
