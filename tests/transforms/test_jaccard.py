import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.jaccard import jaccard, shingle_set, shingle_sets

ARTICLE = "Everyone has the right to life, liberty and security of person. No one shall be held in slavery or servitude"


def csr(sets):
    offsets = np.cumsum([0] + [len(values) for values in sets]).astype(np.int64)
    return np.array([value for values in sets for value in values], np.uint64), offsets


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sets(st.integers(1, 12) | st.sampled_from([2**63, 2**64 - 1, 32, 64])), min_size=1, max_size=6))
def test_similarity_is_that_of_python_sets(sets):
    left, right = (index.ravel() for index in np.indices((len(sets), len(sets))))
    found = jaccard(*csr(sets), left, right)
    for i, j, similarity in zip(left, right, found, strict=True):
        union = sets[i] | sets[j]
        assert similarity == (len(sets[i] & sets[j]) / len(union) if union else 1.0)


def test_a_text_with_one_of_n_tokens_changed_loses_five_shingles():
    words = ARTICLE.split()
    changed = [*words[:9], "something", *words[10:]]
    values, offsets = shingle_sets(pa.array([ARTICLE, " ".join(changed), ARTICLE.upper()]))
    shared, every = len(words) - 4 - 5, len(words) - 4
    expected = [shared / (2 * every - shared), 1.0, shared / (2 * every - shared)]
    assert jaccard(values, offsets, np.array([0, 0, 1]), np.array([1, 2, 2])).tolist() == expected


def test_sets_are_distinct_and_the_same_in_any_column():
    texts = ["a b c d e " * 30, "", "短い", "…", ARTICLE]
    values, offsets = shingle_sets(pa.array(["other", *texts])[1:])
    for row, text in enumerate(texts):
        found = values[offsets[row] : offsets[row + 1]]
        assert len(found) == len(set(found.tolist())) and 0 not in found
        np.testing.assert_array_equal(found, shingle_set(text))
    assert np.diff(offsets).tolist()[:4] == [5, 1, 1, 1]


def test_some_rows_of_a_column():
    texts = pa.array(["a b c d e f", "", "短い文章です", ARTICLE, "…"])
    for rows in ([3], [0, 2, 4], [4, 1], []):
        values, offsets = shingle_sets(texts, np.array(rows, np.int64))
        expected = shingle_sets(texts.take(pa.array(rows, pa.int64())))
        assert values.tolist() == expected[0].tolist() and offsets.tolist() == expected[1].tolist()


@pytest.mark.parametrize("words", [1, 2])
def test_the_window_counts(words):
    assert shingle_set("one two three four", words=words).size == 5 - words


def test_no_texts_have_no_sets():
    values, offsets = shingle_sets(pa.array([], pa.string()))
    assert values.size == 0 and offsets.tolist() == [0]
