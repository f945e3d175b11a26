"""Kernels that compare the documents of buckets, pair by pair, and unite those that are alike.

Documents are indices into the arrays of a piece of work, `members` are those of all buckets and `offsets` where each
bucket starts.
"""

from __future__ import annotations

import numpy as np

from transforms.ascending import first_from
from transforms.components import find, unite
from transforms.jaccard import put, set_similarity, slots_for
from vocab.compiled import kernel, njit

COMPARISONS = 8
"""Comparisons a document of a bucket that `match` spends on it."""

SHINGLES = 1 << 22
"""Shingles of the documents in a round of candidates: 32 MiB of hashes. A single pair may have more."""

BLOCK = 4096
"""Documents of a bucket that are compared with all others before the next block is: about what a round can hold."""

CROWD = 1024
"""Documents of a bucket beyond which pairs are compared though they have met before.

In a partition that does not know what was joined there, passing them over would keep a large cluster in pieces, and all
pairs of pieces would have to be looked at in each band.
"""

STARS = 4
"""Documents of each bucket that are compared with all others of it, one after the other, before all pairs are."""

SKETCH = 16
"""Words in a document's sketch: 1024 bits."""


def twins(members: np.ndarray, offsets: np.ndarray, text_hash: np.ndarray) -> np.ndarray:
    """For each document the first with the same 128-bit hash and a bucket in common.

    Args:
        members: int32, indices of documents by bucket.
        offsets: int64, where each bucket starts.
        text_hash: uint64 (n, 2).

    Returns:
        int32 (n,), indices; a document without an earlier twin has its own.
    """
    # Texts that are equal share all of their buckets, or none if they are of different groups.
    bucket = np.zeros((len(text_hash), 1), np.uint64)
    bucket[members[::-1], 0] = np.repeat(np.arange(offsets.size - 1), np.diff(offsets))[::-1]
    return first_equal(np.hstack([text_hash, bucket]))


def first_equal(keys: np.ndarray) -> np.ndarray:
    """For each key the first that is equal to it.

    Args:
        keys: uint64 (n, words), the first word of which is a hash.

    Returns:
        int32 (n,), indices; a key without an earlier one has its own.
    """
    first = np.empty(len(keys), np.int32)
    _first_equal(keys, np.full(1 << (2 * len(keys)).bit_length(), -1, np.int32), first)
    return first


@njit(cache=True, nogil=True)
def _first_equal(keys, places, first):
    """`places`: int32, all -1, a power of two and more than there are keys."""
    last = np.uint64(places.shape[0] - 1)
    for i in range(keys.shape[0]):
        slot = keys[i, 0] & last
        while places[slot] >= 0 and not _equal(keys, places[slot], i):
            slot = slot + np.uint64(1) & last
        if places[slot] < 0:
            places[slot] = i
        first[i] = places[slot]


@kernel
def _equal(keys, i, j):
    k = 0
    while k < keys.shape[1] and keys[i, k] == keys[j, k]:
        k += 1
    return k == keys.shape[1]


@njit(cache=True, nogil=True)
def match(members, offsets, minhash, shingles, bounds, parents):
    """Unite documents of each bucket whose signatures show that they are alike, most of them in few comparisons.

    A search through each bucket: a document is compared with all that have not been reached, those like it are reached,
    and in turn they are compared with what is left. It ends when nothing is left, or after `COMPARISONS` a document.

    Args:
        members: int32, indices of documents by bucket.
        offsets: int64, where each bucket starts.
        minhash: uint32 (n, 128).
        shingles: int32 (n,), sizes of the sets.
        bounds: equal numbers from which two documents may be alike, and from which they certainly are; the threshold.
        parents: int32 (n,), a union-find forest, changed in place.

    Returns:
        How many pairs of signatures were compared.
    """
    compared = 0
    for bucket in range(offsets.shape[0] - 1):
        rest = members[offsets[bucket] : offsets[bucket + 1]].copy()
        left, queue = rest.shape[0], np.empty_like(rest)
        end = compared + COMPARISONS * left
        while left > 1 and compared < end:
            left -= 1
            queue[0], head, tail = rest[left], 0, 1
            while head < tail and left > 0 and compared < end:
                x, kept = queue[head], 0
                root = find(parents, x)
                for i in range(left):
                    y = rest[i]
                    joined = find(parents, y) == root
                    if not joined:
                        compared += 1
                        if agreement(minhash, shingles, x, y, bounds) >= bounds[1]:
                            root, joined = unite(parents, x, y), True
                    if joined:
                        queue[tail] = y
                        tail += 1
                    else:
                        rest[kept] = y
                        kept += 1
                head, left = head + 1, kept
    return compared


@njit(cache=True, nogil=True)
def star(members, offsets, bands, minhash, shingles, known, bits, bounds, rows, parents, row, last, seen, pairs):
    """Compare one document of each bucket with those after it, after `last`, until a round is full.

    Args:
        members, offsets, bands, minhash, shingles, known, bits, bounds, rows, parents: as of `candidates`.
        row: the place in each bucket of the document that is compared with the others.
        last: the last pair of the round before: bucket, and the other's place; (0, 0) to start.
        seen, pairs: as of `candidates`.

    Returns:
        As of `candidates`.
    """
    count, compared, weight = 0, 0, 0
    bucket, j = last
    while bucket < bands.shape[0]:
        group = members[offsets[bucket] : offsets[bucket + 1]]
        before = bands[bucket] if group.shape[0] <= CROWD else 0
        for k in range(max(row, j) + 1, group.shape[0]):
            x, y = group[row], group[k]
            if find(parents, x) != find(parents, y) and not meets_before(minhash, x, y, before, rows):
                compared += 1
                equal = agreement(minhash, shingles, x, y, bounds)
                if equal >= bounds[1]:
                    unite(parents, x, y)
                elif equal >= bounds[0] and not (known[x] and known[y] and apart(bits, shingles, x, y, bounds[2])):
                    weight += noted(x, y, count, shingles, seen, pairs)
                    count += 1
                    if count == pairs.shape[0] or weight >= SHINGLES:
                        return count, compared, (bucket, k)
        bucket, j = bucket + 1, 0
    return count, compared, (bucket, j)


@njit(cache=True, nogil=True)
def candidates(members, offsets, bands, minhash, shingles, known, bits, bounds, rows, parents, last, seen, pairs):
    """Compare pairs that are not in one component yet, after `last`, until a round is full; unite the certain ones.

    A pair in doubt is settled in the bucket of the first band in which it agrees, so once over all partitions, unless
    that is a `CROWD`.

    Args:
        members, offsets, minhash, shingles, bounds, parents: as of `match`.
        bands: int32 (buckets,), the band that each is a bucket of.
        known, bits: sketches, as of `sketch`.
        rows: numbers in a band.
        last: the last pair of the round before: bucket, and places in the bucket; (0, STARS, 0) to start.
        seen: bool (n,), all False; documents of this round are marked.
        pairs: int32 (m, 2), gets the pairs in doubt.

    Returns:
        How many pairs were written, how many pairs of signatures were compared, and the last pair; its bucket is the
        number of buckets when there are no more.
    """
    count, compared, weight = 0, 0, 0
    bucket, i, j = last
    while bucket < bands.shape[0]:
        group = members[offsets[bucket] : offsets[bucket + 1]]
        before = bands[bucket] if group.shape[0] <= CROWD else 0
        roots, major, others = components_of(parents, group)
        i, j = next_pair(roots, major, others, i, j)
        while i >= 0:
            x, y = group[i], group[j]
            if find(parents, x) != find(parents, y) and not meets_before(minhash, x, y, before, rows):
                compared += 1
                equal = agreement(minhash, shingles, x, y, bounds)
                if equal >= bounds[1]:
                    unite(parents, x, y)
                elif equal >= bounds[0] and not (known[x] and known[y] and apart(bits, shingles, x, y, bounds[2])):
                    weight += noted(x, y, count, shingles, seen, pairs)
                    count += 1
                    if count == pairs.shape[0] or weight >= SHINGLES:
                        return count, compared, (bucket, i, j)
            i, j = next_pair(roots, major, others, i, j)
        bucket, i, j = bucket + 1, STARS, 0
    return count, compared, (bucket, i, j)


@njit(cache=True, nogil=True)
def noted(x, y, count, shingles, seen, pairs):
    """Write a pair in doubt; returns how many shingles the round has more."""
    pairs[count, 0], pairs[count, 1] = x, y
    weight = 0
    for z in (x, y):
        weight += 0 if seen[z] else shingles[z]
        seen[z] = True
    return weight


@njit(cache=True, nogil=True)
def next_pair(roots, major, others, i, j):
    """The places in a bucket of the next two documents of different components, after places i and j.

    Pairs come by blocks of the second document, so that a round of many pairs is one of few documents: within a block
    by the first document, then by the second. The first pair, of documents from place `STARS` on, comes after places
    `STARS` and 0, and (-1, -1) after the last.

    Args:
        roots, major, others: as of `components_of`.
    """
    start = j - j % BLOCK
    while start < roots.shape[0] and others.shape[0] > 0:
        stop = min(start + BLOCK, roots.shape[0])
        while i < stop:
            j = max(start, i + 1, j + 1)
            if roots[i] == major:
                k = first_from(others, j)
                j = others[k] if k < others.shape[0] else stop
            else:
                while j < stop and roots[j] == roots[i]:
                    j += 1
            if j < stop:
                return i, j
            i, j = i + 1, 0
        i, start = STARS, stop
    return -1, -1


@njit(cache=True, nogil=True)
def components_of(parents, group):
    """Roots of a bucket's documents, the root that more than half of them have, if any, and the places of the others.

    With the majority known, a bucket that is one component but for a few documents costs few steps. Where no component
    has a majority, half of all pairs or more are of different ones and there is little to save. The majority is found
    by Boyer and Moore's vote (1981); what the vote gives where there is none does no harm.
    """
    roots = np.empty(group.shape[0], np.int32)
    major, votes = np.int32(-1), 0
    for i in range(group.shape[0]):
        roots[i] = find(parents, group[i])
        if votes == 0:
            major = roots[i]
        votes += 1 if roots[i] == major else -1
    others, count = np.empty(group.shape[0], np.int64), 0
    for i in range(group.shape[0]):
        others[count] = i
        count += roots[i] != major
    return roots, major, others[:count]


@njit(cache=True, nogil=True)
def settle(pairs, places, values, offsets, threshold, parents):
    """Unite the pairs whose exact similarity is at least the threshold; those in one component already are passed over.

    Args:
        pairs: int32 (m, 2), indices of documents.
        places: int64 (m, 2), where their sets stand.
        values, offsets: sets of shingles, as of `jaccard.shingle_sets`.
        threshold: similarity from which two documents are alike.
        parents: int32 (n,), a union-find forest, changed in place.

    Returns:
        How many pairs were not passed over.
    """
    needed, current, last, slots = 0, np.int64(-1), np.uint64(0), slots_for(offsets)
    for i in range(pairs.shape[0]):
        if find(parents, pairs[i, 0]) != find(parents, pairs[i, 1]):
            needed += 1
            left, right = places[i, 0], places[i, 1]
            if left != current:
                last, current = put(slots, values[offsets[left] : offsets[left + 1]]), left
            size = offsets[left + 1] - offsets[left]
            if set_similarity(slots, last, size, values[offsets[right] : offsets[right + 1]]) >= threshold:
                unite(parents, pairs[i, 0], pairs[i, 1])
    return needed


@njit(cache=True, nogil=True)
def sketch(values, offsets, documents, known, bits):
    """Sketch sets: bit i of a sketch is the parity of how many shingles have i as the last bits of their hash.

    Shingles that two sets share cancel out when their sketches are combined by xor, and of those that they do not
    share each turns one bit: so two sets differ in at least as many shingles as their sketches do in bits. That most
    pairs in doubt are not alike can thus be said for certain without their texts, which matters in a bucket of
    thousands. (Sandes, Teodoro, Melo: Bitmap filter: speeding up exact set similarity joins with bitwise operations,
    2020.)

    Args:
        values, offsets: m sets of shingles, as of `jaccard.shingle_sets`.
        documents: int32 (m,), whose they are.
        known: bool (n,), set for these documents.
        bits: uint64 (n, `SKETCH`), gets their sketches.
    """
    for i in range(documents.shape[0]):
        row = bits[documents[i]]
        row[:] = np.uint64(0)
        for value in values[offsets[i] : offsets[i + 1]]:
            row[value >> np.uint64(6) & np.uint64(SKETCH - 1)] ^= np.uint64(1) << (value & np.uint64(63))
        known[documents[i]] = True


@njit(cache=True, nogil=True)
def apart(bits, shingles, x, y, threshold):
    """Whether the sketches of x and y show that their similarity is below the threshold."""
    total, differ = np.int64(shingles[x]) + np.int64(shingles[y]), np.uint64(0)
    for k in range(SKETCH):
        differ += ones(bits[x, k] ^ bits[y, k])
    # A similarity of s means that (1 - s) / (1 + s) of all elements of both sets are not shared.
    return differ * (1 + threshold) > total * (1 - threshold) + 1


@njit(cache=True, nogil=True)
def ones(word):
    """How many bits of a uint64 are set; LLVM knows this form and makes one instruction of it."""
    word -= word >> np.uint64(1) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + (word >> np.uint64(2) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return word * np.uint64(0x0101010101010101) >> np.uint64(56)


@njit(cache=True, nogil=True)
def agreement(minhash, shingles, x, y, bounds):
    """In how many numbers the signatures of x and y are equal; -1 if the sizes of their sets are too different."""
    if min(shingles[x], shingles[y]) / max(shingles[x], shingles[y]) < bounds[2]:
        return -1
    left, right, equal = minhash[x], minhash[y], np.uint32(0)
    for k in range(left.shape[0]):
        # The cast keeps numba from widening to 64 bits, which would cost SIMD lanes.
        equal = np.uint32(equal + np.uint32(left[k] == right[k]))
    return np.int64(equal)


@njit(cache=True, nogil=True)
def meets_before(minhash, x, y, band, rows):
    """Whether x and y agree in a band before this one, where they are or were compared."""
    left, right = minhash[x], minhash[y]
    for start in range(0, np.int64(band) * rows, rows):
        k = start
        while k < start + rows and left[k] == right[k]:
            k += 1
        if k == start + rows:
            return True
    return False
