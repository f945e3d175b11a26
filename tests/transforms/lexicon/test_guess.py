from collections import defaultdict

import numpy as np
import pytest
from toy_bitexts import bitext

from transforms.lexicon.entries import Side, find_entries
from transforms.lexicon.guess import guess
from transforms.lexicon.training import train
from transforms.lexicon.word_list import WordList
from transforms.words import segment


def sides(pairs):
    found = []
    for texts in bitext(pairs):
        words = segment(texts)
        known = WordList.learn(words, at_least=1, most=1000)
        found.append(Side(known.numbers(words.hashes), words.offsets, known.size))
    return found


def texts(side):
    return [side.words[start:end].tolist() for start, end in zip(side.offsets[:-1], side.offsets[1:], strict=True)]


def plain_guess(pairs):
    """By the book: what words share, times the square of its share in all that the guessed word shares."""
    shared, whole, guessed = defaultdict(float), defaultdict(float), defaultdict(float)
    for source, target in pairs:
        for f in target:
            shared[f, 0] += 1
            for e in source:
                shared[f, e] += 1 / len(source)
                whole[f] += 1 / len(source)
    for (f, e), part in shared.items():
        guessed[f, e] = part * (part / whole[f]) ** 2 if e else part
    sums = defaultdict(float)
    for (_, e), part in guessed.items():
        sums[e] += part
    return {words: part / sums[words[1]] for words, part in guessed.items()}


def test_guess_is_that_of_the_book():
    source, target = sides(300)
    entries, _ = find_entries(source, target, at_least=1, most=1 << 20)

    found = guess(entries, target.size)

    pairs = list(zip(texts(source), texts(target), strict=True))
    forward, backward = plain_guess(pairs), plain_guess([(f, e) for e, f in pairs])
    numbers = np.repeat(np.arange(entries.starts.size - 1), np.diff(entries.starts))
    for place, (e, f) in enumerate(zip(numbers.tolist(), entries.targets.tolist(), strict=True)):
        assert found[place, 0] == pytest.approx(forward.get((f, e), 0) if f else 0, abs=1e-12)
        assert found[place, 1] == pytest.approx(backward.get((e, f), 0) if e else 0, abs=1e-12)


def test_training_gets_further_from_a_guess():
    source, target = sides(2000)
    entries, links = find_entries(source, target, at_least=2, most=1 << 20)
    begin = guess(entries, target.size)

    guessed = train(source, target, entries, links, begin=begin, model1=3, diagonal=0).likelihood
    plain = train(source, target, entries, links, model1=5, diagonal=0).likelihood

    assert (np.diff(guessed, axis=0) >= 0).all()
    assert (guessed[2] > plain[3]).all()


def test_no_words_at_all():
    nothing = Side(np.zeros(0, np.int32), np.zeros(1, np.int64), 2)
    entries, _ = find_entries(nothing, nothing, at_least=1, most=100)

    assert (guess(entries, 2) == 0).all()
