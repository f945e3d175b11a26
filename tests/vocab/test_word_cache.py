"""The table of words against a dictionary, and reading words against `bytes.split`."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocab.word_cache import (
    FEW,
    IDS,
    LONGEST,
    MOST_IDS,
    eight_bytes,
    enter,
    find,
    new_cache,
    new_words,
    number_and_limit,
    read_words,
)

PADDING = 9999
WORDS = st.one_of(
    st.text("ab", min_size=1, max_size=3),
    st.text("abéz日\0\x01\x1f!", min_size=1, max_size=12),
    st.integers(LONGEST - 10, LONGEST + 10).map(lambda size: "w" * size),
)


def separators(blanks=b" \n"):
    found = np.zeros(256, np.bool_)
    found[list(blanks)] = True
    return found


def read(text, *, cache=None, start=0, tail=b""):
    """All words of bytes: where each begins and ends, its hash, its letters."""
    memory = np.frombuffer(b"x" * start + text + tail + bytes(16), np.uint8)
    words, found, at, count = new_words(), [], start, -1
    lines = (cache or new_cache(lines=64)).lines
    while count:
        count, at = read_words(memory, eight_bytes(memory), at, start + len(text), separators(), lines, words)
        for k in range(count):
            found.append((*(words.places[k] - start).tolist(), int(words.keys[k]), words.letters[k].tobytes()))
    return found


@given(st.lists(WORDS), st.text(" \n", max_size=2), st.text(" \n", min_size=1, max_size=3), st.integers(0, 9))
def test_words_are_what_separators_leave(words, before, between, start):
    text = (before + between.join(words)).encode()
    found = read(text, start=start, tail=b"tail without a separator")
    assert [text[first:last] for first, last, _, _ in found] == re.findall(rb"[^ \n]+", text)
    for first, last, key, letters in found:
        word = text[first:last]
        assert (key != 0) == (len(word) <= LONGEST and min(word) > 32)
        if key:
            assert letters[: -(-len(word) // 8) * 8].rstrip(b"\0") == word
            assert read(word)[0][2] == key


def test_words_that_nearly_are_the_same_have_other_hashes():
    words = [b"w" * size for size in range(1, LONGEST + 1)] + [b"%d" % number for number in range(5000)]
    words += [b"abcdefgh%d" % number for number in range(5000)] + [b"%dabcdefgh" % number for number in range(5000)]
    keys = [key for _, _, key, _ in read(b" ".join(words))]
    assert len(set(keys)) == len(words)
    as_if_by_chance = 2**16 * (1 - np.exp(-len(words) / 2**16))
    assert len({key & 0xFFFF for key in keys}) > 0.97 * as_if_by_chance


def entry(cache, row, words, key, size):
    """What the table says of a word: its ids and its limit, or None."""
    line = find(cache.lines, words.letters, row, size, key)
    if line < 0:
        return None
    number, limit = number_and_limit(cache.lines, line)
    if number <= FEW:
        assert cache.ids[line, IDS + number : IDS + FEW].tolist() == [PADDING] * (FEW - number)
        return cache.ids[line, IDS : IDS + number].tolist(), float(limit)
    place = cache.ids[line, IDS]
    return cache.many[place : place + number].tolist(), float(limit)


def remember(cache, word, ids, limit):
    """Look a word up, enter it if it is not there, and look again; gives what was found at first and then."""
    memory, words = np.frombuffer(word + bytes(16), np.uint8), new_words()
    read_words(memory, eight_bytes(memory), 0, len(word), separators(), cache.lines, words)
    key = words.keys[0]
    first = entry(cache, 0, words, key, len(word))
    if first is None:
        given_ids = np.array([7, *ids], np.int32)
        enter(cache, words.letters, 0, len(word), key, np.float32(limit), given_ids, 1, given_ids.size, PADDING)
    return first, entry(cache, 0, words, key, len(word))


@given(
    words=st.lists(st.text("abcé", min_size=1, max_size=20).map(str.encode), min_size=1, max_size=120),
    data=st.data(),
)
def test_what_is_found_is_what_was_entered_last(words, data):
    cache, known = new_cache(lines=64), {}
    counts = st.one_of(st.integers(0, FEW + 1), st.integers(0, 60))
    for word in words:
        ids = data.draw(st.lists(st.integers(0, 2**31 - 1), min_size=(count := data.draw(counts)), max_size=count))
        limit = data.draw(st.floats(-10, 100_000, width=32))
        first, then = remember(cache, word, ids, limit)
        if first is None:
            known[word] = (ids, max(0.0, limit) // 2 * 2)
        assert first in (None, known[word])  # None where it is new, and where the table was emptied
        assert then == known[word]
    assert cache.many[1] <= 0.7 * 64 + 1


def test_a_table_that_is_not_full_forgets_nothing():
    cache = new_cache(lines=256)
    words = [b"%d" % number for number in range(150)]
    for number, word in enumerate(words):
        assert remember(cache, word, [number], 10.0)[0] is None
    for number, word in enumerate(words):
        assert remember(cache, word, [], 0.0)[0] == ([number], 10.0)
    assert remember(cache, b"15", [], 0.0)[0] == ([15], 10.0)


@pytest.mark.parametrize("size", [0, 1, FEW, FEW + 1, MOST_IDS - 1])
def test_a_word_of_many_ids(size):
    cache = new_cache(lines=64)
    for word in (b"one", b"other"):
        ids = [len(word) + number for number in range(size)]
        assert remember(cache, word, ids, 99_999.0) == (None, (ids, 99_998.0))


def test_ids_for_which_there_is_no_room_empty_the_table():
    cache, ids = new_cache(lines=64), list(range(MOST_IDS // 4))
    for word in (b"a", b"b", b"c", b"d"):
        assert remember(cache, word, ids, 10.0) == (None, (ids, 10.0))
    assert remember(cache, b"a", [], 0.0)[0] == (ids, 10.0)
    assert remember(cache, b"e", ids, 10.0) == (None, (ids, 10.0))
    assert remember(cache, b"a", [], 0.0)[0] is None


def test_lines_are_lines_of_the_processors_cache():
    cache = new_cache(lines=64)
    assert cache.lines.ctypes.data % 64 == 0
    assert cache.lines.strides == (64, 8)
    assert np.shares_memory(cache.lines, cache.ids)
