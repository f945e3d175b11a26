import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from transforms import matching
from transforms.jaccard import jaccard
from transforms.lsh import band_hashes, buckets, concatenate, partition
from transforms.matching import BLOCK, Matches, components_of, connect, next_pair
from transforms.minhash import minima, permutations, premix


@njit
def sign_sets(values, offsets, a, b, out):
    mixed = np.empty(values.size, np.uint32)
    for i in range(values.size):
        mixed[i] = premix(values[i])
    for row in range(offsets.size - 1):
        minima(mixed[offsets[row] : offsets[row + 1]], a, b, out[row])


class Sets:
    """Documents that are sets of shingles: a `matching.Source` whose documents are numbered from 1000 in steps of 3."""

    def __init__(self, sets, groups=None):
        self.sets = [np.unique(np.array(one, np.uint64)) for one in sets]
        self.numbers = 1000 + 3 * np.arange(len(sets), dtype=np.uint64)
        self.groups = np.zeros(len(sets), int) if groups is None else np.array(groups)
        self.minhash = np.empty((len(sets), 128), np.uint32)
        sign_sets(*self.csr(range(len(sets))), *permutations(), self.minhash)
        self.text_hash = np.zeros((len(sets), 2), np.uint64)
        codes = {one.tobytes(): code for code, one in enumerate(self.sets)}
        self.text_hash[:, 0] = [codes[one.tobytes()] for one in self.sets]
        self.rounds = []

    def csr(self, rows):
        offsets = np.cumsum([0] + [self.sets[row].size for row in rows]).astype(np.int64)
        return np.concatenate([np.zeros(0, np.uint64)] + [self.sets[row] for row in rows]), offsets

    def rows(self, documents):
        assert (np.diff(documents.astype(np.int64)) > 0).all()
        return (documents.astype(np.int64) - 1000) // 3

    def hashes(self, documents):
        return self.text_hash.view(np.uint8)[self.rows(documents)]

    def signatures(self, documents):
        rows = self.rows(documents)
        return self.minhash[rows], np.array([self.sets[row].size for row in rows], np.int32)

    def shingle_sets(self, documents):
        self.rounds.append(documents.size)
        return self.csr(self.rows(documents))

    def entries(self, order, partitions, rows=5):
        """Bytes of the entries of each partition, documents in the given order."""
        chunks = []
        for row in order:
            one = slice(row, row + 1)
            hashes = band_hashes(
                self.minhash[one], self.text_hash.view(np.uint8)[one], group=int(self.groups[row]), rows=rows
            )
            chunks.append([part.tobytes() for part in partition(hashes, self.numbers[one], partitions=partitions)])
        return list(zip(*chunks, strict=True))


def closure(size, pairs):
    """Component number of each of `size` documents."""
    label = list(range(size))
    for one, other in pairs:
        low, high = sorted((label[one], label[other]))
        label = [low if number == high else number for number in label]
    return label


def expected(source, threshold, margin=0.1, rows=5):
    """Components by comparing all pairs that agree in a band."""
    pairs = []
    for i, j in itertools.combinations(range(len(source.sets)), 2):
        bands = (source.minhash[i] == source.minhash[j])[:125].reshape(-1, rows)
        if source.groups[i] != source.groups[j] or not bands.all(axis=1).any():
            continue
        equal = (source.minhash[i] == source.minhash[j]).sum()
        true = jaccard(*source.csr([i, j]), np.array([0]), np.array([1]))[0]
        sizes = sorted((source.sets[i].size, source.sets[j].size))
        sure = equal >= round((threshold + margin) * 128, 6) and sizes[0] / sizes[1] >= threshold
        doubtful = equal >= round((threshold - margin) * 128, 6)
        if true == 1 or sure or (doubtful and true >= threshold):
            pairs.append((i, j))
    return closure(len(source.sets), pairs)


def found(source, order, partitions=1, threshold=0.8, **options):
    """Components by `connect`, and the sum of its counts over partitions."""
    matches = [
        connect(buckets(concatenate(chunks)), source, threshold=threshold, **options)
        for chunks in source.entries(order, partitions)
    ]
    edges = [(int(one) - 1000) // 3 for match in matches for one in match.edges.ravel()]
    label = closure(len(source.sets), zip(edges[::2], edges[1::2], strict=True))
    return label, Matches(None, sum(one.compared for one in matches), sum(one.candidates for one in matches))


def family(rng, documents, size, changed):
    """Sets that share a stock of shingles, of which each has `changed` (a share, one or one for each) of its own."""
    stock = rng.integers(1, 1 << 63, size, dtype=np.uint64)
    own = rng.integers(1, 1 << 63, (documents, size), dtype=np.uint64)
    return np.where(rng.random((documents, size)) < np.reshape(changed, (-1, 1)), own, stock)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.6, 0.8, 0.9]), st.integers(1, 4), st.randoms())
def test_components_are_those_of_all_pairs(seed, threshold, partitions, random):
    rng = np.random.default_rng(seed)
    sets = [
        one
        for _ in range(rng.integers(1, 4))
        for one in family(rng, rng.integers(1, 12), rng.integers(5, 60), rng.choice([0.0, 0.03, 0.1, 0.2]))
    ]
    source = Sets(sets, groups=rng.integers(0, 2, len(sets)))
    order = list(range(len(sets)))
    random.shuffle(order)
    assert found(source, order, partitions, threshold)[0] == expected(source, threshold)


def test_every_pair_in_doubt_is_settled_once_over_all_partitions():
    # No pair reaches the threshold, so all of them stay in doubt in each bucket that they share.
    rng = np.random.default_rng(3)
    source = Sets(family(rng, 16, 1000, 0.075))
    order = range(len(source.sets))
    assert found(source, order)[0] == expected(source, 0.8) == list(order)
    pairs = [
        (i, j)
        for i, j in itertools.combinations(order, 2)
        if 0.7 <= (same := source.minhash[i] == source.minhash[j]).mean() < 0.9
        and same[:125].reshape(-1, 5).all(axis=1).any()
    ]
    assert len(pairs) > 40
    for partitions in (1, 3, 50):
        assert found(source, order, partitions)[1].candidates == len(pairs)


def test_rounds_of_any_size_give_the_same(monkeypatch):
    rng = np.random.default_rng(5)
    source = Sets(np.concatenate([family(rng, 30, 100, 0.05), family(rng, 30, 100, 0.06)]))
    order = range(len(source.sets))
    label = expected(source, 0.8)
    assert found(source, order)[0] == label
    rounds = len(source.rounds)
    monkeypatch.setattr(matching, "ROUND", (1, 2))
    assert found(source, order)[0] == label
    assert len(source.rounds) > 10 * rounds and max(source.rounds[rounds:]) <= 4


def test_sets_in_memory_are_bounded():
    # The sizes are claimed, and so large that a round may hold two sets before its last pair.
    rng = np.random.default_rng(6)
    source = Sets(family(rng, 20, 400, 0.07))
    minhash = source.minhash
    source.signatures = lambda documents: (
        minhash[source.rows(documents)],
        np.full(documents.size, matching.SHINGLES // 2 - 1, np.int32),
    )
    found(source, range(20))
    assert 3 <= max(source.rounds) <= 4


def test_margin_says_which_pairs_are_read():
    rng = np.random.default_rng(8)
    source = Sets(family(rng, 60, 100, 0.04))
    assert found(source, range(60), margin=0.0)[1].candidates == 0
    assert found(source, range(60), margin=0.0)[0] == expected(source, 0.8, margin=0.0)
    assert found(source, range(60), margin=0.3)[1].candidates > 0
    assert found(source, range(60), margin=0.3)[0] == expected(source, 0.8, margin=0.3)


def test_sets_of_too_unequal_size_are_not_read():
    # Each a part of the next: the estimates lie around 0.78, and the sizes alone say that no pair reaches 0.8.
    stock = np.random.default_rng(9).integers(1, 1 << 63, 1000, dtype=np.uint64)
    source = Sets([stock[: round(1000 * 0.78**power)] for power in range(6)])
    assert np.mean([(a == b).mean() >= 0.7 for a, b in itertools.pairwise(source.minhash)]) > 0.5
    label, matches = found(source, range(6))
    assert label == list(range(6)) and matches.candidates == 0


def test_equal_documents_cost_nothing_and_groups_stay_apart():
    stock = list(range(1, 101))
    source = Sets([stock] * 500 + [stock] * 500, groups=[0] * 500 + [1] * 500)
    label, matches = found(source, range(1000), partitions=2)
    assert label == [0] * 500 + [500] * 500
    assert matches.compared == matches.candidates == 0


def test_no_buckets_have_no_matches():
    matches = connect(buckets(concatenate([])), Sets([[1]]), threshold=0.8)
    assert matches.edges.shape == (0, 2) and matches.compared == 0


@pytest.mark.parametrize("fringe", [0, 20])
def test_a_cluster_of_50000_documents_takes_linear_time(fringe):
    # The fringe is too far from all others to be joined, and so near that each pair with it must be looked at.
    documents = 50_000
    rng = np.random.default_rng(0)
    sets = family(rng, documents, 60, [0.2] * fringe + [0.005] * (documents - fringe))
    source = Sets(sets)
    hashes = band_hashes(source.minhash, source.text_hash.view(np.uint8), group=0)
    (entries,) = partition(hashes, source.numbers, partitions=1)
    meet = buckets(entries)
    assert np.diff(meet.offsets).max() > 45_000
    matches = connect(meet, source, threshold=0.8)
    assert documents - 1 - fringe <= len(matches.edges) < documents
    assert matches.compared < 300 * documents
    assert matches.candidates < (2 * fringe + 1) * documents


@njit
def pairs_after(parents, group, i, j, limit):
    found = np.empty((limit, 2), np.int64)
    roots, major, others = components_of(parents, group)
    for count in range(limit):
        i, j = next_pair(roots, major, others, i, j)
        if i < 0:
            return found[:count]
        found[count, 0], found[count, 1] = i, j
    return found


@pytest.mark.parametrize("others", [0, 1, 3, 40])
def test_pairs_of_different_components_come_once_and_go_on_anywhere(others):
    # Two blocks and a bit, one component but for a few documents.
    rng = np.random.default_rng(others)
    size = 2 * BLOCK + 100
    group = rng.permutation(size).astype(np.int32)
    parents = np.zeros(size, np.int32)
    apart = rng.choice(np.arange(1, size), others, replace=False)
    parents[apart] = apart
    parents[apart[::3]] = apart[::3].min() if others else 0
    roots = parents[group]
    expected = {(i, j) for i in np.flatnonzero(roots != 0) for j in np.flatnonzero(roots != roots[i])}
    expected = {(min(pair), max(pair)) for pair in expected}

    whole = pairs_after(parents, group, 0, 0, 1 << 19)
    assert len(whole) == len(expected) and set(map(tuple, whole.tolist())) == expected
    for start in rng.choice(len(whole), 20) if others else []:
        rest = pairs_after(parents, group, *whole[start], 50)
        np.testing.assert_array_equal(rest, whole[start + 1 : start + 51])


def test_pairs_come_once_where_no_component_has_a_majority():
    parents = np.array([0, 1, 0, 1, 4, 4], np.int32)
    pairs = pairs_after(parents, np.arange(6, dtype=np.int32), 0, 0, 100)
    expected = [(i, j) for i, j in itertools.combinations(range(6), 2) if parents[i] != parents[j]]
    assert pairs.tolist() == [list(pair) for pair in expected]
