"""Rows of n-grams against fastText's algorithm as its C++ has it, a letter at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.fasttext_ngrams import bucket_row, find_rows, new_lanes, ngrams, spell, spell_words
from transforms.fasttext_words import new_words


def naive_hash(raw):
    """fastText's `Dictionary::hash`."""
    value = 2166136261
    for byte in raw:
        value = ((value ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619) % (1 << 32)
    return value


class MadeUp:
    """Two words, and buckets of n-grams of which `kept` at random have a row (None: all)."""

    def __init__(self, min_ngram=2, max_ngram=4, buckets=2000, kept=None):
        self.words, self.min_ngram, self.max_ngram, self.buckets = (b"a", b"b"), min_ngram, max_ngram, buckets
        self.kept_buckets = None if kept is None else np.random.default_rng(kept).permutation(buckets)[:kept]
        self.table = ngrams(self)
        every = range(buckets) if kept is None else sorted(self.kept_buckets.tolist())
        self.rows = {bucket: 2 + place for place, bucket in enumerate(every)}

    def naive_rows(self, word):
        """fastText's `computeSubwords` and `pushHash`; the rows of buckets follow those of the words in order."""
        letters, found = f"<{word}>", []
        for first in range(len(letters)):
            for size in range(max(self.min_ngram, 1), self.max_ngram + 1):
                last = first + size
                if last <= len(letters) and not (size == 1 and (first == 0 or last == len(letters))):
                    found.append(self.rows.get(naive_hash(letters[first:last].encode()) % self.buckets))
        return [row for row in found if row is not None]


MODELS = {
    "all kept": MadeUp(),
    "pruned": MadeUp(kept=300),
    "single characters": MadeUp(1, 1),
    "one to three": MadeUp(1, 3, kept=500),
    "long": MadeUp(3, 8, buckets=1 << 14),
    "one bucket": MadeUp(buckets=1),
    "a power of two": MadeUp(buckets=256),
    "most buckets": MadeUp(buckets=2_000_003, kept=90_000),
    "none": MadeUp(3, 2),
    "nothing kept": MadeUp(kept=0),
}
letters = st.sampled_from("abcdefgé<>日本😀ж") | st.characters(exclude_categories=["Cs"], exclude_characters="\0")
words = st.lists(st.text(letters, min_size=1), max_size=12)


def rows_of(spelled, table):
    """Rows of the n-grams of words, and which word each belongs to."""
    lengths = max(table.longest - table.shortest + 1, 0)
    raw = [word.encode() for word in spelled]
    data = np.frombuffer(b"".join(raw) + b"12345678" * 4, np.uint8)
    lanes = new_lanes(len(data) + 3 * len(raw), table.longest, lengths)
    block, lane_ends, begin = new_words(), np.zeros(len(raw), np.int64), 0
    for number, word in enumerate(raw):
        block.begins[number], block.ends[number] = begin, begin + len(word)
        block.letters[number] = np.frombuffer(word.ljust(24, b"\0"), np.uint64) if len(word) <= 24 else 0
        begin += len(word)
    every = spell_words(data, block, np.arange(len(raw)), lanes.letters, lanes.room, lane_ends)
    check_stretches(raw, data, lanes, lane_ends)
    count = find_rows(table, lanes, lane_ends[-1] if raw else 0, every, True)
    owners = np.searchsorted(lane_ends, lanes.places[:count] // max(lengths, 1), side="right")
    return lanes.rows[:count].tolist(), owners.tolist()


def check_stretches(raw, data, lanes, lane_ends):
    """A word alone is spelled as it is among others."""
    begin, first = 0, 0
    for word, last in zip(raw, lane_ends, strict=True):
        letters, room = np.zeros((2, len(word) + 3), np.uint32)
        size, _ = spell(data, begin, begin + len(word), True, True, letters, room, 0)
        assert size == last - first
        assert np.array_equal(letters[:size], lanes.letters[first:last])
        assert np.array_equal(room[:size], lanes.room[first:last])
        begin, first = begin + len(word), last


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@settings(max_examples=60, deadline=None)
@given(words)
def test_rows_are_fasttexts_in_its_order(model, spelled):
    expected = [model.naive_rows(word) for word in spelled]
    rows, owners = rows_of(spelled, model.table)
    assert rows == [row for some in expected for row in some]
    assert owners == [number for number, some in enumerate(expected) for _ in some]


@pytest.mark.parametrize("buckets", [1, 2, 3, 255, 256, 257, 2_000_000, (1 << 31) - 1])
def test_hashes_are_divided_exactly(buckets):
    """The way in which kernels divide, for hashes at both ends and beside multiples."""
    shift = 31 + max(buckets - 1, 1).bit_length()
    factor = (1 << shift) // buckets
    multiples = [buckets * (((1 << 32) // buckets) * share // 100) for share in range(100)]
    for value in {0, 1, (1 << 32) - 1, *multiples, *(abs(each - 1) for each in multiples)}:
        assert factor * value < 1 << 64
        assert value // buckets - 1 <= factor * value >> shift <= value // buckets


def test_rows_of_buckets():
    model = MadeUp(kept=300)
    found = [bucket_row(model.table, np.uint64(bucket)) for bucket in range(2000)]
    assert found == [model.rows.get(bucket, -1) for bucket in range(2000)]
