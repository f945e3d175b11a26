import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from transforms import matching
from transforms.jaccard import jaccard
from transforms.lsh import Partitions, band_entries, buckets, concatenate
from transforms.matching import Likeness, Work, connect
from transforms.minhash import minima, permutations, premix
from transforms.pairs import BLOCK, CROWD, SKETCH, STARS, apart, components_of, first_equal, next_pair, sketch


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3))))
def test_the_first_of_equal_keys(keys):
    found = first_equal(np.array(keys, np.uint64).reshape(-1, 2))
    assert found.dtype == np.int32 and found.tolist() == [keys.index(key) for key in keys]


@njit
def sign_sets(values, offsets, a, b, out):
    mixed = np.empty(values.size, np.uint32)
    for i in range(values.size):
        mixed[i] = premix(values[i])
    for row in range(offsets.size - 1):
        minima(mixed[offsets[row] : offsets[row + 1]], a, b, out[row])


class Sets:
    """Documents that are sets of shingles: a `matching.Source` whose documents are numbered from 1000 in steps of 3.

    Documents of a group follow each other.
    """

    def __init__(self, sets, groups=None):
        self.sets = [np.unique(np.array(one, np.uint64)) for one in sets]
        self.numbers = 1000 + 3 * np.arange(len(sets), dtype=np.int32)
        self.group = np.zeros(len(sets), int) if groups is None else np.array(groups)
        self.groups = self.numbers[np.flatnonzero(np.diff(self.group, prepend=-1))].astype(np.int64)
        self.minhash = np.empty((len(sets), 128), np.uint32)
        sign_sets(*self.csr(range(len(sets))), *permutations(), self.minhash)
        self.text_hash = np.zeros((len(sets), 2), np.uint64)
        codes = {one.tobytes(): code for code, one in enumerate(self.sets)}
        self.text_hash[:, 0] = [codes[one.tobytes()] for one in self.sets]
        self.rounds = []
        self.signed = 0

    def csr(self, rows):
        offsets = np.cumsum([0] + [self.sets[row].size for row in rows]).astype(np.int64)
        return np.concatenate([np.zeros(0, np.uint64)] + [self.sets[row] for row in rows]), offsets

    def rows(self, documents):
        assert (np.diff(documents) > 0).all() and documents.dtype == np.int32
        return (documents - 1000) // 3

    def hashes(self, documents):
        return self.text_hash[self.rows(documents)]

    def signatures(self, documents):
        rows = self.rows(documents)
        self.signed += rows.size
        sizes = np.array([self.sets[row].size for row in rows], np.int32)
        return self.minhash[rows], sizes

    def shingle_sets(self, documents):
        self.rounds.append(documents.size)
        return self.csr(self.rows(documents))

    def partitions(self, order, count, rows=5):
        """The buckets of each partition, documents in the given order."""
        partitions, bands = Partitions.at_least(count, bands=125 // rows), range(125 // rows)
        chunks = {number: {} for number in range(partitions.count)}
        for row in order:
            one = slice(row, row + 1)
            entries = band_entries(
                self.minhash[one], self.numbers[one], group=int(self.group[row]), bands=bands, rows=rows
            )
            for band in bands:
                for number, chunk in partitions.deal(entries[band], band):
                    chunks[number].setdefault(band, []).append(chunk.tobytes())
        return [
            [buckets(concatenate(found[band]), self.groups, band=band) for band in sorted(found)]
            for found in chunks.values()
        ]


def closure(size, pairs):
    """Component number of each of `size` documents: the smallest of them."""
    label, members = list(range(size)), [[number] for number in range(size)]
    for one, other in pairs:
        low, high = sorted((label[one], label[other]))
        if low < high:
            for number in members[high]:
                label[number] = low
            members[low] += members[high]
    return label


def expected(source, threshold, margin=0.1, rows=5):
    """Components by comparing all pairs that agree in a band."""
    pairs = []
    for i, j in itertools.combinations(range(len(source.sets)), 2):
        bands = (source.minhash[i] == source.minhash[j])[:125].reshape(-1, rows)
        if source.group[i] != source.group[j] or not bands.all(axis=1).any():
            continue
        equal = (source.minhash[i] == source.minhash[j]).sum()
        true = jaccard(*source.csr([i, j]), np.array([0]), np.array([1]))[0]
        sizes = sorted((source.sets[i].size, source.sets[j].size))
        sure = equal >= round((threshold + margin) * 128, 6) and sizes[0] / sizes[1] >= threshold
        doubtful = equal >= round((threshold - margin) * 128, 6)
        if true == 1 or sure or (doubtful and true >= threshold):
            pairs.append((i, j))
    return closure(len(source.sets), pairs)


def found(source, order, partitions=1, threshold=0.8, likeness=None, **options):
    """Components by `connect`, and the sum of its counts over partitions."""
    likeness = likeness or Likeness(threshold=threshold, **options)
    edges, works = zip(
        *(connect(found, source, likeness, piece=1 << 16) for found in source.partitions(order, partitions)),
        strict=True,
    )
    pairs = [((one - 1000) // 3, (other - 1000) // 3) for one, other in np.concatenate(edges).tolist()]
    return closure(len(source.sets), pairs), Work(*(sum(count) for count in zip(*works, strict=True)))


def family(rng, documents, size, changed):
    """Sets that share a stock of shingles, of which each has `changed` (a share, one or one for each) of its own."""
    stock = rng.integers(1, 1 << 63, size, dtype=np.uint64)
    own = rng.integers(1, 1 << 63, (documents, size), dtype=np.uint64)
    return np.where(rng.random((documents, size)) < np.reshape(changed, (-1, 1)), own, stock)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.6, 0.8, 0.9]), st.integers(1, 40), st.randoms())
def test_components_are_those_of_all_pairs(seed, threshold, partitions, random):
    rng = np.random.default_rng(seed)
    sets = [
        one
        for _ in range(rng.integers(1, 4))
        for one in family(rng, rng.integers(1, 12), rng.integers(5, 60), rng.choice([0.0, 0.03, 0.1, 0.2]))
    ]
    source = Sets(sets, groups=np.sort(rng.integers(0, 2, len(sets))))
    order = list(range(len(sets)))
    random.shuffle(order)
    assert found(source, order, partitions, threshold)[0] == expected(source, threshold)


def test_every_pair_in_doubt_is_settled_once_over_all_partitions():
    # No pair reaches the threshold, so all of them stay in doubt in each bucket that they share; and the sets are so
    # large that their sketches say nothing.
    rng = np.random.default_rng(3)
    source = Sets(family(rng, 16, 4000, 0.075))
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
    assert len(source.rounds) > 3 * rounds and max(source.rounds[rounds:]) <= 4


def test_sets_in_memory_are_bounded(monkeypatch):
    # The sizes are claimed, and so large that a round may hold two sets before its last pair.
    rng = np.random.default_rng(6)
    source = Sets(family(rng, 20, 400, 0.07))
    signatures = source.signatures
    source.signatures = lambda documents: (
        signatures(documents)[0],
        np.full(documents.size, (1 << 21) - 1, np.int32),
    )
    found(source, range(20))
    assert 3 <= max(source.rounds) <= 4


@pytest.mark.parametrize("partitions", [1, 3, 30])
def test_what_is_known_spares_work_and_is_not_said_again(partitions):
    rng = np.random.default_rng(4)
    source = Sets(np.concatenate([family(rng, 40, 100, 0.02), family(rng, 40, 100, 0.05)]))
    likeness, numbers = Likeness(threshold=0.8), source.numbers
    label = expected(source, 0.8)
    forest = np.arange(numbers[-1] + 1, dtype=np.int32)
    forest[numbers[:40]] = numbers[0]
    pairs = [(0, row) for row in range(40)]
    for once in source.partitions(range(80), partitions):
        edges, _ = connect(once, source, likeness, forest=forest)
        assert (forest[edges[:, 0]] != forest[edges[:, 1]]).all()
        pairs += [((one - 1000) // 3, (other - 1000) // 3) for one, other in edges.tolist()]
    assert closure(80, pairs) == label
    forest[numbers] = numbers[label]
    source.signed, source.rounds = 0, []
    for once in source.partitions(range(80), partitions):
        assert connect(once, source, likeness, forest=forest)[0].shape == (0, 2)
    assert source.signed < 80 * partitions / 2


def test_pieces_of_any_size_give_the_same(monkeypatch):
    rng = np.random.default_rng(12)
    source = Sets(np.concatenate([family(rng, 20, 100, changed) for changed in (0.0, 0.02, 0.05, 0.2, 0.3)]))
    label = expected(source, 0.8)
    for piece in (20, 33, 1000):
        (bands,) = source.partitions(range(100), 1)
        edges, _ = connect(bands, source, Likeness(threshold=0.8), piece=piece)
        assert closure(100, [((one - 1000) // 3, (other - 1000) // 3) for one, other in edges.tolist()]) == label


@pytest.mark.parametrize("window", [8, 50])
def test_a_large_bucket_is_searched_by_windows_to_the_same_result_in_any_partitions(monkeypatch, window):
    monkeypatch.setattr(matching, "WINDOW", window)
    rng = np.random.default_rng(13)
    source = Sets(np.concatenate([family(rng, 60, 200, 0.03), family(rng, 60, 200, 0.09), family(rng, 5, 200, 0.2)]))
    order = range(len(source.sets))
    one, work = found(source, order)
    for partitions in (2, 25, 60):
        assert found(source, order, partitions)[0] == one
    # The first family is dense and comes together; the others are in doubt, and may be missed but never wrong.
    assert one[:60] == [0] * 60
    assert len({*one[60:]} & {0}) == 0
    assert work.compared < 25 * len(source.sets) * window * 2


def test_equal_texts_alone():
    rng = np.random.default_rng(14)
    sets = family(rng, 10, 100, 0.5)
    source = Sets([*sets, *sets[:3], *sets[:2]])
    (bands,) = source.partitions(range(15), 1)
    edges, work = connect(bands, source, None)
    label = closure(15, [((one - 1000) // 3, (other - 1000) // 3) for one, other in edges.tolist()])
    assert label == [*range(10), 0, 1, 2, 0, 1] and work == Work()


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
    label, work = found(source, range(1000), partitions=2)
    assert label == [0] * 500 + [500] * 500
    assert work.compared == work.candidates == 0


def test_no_buckets_have_no_edges():
    edges, work = connect([], Sets([[1]]), Likeness(threshold=0.8))
    assert edges.shape == (0, 2) and work == Work()


def whole(source):
    """The buckets of all bands of many documents."""
    entries = band_entries(source.minhash, source.numbers, group=0, bands=range(25))
    return [buckets(column.copy(), source.groups, band=band) for band, column in enumerate(entries)]


@pytest.mark.parametrize("fringe", [0, 20])
def test_a_cluster_of_50000_documents_takes_linear_time(fringe):
    # The fringe is too far from all others to be joined, and so near that each pair with it must be looked at.
    documents = 50_000
    rng = np.random.default_rng(0)
    source = Sets(family(rng, documents, 60, [0.2] * fringe + [0.005] * (documents - fringe)))
    bands = whole(source)
    assert max(np.diff(found.offsets).max() for found in bands) > 45_000
    edges, work = connect(bands, source, Likeness(threshold=0.8))
    assert documents - 1 - fringe <= len(edges) < documents
    assert work.compared < 300 * documents
    assert work.candidates < (2 * fringe + 1) * documents


def test_texts_of_a_crowd_are_read_a_few_times_though_all_its_pairs_are_in_doubt():
    # Two of the cluster have a similarity of 0.82, one of it and one of the fringe 0.75, two of the fringe 0.68.
    documents, fringe = 3 * CROWD, 100
    rng = np.random.default_rng(1)
    source = Sets(family(rng, documents, 200, [0.098] * fringe + [0.05] * (documents - fringe)))
    edges, work = connect(whole(source)[:6], source, Likeness(threshold=0.8))
    assert documents - fringe - 10 < len(edges) < documents
    assert work.candidates < fringe * documents / 2 and sum(source.rounds) < 8 * documents


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 1500), st.floats(0, 0.2), st.sampled_from([0.5, 0.8, 0.95]), st.integers(0, 2**32 - 1))
def test_sketches_never_part_what_is_alike(size, changed, threshold, seed):
    source = Sets(family(np.random.default_rng(seed), 2, size, changed))
    values, offsets = source.csr([0, 1])
    known, bits = np.zeros(5, bool), np.empty((5, SKETCH), np.uint64)
    sketch(values, offsets, np.array([3, 1], np.int32), known, bits)
    assert known.tolist() == [False, True, False, True, False]
    sizes = np.array([0, offsets[2] - offsets[1], 0, offsets[1], 0], np.int32)
    (similarity,) = jaccard(values, offsets, np.array([0]), np.array([1]))
    differing = int(np.bitwise_count(bits[1] ^ bits[3]).sum())
    assert differing <= sizes.sum() - 2 * np.intersect1d(*source.sets).size
    assert apart(bits, sizes, 1, 3, threshold) in ([False] if similarity >= threshold else [False, True])
    if size > 50 and similarity < threshold - 0.1 and differing < 200:
        assert apart(bits, sizes, 1, 3, threshold)


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
    expected = {(min(pair), max(pair)) for pair in expected if min(pair) >= STARS}

    whole = pairs_after(parents, group, STARS, 0, 1 << 19)
    assert len(whole) == len(expected) and set(map(tuple, whole.tolist())) == expected
    for start in rng.choice(len(whole), 20) if others else []:
        rest = pairs_after(parents, group, *whole[start], 50)
        np.testing.assert_array_equal(rest, whole[start + 1 : start + 51])


def test_pairs_come_once_where_no_component_has_a_majority():
    parents = np.array([0, 1, 0, 1, 4, 4, 0, 1, 4, 9], np.int32)
    pairs = pairs_after(parents, np.arange(10, dtype=np.int32), STARS, 0, 100)
    expected = [(i, j) for i, j in itertools.combinations(range(STARS, 10), 2) if parents[i] != parents[j]]
    assert pairs.tolist() == [list(pair) for pair in expected]
