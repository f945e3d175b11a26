from collections import Counter, defaultdict

import numpy as np
import pytest
from toy_bitexts import bitext

from transforms.lexicon.entries import Places, Side, find_entries
from transforms.lexicon.guess import guess
from transforms.lexicon.links import lay_links
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
    """By the book: what words share, times the square of its share in how often the guessed word is there."""
    shared, times, guessed = defaultdict(float), Counter(), defaultdict(float)
    for source, target in pairs:
        times.update(target)
        for f in set(target):
            for e in set(source):
                shared[f, e] += (2048 // (len(source) + len(target))) / 1024
    for (f, e), part in shared.items():
        guessed[f, e] = part * (part / times[f]) ** 2
    for f, count in times.items():
        guessed[f, 0] = count
    sums = defaultdict(float)
    for (_, e), part in guessed.items():
        sums[e] += part
    return {words: part / sums[words[1]] for words, part in guessed.items()}


def listed(entries):
    """The words of each entry."""
    numbers = np.repeat(np.arange(entries.starts.size - 1), np.diff(entries.starts))
    return list(zip(numbers.tolist(), entries.targets.tolist(), strict=True))


def test_guess_is_that_of_the_book():
    source, target = sides(300)
    met = find_entries(source, target, Places.of(source), at_least=1, most=1 << 20)

    entries, found = guess(met, target.size)

    assert listed(entries) == listed(met)
    pairs = list(zip(texts(source), texts(target), strict=True))
    forward, backward = plain_guess(pairs), plain_guess([(f, e) for e, f in pairs])
    for place, (e, f) in enumerate(listed(entries)):
        assert found[place, 0] == pytest.approx(forward.get((f, e), 0) if f else 0, abs=1e-12)
        assert found[place, 1] == pytest.approx(backward.get((e, f), 0) if e else 0, abs=1e-12)


@pytest.mark.parametrize("least", [1e-3, 0.1, 2.0])
def test_entries_that_are_next_to_impossible_both_ways_are_left_out(least):
    source, target = sides(300)
    met = find_entries(source, target, Places.of(source), at_least=1, most=1 << 20)
    _, every = guess(met, target.size)

    entries, found = guess(met, target.size, least=least)

    expected = [min(words) == 0 or max(chances) >= least for words, chances in zip(listed(met), every, strict=True)]
    assert listed(entries) == [words for words, kept in zip(listed(met), expected, strict=True) if kept]
    assert (found == every[expected]).all() and (entries.shared == met.shared[expected]).all()


def test_training_gets_further_from_a_guess():
    source, target = sides(2000)
    places = Places.of(source)
    entries = find_entries(source, target, places, at_least=2, most=1 << 20)
    links, (_, begin) = lay_links(source, target, places, entries), guess(entries, target.size)

    guessed = train(source, target, entries, links, begin=begin, model1=3, diagonal=0).likelihood
    plain = train(source, target, entries, links, model1=5, diagonal=0).likelihood

    assert (np.diff(guessed, axis=0) >= 0).all()
    assert (guessed[2] > plain[3]).all()


def test_likelihoods_never_fall_with_entries_left_out():
    source, target = sides(2000)
    places = Places.of(source)
    met = find_entries(source, target, places, at_least=2, most=1 << 20)
    entries, begin = guess(met, target.size, least=1e-2)
    links = lay_links(source, target, places, entries)

    found = train(source, target, entries, links, begin=begin, model1=3, diagonal=6)

    assert entries.targets.size < met.targets.size
    assert (np.diff(found.likelihood, axis=0) >= 0).all()


def test_no_words_at_all():
    nothing = Side(np.zeros(0, np.int32), np.zeros(1, np.int64), 2)
    met = find_entries(nothing, nothing, Places.of(nothing), at_least=1, most=100)

    assert (guess(met, 2)[1] == 0).all()
