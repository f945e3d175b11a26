import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.filters.points import decoded
from transforms.filters.repetition import repeated


def naive(text, segment):
    """A parse that looks for the last earlier occurrence by searching all of them."""
    copied, i = 0, 0
    while i + segment <= len(text):
        starts = [k for k in range(i) if text[k : k + segment] == text[i : i + segment]]
        if not starts:
            i += 1
            continue
        size = segment
        while i + size < len(text) and text[i + size] == text[starts[-1] + size]:
            size += 1
        copied, i = copied + size, i + size
    return copied / len(text) if text else 0.0


@given(st.lists(st.text(st.sampled_from("abß日"), max_size=40), max_size=5), st.integers(1, 12))
def test_repeated_is_as_a_naive_parse_has_it(texts, segment):
    found = repeated(decoded(pa.array(texts, pa.string())), segment=segment)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [naive(text, segment) for text in texts], rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("Nothing is said twice here.", 0), ("again and " * 5, 0.8), ("a" * 100, 0.99), ("ha ha", 0)],
)
def test_some_texts(text, expected):
    assert repeated(decoded(pa.array([text])), segment=10)[0] == pytest.approx(expected)
