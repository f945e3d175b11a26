"""The words of one language that a lexical model knows, and their numbers.

Number 0 is the empty word, which stands for what has no counterpart on the other side; 1 is every word that is not
known; then come the known ones, the most frequent first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from transforms.words import Words
from vocab.bits import prefetch
from vocab.compiled import kernel, njit

EMPTY, UNKNOWN, FIRST = 0, 1, 2
"""Numbers of words: the empty word, all unknown words, the first known one."""

_ONE = np.uint64(1)

_AHEAD = 16
"""Words whose slots are fetched into the processor's cache before their turn comes."""

WORDS = pa.schema([("word", pa.string()), ("hash", pa.uint64()), ("count", pa.int64())])
"""The known words of a language: as most often written, the hash of the folded word, how often it was met."""


@dataclass(frozen=True)
class WordList:
    """Words by number. All arrays begin with word number 2.

    Attributes:
        words: string (known,), each as it was most often written.
        hashes: uint64 (known,), see `words.Words`.
        counts: int64 (known,), how often each was met where the model learnt.
        total: how many words were met there, the unknown ones included.
    """

    words: pa.StringArray
    hashes: np.ndarray
    counts: np.ndarray
    total: int
    _index: tuple[np.ndarray, np.ndarray] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        object.__setattr__(self, "_index", _index(self.hashes, 1 << max(1, (2 * len(self.hashes)).bit_length())))

    @classmethod
    def learn(cls, words: Words, *, at_least: int, most: int) -> WordList:
        """The words that come at least so often, and of these the most frequent; the order of the texts is no matter.

        Args:
            words: of a sample of texts.
            at_least: a word that comes more rarely is unknown.
            most: bound on their number.
        """
        forms, first, times = _tally(words.forms())
        hashes = words.hashes[first]
        # By word, its most frequent form first.
        order = np.lexsort((forms, -times, hashes))
        start = np.flatnonzero(np.r_[True, np.diff(hashes[order]) > 0][: order.size])
        counts = np.add.reduceat(times[order], start) if start.size else np.zeros(0, np.int64)
        hashes, first = hashes[order[start]], first[order[start]]
        chosen = np.lexsort((hashes, -counts))[:most]
        chosen = chosen[counts[chosen] >= at_least]
        return cls(words.written(first[chosen]), hashes[chosen], counts[chosen], words.hashes.size)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return FIRST + len(self.hashes)

    def numbers(self, hashes: np.ndarray) -> np.ndarray:
        """Numbers of words by their hashes (uint64), int32."""
        return _look_up(*self._index, hashes)

    def shares(self) -> np.ndarray:
        """The share of each number in all words, float64 (size,): the empty word has none, unknown ones one word's."""
        counts = np.r_[0, max(1, self.total - int(self.counts.sum())), self.counts]
        return counts / max(1, self.total)

    def to_batch(self) -> pa.RecordBatch:
        """The words as rows of `WORDS`."""
        return pa.record_batch([self.words, pa.array(self.hashes), pa.array(self.counts)], schema=WORDS)

    @classmethod
    def from_batch(cls, batch: pa.RecordBatch, *, total: int) -> WordList:
        """The inverse of `to_batch`."""
        return cls(batch.column(0), batch.column(1).to_numpy(), batch.column(2).to_numpy(), total)


@njit(cache=True, nogil=True)
def _tally(forms):
    """The different ones of some hashes in the order of their first, where each is first, and how often it comes."""
    slots, found = np.zeros((1 << 10, 2), np.uint64), 0
    first, times = np.empty(len(slots), np.int64), np.zeros(len(slots), np.int64)
    for w in range(forms.shape[0]):
        if 2 * found == len(slots):
            first, times = np.append(first, np.empty_like(first)), np.append(times, np.zeros_like(times))
            slots = np.zeros((2 * len(slots), 2), np.uint64)
            for k in range(found):
                slot = _place(slots, forms[first[k]])
                slots[slot, 0], slots[slot, 1] = forms[first[k]], k + 1
        prefetch(slots, forms[min(w + _AHEAD, forms.shape[0] - 1)] & np.uint64(len(slots) - 1))
        slot = _place(slots, forms[w])
        if slots[slot, 1] == 0:
            first[found] = w
            found += 1
            slots[slot, 0], slots[slot, 1] = forms[w], found
        times[slots[slot, 1] - _ONE] += 1
    return forms[first[:found]], first[:found].copy(), times[:found].copy()


@kernel
def _place(slots, form):
    """The slot of a hash, or the empty one where it would be.

    Args:
        slots: uint64 (a power of two, 2), a hash and its number, which is 0 in an empty slot.
        form: the hash.
    """
    last = np.uint64(slots.shape[0] - 1)
    slot = form & last
    while slots[slot, 1] != 0 and slots[slot, 0] != form:
        slot = (slot + _ONE) & last
    return slot


@njit(cache=True, nogil=True)
def _index(hashes, size):
    """A hash table from hashes to numbers with open addressing; `size` is a power of two, more than there are words."""
    keys, numbers, last = np.zeros(size, np.uint64), np.full(size, UNKNOWN, np.int32), np.uint64(size - 1)
    for w in range(hashes.shape[0]):
        slot = hashes[w] & last
        while keys[slot] != 0:
            slot = (slot + np.uint64(1)) & last
        keys[slot], numbers[slot] = hashes[w], FIRST + w
    return keys, numbers


@njit(cache=True, nogil=True)
def _look_up(keys, numbers, hashes):
    found, last = np.empty(hashes.shape[0], np.int32), np.uint64(keys.shape[0] - 1)
    for w in range(hashes.shape[0]):
        slot = hashes[w] & last
        while keys[slot] != 0 and keys[slot] != hashes[w]:
            slot = (slot + np.uint64(1)) & last
        found[w] = numbers[slot]
    return found
