import numpy as np
import pyarrow as pa
import pytest

from transforms.lexicon.gloss import dictionary, translate
from transforms.lexicon.scoring import COPIED, Direction
from transforms.lexicon.word_list import FIRST, WordList
from transforms.words import segment


def known_words(*words):
    """A list of words in which the first is the most frequent."""
    texts = pa.array([" ".join([word] * (len(words) - k)) for k, word in enumerate(words)])
    return WordList.learn(segment(texts), at_least=1, most=100)


def gloss(texts, translations):
    """Translate by a dictionary of word -> (translation, probability)."""
    source = known_words(*translations)
    target = known_words(*dict.fromkeys(word for word, _ in translations.values()))
    number = {word: FIRST + k for k, word in enumerate(target.words.to_pylist())}
    entries = [translations[word] for word in source.words.to_pylist()]
    direction = Direction(
        np.arange(FIRST, source.size, dtype=np.int32),
        np.array([number[word] for word, _ in entries], np.int32),
        np.array([probability for _, probability in entries], np.float32),
    )
    words = segment(pa.array(texts, pa.string()))
    known = dictionary(direction, size=source.size, to=target)
    found, scores = translate(words, source.numbers(words.hashes), known)
    found.validate(full=True)
    return found.to_pylist(), scores


ENGLISH = {"das": ("the", 0.5), "haus": ("house", 0.8), "ist": ("is", 0.9), "日": ("day", 0.4), "本": ("book", 0.2)}
JAPANESE = {"the": ("本", 0.5), "house": ("家", 0.5), "is": ("は", 0.5)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Das Haus ist GROSS.", "the house is GROSS."),
        ("  Das   Haus ", "the house "),
        ("(Haus) 12,5 %s ☃", "(house) 12,5 %s ☃"),
        ("日本 Haus", "day book house"),
        ("日本、haus日", "day book、house day"),
        ("", ""),
        ("...", "..."),
        (" ", " "),
        ("größer𠮷", "größer𠮷"),
    ],
)
def test_words_are_translated_and_all_else_stays(text, expected):
    assert gloss([text], ENGLISH)[0] == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("The house is big", "本家はbig"), ("big houses, the house", "big houses, 本家"), ("is (is)", "は (は)")],
)
def test_scripts_without_spaces_get_none(text, expected):
    assert gloss([text], JAPANESE)[0] == [expected]


def test_scores_are_geometric_means():
    found, scores = gloss(["Das Haus", "", "Das was", "ist"], ENGLISH)

    assert found == ["the house", "", "the was", "is"]
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, [(0.5 * 0.8) ** 0.5, 0, (0.5 * COPIED) ** 0.5, 0.9], rtol=1e-6)


def test_slices_are_translated_as_copies_are():
    texts = pa.array(["Das", "Haus ist", "ist das Haus", "nein"])
    source, target = known_words("das", "haus"), known_words("the", "house")
    direction = Direction(np.array([2, 3], np.int32), np.array([2, 3], np.int32), np.array([0.5, 0.5], np.float32))
    words = segment(texts[1:3])

    found, _ = translate(words, source.numbers(words.hashes), dictionary(direction, size=source.size, to=target))

    assert found.to_pylist() == ["house ist", "ist the house"]


def test_the_most_probable_translation_is_chosen():
    direction = Direction(
        np.array([2, 2, 2, 3, 4, 4], np.int32),
        np.array([2, 3, 4, 3, 4, 2], np.int32),
        np.array([0.2, 0.5, 0.3, 0.0, 0.4, 0.4], np.float32),
    )
    found = dictionary(direction, size=6, to=known_words("a", "b", "c"))

    assert found.best.tolist() == [-1, -1, 1, -1, 0, -1]
    np.testing.assert_allclose(found.probability, [COPIED, COPIED, 0.5, COPIED, 0.4, COPIED])
