import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.lsh import ENTRY, band_hashes, buckets, concatenate, partition, recall


def entries_of(pairs):
    return np.array(pairs, ENTRY) if pairs else np.zeros(0, ENTRY)


@pytest.mark.parametrize(
    "similarity, bands, rows, expected",
    [(0.5, 25, 5, 0.548), (0.7, 25, 5, 0.990), (0.8, 25, 5, 0.99995), (0.8, 14, 8, 0.924), (0.0, 25, 5, 0.0)],
)
def test_recall_is_the_s_curve(similarity, bands, rows, expected):
    assert recall(similarity, bands=bands, rows=rows) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.7, 0.8])
def test_pairs_meet_as_often_as_the_s_curve_says(similarity):
    rng = np.random.default_rng(7)
    left = rng.integers(0, 1 << 32, (20_000, 128), dtype=np.uint32)
    right = np.where(rng.random(left.shape) < similarity, left, rng.integers(0, 1 << 32, left.shape, dtype=np.uint32))
    different = rng.integers(0, 256, (2, 20_000, 16), dtype=np.uint8)
    hashes = [band_hashes(minhash, text, group=1) for minhash, text in zip((left, right), different, strict=True)]
    met = (hashes[0] == hashes[1]).any(axis=1).mean()
    expected = recall(similarity)
    assert met == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 20_000) + 1e-4)


def test_a_bucket_is_a_band_a_group_and_its_numbers():
    rng = np.random.default_rng(1)
    minhash = rng.integers(0, 2, (60, 128), dtype=np.uint32)
    text = np.zeros((60, 16), np.uint8)
    text[:, 0], text[:, 15] = rng.integers(0, 5, 60), rng.integers(0, 5, 60)
    hashes = {group: band_hashes(minhash, text, group=group, bands=6, rows=4) for group in (1, 2)}
    assert (hashes[1] & np.uint64(0xFF) == np.arange(7, dtype=np.uint64)).all()
    assert np.intersect1d(hashes[1], hashes[2]).size == 0
    for i, j in itertools.combinations(range(60), 2):
        same = [(minhash[i, 4 * b : 4 * b + 4] == minhash[j, 4 * b : 4 * b + 4]).all() for b in range(6)]
        assert (hashes[1][i] == hashes[1][j]).tolist() == [*same, (text[i] == text[j]).all()]


def test_without_bands_only_equal_texts_meet():
    text = np.array([[1] * 16, [2] * 16, [1] * 16], np.uint8)
    hashes = band_hashes(np.zeros((3, 128), np.uint32), text, group=0, bands=0)
    assert hashes.shape == (3, 1) and hashes[0] == hashes[2] != hashes[1]


def test_too_many_bands_are_refused():
    with pytest.raises(ValueError, match="26 bands of 5 need 130 MinHash values, there are 128"):
        band_hashes(np.zeros((1, 128), np.uint32), np.zeros((1, 16), np.uint8), group=0, bands=26, rows=5)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(0, 30), st.integers(0, 2**32 - 1))
def test_partitions_hold_every_entry_once_by_range(partitions, documents, seed):
    hashes = np.random.default_rng(seed).integers(0, 1 << 64, (documents, 3), dtype=np.uint64)
    hashes[: documents // 4] = (1 << 64) - 1
    numbers = np.arange(documents, dtype=np.uint64) + np.uint64(1 << 40)
    parts = partition(hashes, numbers, partitions=partitions)
    assert len(parts) == partitions
    for number, part in enumerate(parts):
        for value, _ in part.tolist():
            assert (value >> 32) * partitions >> 32 == number
    together = concatenate(part.tobytes() for part in parts)
    expected = [(int(value), int(number)) for row, number in zip(hashes, numbers, strict=True) for value in row]
    assert sorted(together.tolist()) == sorted(expected)


def test_cut_off_entries_are_refused():
    with pytest.raises(ValueError, match="31 bytes are not whole entries of 16 bytes"):
        concatenate([bytes(16), bytes(15)])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5).map(lambda n: n << 60 | n), st.integers(0, 8) | st.just(2**64 - 1))),
    st.randoms(),
)
def test_buckets_are_the_groups_of_two_or_more(pairs, random):
    expected = {}
    for value, document in pairs:
        expected.setdefault(value, set()).add(document)
    expected = sorted((value & 0xFF, sorted(group)) for value, group in expected.items() if len(group) > 1)
    random.shuffle(pairs)
    found = buckets(entries_of(pairs))
    groups = [found.documents[start:end].tolist() for start, end in itertools.pairwise(found.offsets)]
    assert sorted(zip(found.bands.tolist(), groups, strict=True)) == expected


def test_a_bucket_of_many_documents_is_sorted():
    documents = np.random.default_rng(0).permutation(5000)
    found = buckets(entries_of([(256, int(document)) for document in documents]))
    np.testing.assert_array_equal(found.documents, np.arange(5000))
