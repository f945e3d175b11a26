from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from transforms.lexicon.word_list import FIRST, UNKNOWN, WordList
from transforms.words import segment

TEXTS = st.lists(st.lists(st.sampled_from(["Haus", "haus", "HAUS", "Baum", "baum", "ß", "日本", "1"])).map(" ".join))


def learn(texts, *, at_least=1, most=100):
    return WordList.learn(segment(pa.array(texts, pa.string())), at_least=at_least, most=most)


@given(TEXTS, st.integers(1, 3), st.integers(1, 5))
def test_the_most_frequent_words_are_known_as_they_are_most_often_written(texts, at_least, most):
    known = learn(texts, at_least=at_least, most=most)

    # By hand: the ideographs are a word each.
    forms = Counter(form for text in texts for word in text.split() for form in (word if word == "日本" else [word]))
    words = Counter()
    for form, count in forms.items():
        words[form.lower()] += count
    enough = sorted((count for count in words.values() if count >= at_least), reverse=True)[:most]
    assert known.counts.tolist() == enough
    assert known.total == sum(words.values())
    for form, count in zip(known.words.to_pylist(), known.counts.tolist(), strict=True):
        assert words[form.lower()] == count
        assert forms[form] == max(forms[other] for other in forms if other.lower() == form.lower())


def test_numbers_of_words():
    known = learn(["eins zwei zwei", "drei zwei drei"])
    found = segment(pa.array(["zwei DREI eins vier"]))

    assert known.numbers(found.hashes).tolist() == [FIRST, FIRST + 1, FIRST + 2, UNKNOWN]
    assert known.size == 5
    np.testing.assert_allclose(known.shares(), [0, 1 / 6, 3 / 6, 2 / 6, 1 / 6])


def test_order_of_texts_is_no_matter():
    texts = ["a b c c", "B b a", "", "c B"]

    first, second = learn(texts), learn(texts[::-1])

    assert first.to_batch() == second.to_batch()


def test_batches_give_words_back():
    known = learn(["eins zwei zwei"], at_least=2)
    again = WordList.from_batch(known.to_batch(), total=known.total)

    assert again.to_batch() == known.to_batch()
    assert again.numbers(known.hashes).tolist() == [FIRST]


def test_nothing_is_known_of_no_text():
    known = learn([])

    assert known.size == FIRST
    assert known.numbers(np.array([5], np.uint64)).tolist() == [UNKNOWN]


def test_more_forms_than_the_table_of_counts_begins_with():
    texts = [f"w{n % 3000} W{n % 700}" for n in range(9000)]
    words = segment(pa.array(texts))
    counts = Counter(word.lower() for text in texts for word in text.split())
    known = WordList.learn(words, at_least=1, most=10_000)
    assert dict(zip((word.lower() for word in known.words.to_pylist()), known.counts.tolist(), strict=True)) == counts
