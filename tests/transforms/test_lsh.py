import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.lsh import ENTRY, Partitions, band_entries, buckets, concatenate, recall, text_entries

DOCUMENT = (1 << 32) - 1


def numbered(documents):
    return np.arange(documents, dtype=np.int32)


def hashes(entries):
    return entries >> np.uint64(32)


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
    both = [hashes(band_entries(minhash, numbered(20_000), group=1, bands=range(25))) for minhash in (left, right)]
    met = (both[0] == both[1]).any(axis=0).mean()
    expected = recall(similarity)
    assert met == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 20_000) + 1e-4)


def test_a_bucket_is_a_band_a_group_and_its_numbers():
    rng = np.random.default_rng(1)
    minhash = rng.integers(0, 2, (60, 128), dtype=np.uint32)
    found = {group: band_entries(minhash, numbered(60), group=group, bands=range(6), rows=4) for group in (1, 2)}
    assert np.intersect1d(hashes(found[1]), hashes(found[2])).size == 0
    assert all(np.intersect1d(*hashes(pair)).size == 0 for pair in itertools.combinations(found[1], 2))
    for i, j in itertools.combinations(range(60), 2):
        same = [(minhash[i, 4 * b : 4 * b + 4] == minhash[j, 4 * b : 4 * b + 4]).all() for b in range(6)]
        assert (hashes(found[1])[:, i] == hashes(found[1])[:, j]).tolist() == same
    np.testing.assert_array_equal(band_entries(minhash, numbered(60), group=1, bands=[2, 4], rows=4), found[1][[2, 4]])


def test_an_entry_holds_the_number_of_its_document():
    documents = np.array([0, 7, 2**31 - 1], np.int32)
    (entries,) = band_entries(np.ones((3, 128), np.uint32), documents, group=1, bands=[0])
    assert (entries & np.uint64(DOCUMENT)).tolist() == documents.tolist()
    assert np.unique(hashes(entries)).size == 1


def test_without_bands_only_equal_texts_meet():
    text = np.array([[1, 1], [2, 1], [1, 1], [1, 2]], np.uint64)
    found = {group: hashes(text_entries(text, numbered(4), group=group)) for group in (0, 1)}
    first, second, third, fourth = found[0][0].tolist()
    assert first == third and len({first, second, fourth}) == 3
    assert np.intersect1d(found[0], found[1]).size == 0


def test_too_many_bands_are_refused():
    with pytest.raises(ValueError, match="26 bands of 5 need 130 MinHash values, there are 128"):
        band_entries(np.zeros((1, 128), np.uint32), numbered(1), group=0, bands=range(26), rows=5)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 200), st.integers(1, 30), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_partitions_hold_every_entry_once(count, bands, documents, seed):
    partitions = Partitions.at_least(count, bands=bands)
    assert count <= partitions.count < count + bands
    rng = np.random.default_rng(seed)
    dealt = {number: [] for number in range(partitions.count)}
    every = []
    for band in range(bands):
        entries = rng.integers(0, 1 << 64, documents, dtype=np.uint64)
        entries[: documents // 4] = (1 << 64) - 1
        every += [(band, entry) for entry in entries.tolist()]
        for number, chunk in partitions.deal(entries, band):
            assert chunk.size and band in partitions.bands_of(range(number, number + 1))
            dealt[number] += [(band, entry) for entry in chunk.tolist()]
    assert sorted(itertools.chain(*dealt.values())) == sorted(every)
    if partitions.cuts > 1:
        for number, chunk in dealt.items():
            assert {(entry >> 32) * partitions.cuts >> 32 for _, entry in chunk} <= {number % partitions.cuts}


@pytest.mark.parametrize("count", [1, 2, 7, 25, 26, 75])
def test_bands_of_all_partitions_are_all_bands(count):
    partitions = Partitions.at_least(count, bands=25)
    assert partitions.bands_of(range(partitions.count)) == range(25)
    halves = range(partitions.count // 2), range(partitions.count // 2, partitions.count)
    assert {*itertools.chain(*(partitions.bands_of(half) for half in halves if half))} == {*range(25)}


def test_cut_off_entries_are_refused():
    with pytest.raises(ValueError, match="31 bytes are not whole entries of 8 bytes"):
        concatenate([bytes(16), bytes(15)])


def listed(found):
    return [found.documents[start:end].tolist() for start, end in itertools.pairwise(found.offsets)]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5).map(lambda n: n * 0x33333333), st.integers(0, 8) | st.just(2**31 - 1))),
    st.sets(st.integers(0, 9)),
    st.randoms(),
)
def test_buckets_are_the_documents_of_a_group_with_the_same_hash(pairs, starts, random):
    starts = np.array(sorted(starts), np.int64)
    expected = {}
    for value, document in pairs:
        expected.setdefault((value, np.searchsorted(starts, document, side="right")), set()).add(document)
    random.shuffle(pairs)
    found = buckets(np.array([value << 32 | document for value, document in pairs], ENTRY), starts, band=3)
    assert sorted(listed(found)) == sorted(sorted(group) for group in expected.values() if len(group) > 1)
    assert found.documents.dtype == np.int32 and found.bands.tolist() == [3] * (found.offsets.size - 1)


def test_a_bucket_of_many_documents_is_sorted():
    entries = np.random.default_rng(0).permutation(5000).astype(ENTRY) | ENTRY.type(5 << 32)
    np.testing.assert_array_equal(buckets(entries).documents, np.arange(5000))
