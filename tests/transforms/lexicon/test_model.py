from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from toy_bitexts import bitext, word

from transforms.lexicon.learning import learn


@pytest.fixture(scope="module")
def lexicon():
    return learn(*bitext(2000, words=50), languages=("xa", "xb"))


def test_translations_are_ranked(lexicon):
    found = lexicon.translations(word(3), 5)

    chances = [probability for _, probability in found]
    assert 1 < len(found) <= 5
    assert chances == sorted(chances, reverse=True) and sum(chances) <= 1 + 1e-6
    assert found[0].word == word(3, target=True) and chances[0] > 0.5
    assert found[0] in lexicon.translations(word(3).upper(), 50)


@pytest.mark.parametrize("unknown", ["nowhere", "", "...", f"{word(1)} {word(2)}", "\u00ad"])
def test_what_is_no_known_word_has_no_translation(lexicon, unknown):
    assert lexicon.translations(unknown) == []
    assert lexicon.translations(unknown, reverse=True) == []


def test_glosses_go_both_ways(lexicon):
    source = pa.array([f"{word(1).upper()}, {word(2)}!", "unheard of"])
    expected = [f"{word(1, target=True)}, {word(2, target=True)}!", "unheard of"]

    glosses, scores = lexicon.translate(source)
    back, _ = lexicon.translate(glosses, reverse=True)

    assert glosses.to_pylist() == expected
    assert scores[0] > scores[1] > 0
    assert back.to_pylist() == [f"{word(1)}, {word(2)}!", "unheard of"]


def test_scores_of_what_has_no_words(lexicon):
    source, target = pa.array(["", word(1), "", "\u00ad"]), pa.array(["", "", word(1, target=True), "x"])

    scores = lexicon.score(source, target)

    assert scores[:3].tolist() == [0, 0, 0] and np.isfinite(scores[3])


def test_a_pair_scores_the_same_in_any_batch(lexicon):
    source, target = bitext(300, seed=9)
    whole = lexicon.score(source, target)

    parts = [lexicon.score(source[k : k + 70], target[k : k + 70]) for k in range(0, 300, 70)]

    assert np.concatenate(parts).tolist() == whole.tolist()


def test_threads_may_share_it():
    source, target = bitext(1500, words=50)
    lexicon = learn(source, target, languages=("xa", "xb"))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: (lexicon.score(source, target), lexicon.translate(source)[0]), range(8)))

    assert all(scores.tolist() == found[0][0].tolist() and glosses == found[0][1] for scores, glosses in found)
