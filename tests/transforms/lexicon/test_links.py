import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transforms.lexicon.entries import Places, Side, find_entries
from transforms.lexicon.links import lay_links

TEXT = st.lists(st.integers(1, 6), min_size=1, max_size=5)


def side(texts, size=7):
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    return Side(np.array([word for text in texts for word in text], np.int32), offsets, size)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=12), st.integers(1, 3))
def test_every_two_words_that_have_an_entry_are_linked(pairs, at_least):
    source, target = (side(texts) for texts in zip(*pairs, strict=True))
    places = Places.of(source)
    entries = find_entries(source, target, places, at_least=at_least, most=1000)

    links = lay_links(source, target, places, entries)

    numbers = np.repeat(np.arange(entries.starts.size - 1), np.diff(entries.starts))
    entry = {words: k for k, words in enumerate(zip(numbers.tolist(), entries.targets.tolist(), strict=True))}
    w = 0
    for e_words, f_words in pairs:
        for e in e_words:
            expected = [[entry[e, f], j] for j, f in enumerate(f_words) if (e, f) in entry]
            assert links.ends[links.starts[w] : links.starts[w + 1]].tolist() == expected
            w += 1
    assert links.starts.size == w + 1


def test_places_of_words():
    places = Places.of(side([[2, 1], [], [2, 2]], size=4))

    assert places.starts.tolist() == [0, 0, 1, 4, 4]
    assert places.texts.tolist() == [0, 0, 2, 2]
    assert places.words.tolist() == [1, 0, 2, 3]
