import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transforms.lexicon.rows import is_marked, rows, slot_of, spread

SOURCE, TARGET = 6, 300
WORDS = st.tuples(st.integers(0, SOURCE - 1), st.integers(1, TARGET - 1))


@given(st.sets(WORDS, max_size=200))
def test_entries_are_found_and_nothing_else(entries):
    listed = sorted(entries)
    source, target = (np.array([words[k] for words in listed], np.int32) for k in (0, 1))
    gains = np.random.default_rng(len(listed)).random((len(listed), 2), np.float32)

    laid = rows(source, target, gains, SOURCE)

    known = {words: gains[place].tolist() for place, words in enumerate(listed)}
    for e in range(SOURCE):
        start, mask = laid.heads[e].astype(np.uint64)
        assert (mask == 0) == (e not in source)
        for f in range(1, TARGET) if mask else ():
            slot = slot_of(laid.slots, start, mask, spread(f), f)
            assert laid.slots[slot, 0] == (f if (e, f) in known else 0)
            assert laid.slots[slot, 1:3].tolist() == known.get((e, f), [0, 0])
            assert is_marked(laid.marks, start, mask, spread(f)) or (e, f) not in known


def test_most_words_that_are_not_there_are_told_by_a_bit():
    source = np.repeat(np.arange(SOURCE, dtype=np.int32), 40)
    target = np.random.default_rng(1).permuted(np.arange(1, TARGET, dtype=np.int32)[None].repeat(SOURCE, 0), axis=1)
    laid = rows(source, target[:, :40].ravel(), np.zeros((source.size, 2), np.float32), SOURCE)

    wrong = [
        is_marked(laid.marks, *laid.heads[e].astype(np.uint64), spread(f))
        for e in range(SOURCE)
        for f in target[e, 40:]
    ]

    assert np.mean(wrong) < 0.03
