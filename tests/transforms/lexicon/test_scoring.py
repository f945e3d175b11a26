import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.lexicon.scoring import COPIED, DISCOUNT, FAINT, LONGEST, Translations, discounted, evidence, scorer

SIZE = 6  # numbers 0 to 5, of which 2 to 5 are known words
SHARES = np.array([0.0, 0.1, 0.4, 0.3, 0.15, 0.05])
TOTAL = 100


@st.composite
def translations(draw):
    """Distinct entries with probabilities that sum to at most 1."""
    found = sorted(draw(st.sets(st.tuples(st.integers(2, 5), st.integers(2, 5)))))
    source, target = (np.array([words[k] for words in found], np.int32) for k in (0, 1))
    chances = [draw(st.floats(0, 0.25, width=32)) for _ in range(2 * len(found))]
    return Translations(source, target, *np.array(chances, np.float32).reshape(2, -1))


WORDS = st.lists(st.integers(1, 5), min_size=1, max_size=6)


@settings(max_examples=80)
@given(translations(), st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4))
def test_evidence_is_as_defined(table, pairs):
    # A word has the same hash on both sides if its number is even.
    source_hash = np.array([7, 11, 2, 13, 4, 15], np.uint64)
    target_hash = np.array([8, 12, 2, 23, 4, 25], np.uint64)
    laid_out = scorer(
        table, source_shares=SHARES, target_shares=SHARES, source_total=TOTAL, target_total=TOTAL, empty=0.08
    )
    columns = []
    for texts, hashes in zip(zip(*pairs, strict=True), (source_hash, target_hash), strict=True):
        words = np.array([word for text in texts for word in text], np.int32)
        columns += [words, hashes[words], np.cumsum([0, *map(len, texts)]).astype(np.int64)]

    found = evidence(laid_out, *columns)

    for p, (source, target) in enumerate(pairs):
        moved = Translations(table.source, table.target + 10, table.forward, table.backward)
        expected = plain_gain(moved, source, [f + 10 for f in target], source_hash, target_hash)
        assert found.gain[p] == pytest.approx(expected, rel=1e-5, abs=1e-5)
        assert found.words[p] == len(source) + len(target)


def plain_gain(table, source, target, source_hash, target_hash):
    """Mean log ratio over target words and over source words, from the definition; target words are 10 more."""
    shares = {w: SHARES[w % 10] for w in (*range(SIZE), *range(10, 10 + SIZE))}
    hashes = {**{w: source_hash[w] for w in range(SIZE)}, **{w + 10: target_hash[w] for w in range(SIZE)}}
    t = {(int(e), int(f)): (float(a), float(b)) for e, f, a, b in zip(*table, strict=True)}
    sums = []
    for words, others, k in ((target, source, 0), (source, target, 1)):
        logs = []
        for w in words:
            total = 0.0
            for o in others:
                rest = 1 - sum(p[k] for key, p in t.items() if key[k] == o)
                copy = COPIED / (1 / TOTAL if w % 10 == 1 else shares[w]) if hashes[o] == hashes[w] else 0.0
                known = t.get((o, w) if k == 0 else (w, o), (0.0, 0.0))[k]
                total += known / shares[w] + rest * (1 - COPIED + copy)
            logs.append(math.log(0.08 + 0.92 * total / len(others)))
        sums.append(sum(logs) / len(logs))
    return sum(sums) / 2


def test_texts_without_words_and_long_ones():
    table = Translations(*(np.zeros(0, kind) for kind in (np.int32, np.int32, np.float32, np.float32)))
    laid_out = scorer(table, source_shares=SHARES, target_shares=SHARES, source_total=9, target_total=9, empty=0.1)
    long = np.full(LONGEST + 50, 2, np.int32)
    offsets = np.array([0, 0, long.size], np.int64)

    found = evidence(laid_out, long, long.astype(np.uint64), offsets, long, long.astype(np.uint64) + 1, offsets)

    assert found.words.tolist() == [0, 2 * LONGEST]
    assert found.gain[0] == 0 and math.isfinite(found.gain[1])


def test_a_single_pair_teaches_nothing():
    # Word 1 with words 0, 1 and 2; word 2 with words 0 and 1.
    starts, targets = np.array([0, 3, 6, 8]), np.array([0, 1, 2, 0, 1, 2, 0, 1], np.int32)
    counts = np.zeros((8, 2))
    counts[4] = 4.0, 5.0  # source 1, target 1
    counts[5] = DISCOUNT, DISCOUNT  # source 1, target 2: a single pair
    counts[7] = 1e6, FAINT  # source 2, target 1: only forward
    counts[3] = 5.0, 0.0  # source 1 and the empty word

    found = discounted(starts, targets, counts, target_size=3)

    assert pa.record_batch([pa.array(column) for column in found[:2]], names=["e", "f"]).to_pylist() == [
        {"e": 1, "f": 1},
        {"e": 2, "f": 1},
    ]
    np.testing.assert_allclose(found.forward, [3 / 10, 1.0], rtol=1e-5)
    np.testing.assert_allclose(found.backward, [4 / 5, 0.0], rtol=1e-4)


def test_faint_translations_are_dropped():
    starts, targets = np.array([0, 2, 4]), np.array([0, 1, 0, 1], np.int32)
    counts = np.zeros((4, 2))
    counts[3] = 3.0, 3.0
    counts[2, 0] = 2 / FAINT
    counts[1, 1] = 2 / FAINT

    assert discounted(starts, targets, counts, target_size=2).source.size == 0
