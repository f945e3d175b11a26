from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.filters.points import decoded
from transforms.filters.similarity import similarity
from transforms.shingles import ALONE, IGNORED, folding_table

TEXT = st.text(st.sampled_from("abcABÄ .,ß1日本\u00ad🙂"), max_size=30)


def trigrams(text):
    characters = [0]
    for character in [*(int(folding_table()[ord(c)]) for c in text), 0]:
        if character != IGNORED and (character or characters[-1]):
            characters.append(character & ~int(ALONE))
    words = characters[1:]
    return Counter(zip([0, *words], words, words[1:], strict=False)) if words else Counter()


def naive(source, target):
    first, second = trigrams(source), trigrams(target)
    both = first.total() + second.total()
    return 2 * (first & second).total() / both if first and second else 0.0


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_similarity_is_dices_coefficient(pairs):
    found = similarity(*(decoded(pa.array([pair[side] for pair in pairs], pa.string())) for side in (0, 1)))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [naive(*pair) for pair in pairs], rtol=1e-6)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("Seite drei", "seite DREI!", 1.0),
        ("Seite drei", "Page three", 0.0),
        ("=IMCOS(1)returns", "=IMCOS(1) returns", 1.0),
        ("Page Down", "Page Down 키", 2 * 9 / (9 + 11)),
        ("", "", 0.0),
        ("...", "...", 0.0),
        ("a", "a", 1.0),
        ("日本", "日本", 1.0),
    ],
)
def test_some_pairs(source, target, expected):
    assert similarity(decoded(pa.array([source])), decoded(pa.array([target])))[0] == pytest.approx(expected, abs=1e-6)
    assert naive(source, target) == pytest.approx(expected)


def test_long_texts_are_told_apart():
    rng = np.random.default_rng(1)
    source, target = ("".join(map(chr, rng.integers(0x4E00, 0x9000, 20_000))) for _ in range(2))
    found = similarity(decoded(pa.array([source, source])), decoded(pa.array([target, source])))
    assert found[0] < 0.01
    assert found[1] == 1


def test_a_pair_does_not_depend_on_the_others():
    pairs = [("aab abc", "abc aab"), ("b" * 500, "bb"), ("x", "y")]
    together = similarity(*(decoded(pa.array([pair[side] for pair in pairs])) for side in (0, 1)))
    alone = [similarity(*(decoded(pa.array([text])) for text in pair))[0] for pair in pairs]
    assert together.tolist() == alone
