from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.lexicon.entries import Places, Side, find_entries

TEXT = st.lists(st.integers(1, 6), min_size=1, max_size=5)


def side(texts, size=7):
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    return Side(np.array([word for text in texts for word in text], np.int32), offsets, size)


def meetings(pairs):
    """In how many pairs two words meet."""
    return Counter((e, f) for source, target in pairs for e in set(source) for f in set(target))


def listed(entries):
    """The words of each entry."""
    source = np.repeat(np.arange(entries.starts.size - 1), np.diff(entries.starts))
    return list(zip(source.tolist(), entries.targets.tolist(), strict=True))


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=12), st.integers(1, 3))
def test_entries_are_words_that_meet_often_enough(pairs, at_least):
    source, target = (side(texts) for texts in zip(*pairs, strict=True))

    entries = find_entries(source, target, Places.of(source), at_least=at_least, most=1000)

    met = {words for words, count in meetings(pairs).items() if count >= at_least}
    empty = {(e, 0) for e in range(7)} | {(0, f) for f in range(7)}
    assert listed(entries) == sorted(met | empty)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=12), st.integers(1, 3), st.sampled_from([15, 1000]))
def test_words_share_more_of_shorter_texts(pairs, at_least, most):
    source, target = (side(texts) for texts in zip(*pairs, strict=True))

    entries = find_entries(source, target, Places.of(source), at_least=at_least, most=most)

    expected = Counter()
    for e_words, f_words in pairs:
        expected.update({(0, f): f_words.count(f) for f in set(f_words)})
        expected.update({(e, 0): e_words.count(e) for e in set(e_words)})
        part = 2 / (len(e_words) + len(f_words))
        expected.update({(e, f): part for e in set(e_words) for f in set(f_words)})
    for words, shared in zip(listed(entries), entries.shared.tolist(), strict=True):
        assert shared == pytest.approx(expected[words], abs=len(pairs) / 1024)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=12), st.integers(14, 30))
def test_a_bound_leaves_the_words_that_meet_most_often(pairs, most):
    source, target = (side(texts) for texts in zip(*pairs, strict=True))

    entries = find_entries(source, target, Places.of(source), at_least=1, most=most)

    counts = meetings(pairs)
    found = [words for words in listed(entries) if min(words) > 0]
    assert len(found) <= most - 14
    # The least threshold that keeps within, so one less would not have done.
    threshold = min((counts[words] for words in found), default=max(counts.values()) + 1)
    assert set(found) == {words for words, count in counts.items() if count >= threshold}
    fewer = [count for count in counts.values() if count < threshold]
    assert not fewer or sum(count >= max(fewer) for count in counts.values()) > most - 14


def test_entries_ascend_however_far_apart_their_words_are():
    words = [1, 63, 64, 65, 4095, 4096, 8191, 20_000]
    source, target = side([[1]] * 8), side([[f, words[-1]] for f in reversed(words)], size=20_001)

    entries = find_entries(source, target, Places.of(source), at_least=1, most=50_000)

    first = entries.starts[1]
    assert entries.targets[first : entries.starts[2]].tolist() == [0, *words]


def test_sides_can_be_taken_in_any_order():
    taken = side([[1, 2], [], [3], [4, 5, 6]]).take(np.array([3, 1, 0]))

    assert taken.words.tolist() == [4, 5, 6, 1, 2]
    assert taken.offsets.tolist() == [0, 3, 3, 5]
