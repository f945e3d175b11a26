import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_bitexts import bitext

from transforms.lexicon.entries import Places, Side, find_entries
from transforms.lexicon.links import lay_links
from transforms.lexicon.training import train
from transforms.lexicon.word_list import FIRST, WordList
from transforms.words import segment


def sides(pairs, **options):
    """The two sides of a toy bitext, and the words by number."""
    found = []
    for texts in bitext(pairs, **options):
        words = segment(texts)
        known = WordList.learn(words, at_least=1, most=1000)
        found.append((Side(known.numbers(words.hashes), words.offsets, known.size), known.words.to_pylist()))
    return found


def laid(source, target, **bounds):
    """Entries and links of a sample."""
    places = Places.of(source)
    entries = find_entries(source, target, places, **bounds)
    return entries, lay_links(source, target, places, entries)


def plain_model_1(pairs, iterations):
    """IBM model 1 as in Brown et al., 1993, by the book: t(f | e) and the log likelihood before each iteration."""
    size = len({f for _, target in pairs for f in target})
    t = defaultdict(lambda: 1 / size)
    likelihoods = []
    for _ in range(iterations):
        counts, totals, likelihood = defaultdict(float), defaultdict(float), 0.0
        for source, target in pairs:
            origins = [None, *source]
            for f in target:
                total = sum(t[f, e] for e in origins)
                likelihood += math.log(total / len(origins))
                for e in origins:
                    counts[f, e] += t[f, e] / total
                    totals[e] += t[f, e] / total
        t = defaultdict(float, {(f, e): count / totals[e] for (f, e), count in counts.items()})
        likelihoods.append(likelihood)
    return t, likelihoods


def test_model_1_is_that_of_the_book():
    sources, targets = bitext(2000)
    pairs = [(s.split(), t.split()) for s, t in zip(sources.to_pylist(), targets.to_pylist(), strict=True)]
    (source, source_words), (target, target_words) = sides(2000)
    entries, links = laid(source, target, at_least=1, most=1 << 20)

    found = train(source, target, entries, links, model1=5, diagonal=0, empty=None)

    # Training begins with one more word, the unknown, among which chances are shared; that changes no count.
    shift = target.words.size * math.log(len(target_words) / (len(target_words) + 1))
    forward, likelihood = plain_model_1(pairs, 5)
    backward, back_likelihood = plain_model_1([(b, a) for a, b in pairs], 5)
    np.testing.assert_allclose(found.likelihood[1:, 0], likelihood[1:], rtol=1e-9)
    np.testing.assert_allclose(found.likelihood[1:, 1], back_likelihood[1:], rtol=1e-9)
    assert found.likelihood[0, 0] == pytest.approx(likelihood[0] + shift, rel=1e-9)
    numbers = np.repeat(np.arange(entries.starts.size - 1), np.diff(entries.starts))
    names = [[None, "?", *words] for words in (source_words, target_words)]
    compared = 0
    for place, (e, f) in enumerate(zip(numbers.tolist(), entries.targets.tolist(), strict=True)):
        if 1 in (e, f) or (e, f) == (0, 0):
            continue
        e_word, f_word = names[0][e], names[1][f]
        if f > 0:
            assert found.probabilities[place, 0] == pytest.approx(forward[f_word, e_word], abs=1e-9)
        if e > 0:
            assert found.probabilities[place, 1] == pytest.approx(backward[e_word, f_word], abs=1e-9)
        compared += 1
    assert compared > 5000


def plain_diagonal_likelihood(pairs, t, tension, empty):
    """Log likelihood of targets under the diagonal model, t by (target, source) with None for the empty word."""
    total = 0.0
    for source, target in pairs:
        for j, f in enumerate(target):
            weights = [
                math.exp(-tension * abs((i + 0.5) / len(source) - (j + 0.5) / len(target))) for i in range(len(source))
            ]
            mass = sum(w * t[f, e] for w, e in zip(weights, source, strict=True)) / sum(weights)
            total += math.log(empty * t[f, None] + (1 - empty) * mass)
    return total


def test_likelihood_of_the_diagonal_model():
    sources, targets = bitext(300)
    pairs = [(s.split(), t.split()) for s, t in zip(sources.to_pylist(), targets.to_pylist(), strict=True)]
    (source, source_words), (target, target_words) = sides(300)
    entries, links = laid(source, target, at_least=1, most=1 << 20)

    before = train(source, target, entries, links, model1=2, diagonal=3)
    after = train(source, target, entries, links, model1=2, diagonal=4)

    numbers = np.repeat(np.arange(entries.starts.size - 1), np.diff(entries.starts))
    e_names, f_names = [None, "?", *source_words], [None, "?", *target_words]
    columns = zip(numbers.tolist(), entries.targets.tolist(), before.probabilities[:, 0].tolist(), strict=True)
    t = defaultdict(float, {(f_names[f], e_names[e]): p for e, f, p in columns})
    expected = plain_diagonal_likelihood(pairs, t, float(after.tension[0]), 0.08)
    # What the last iteration of `after` starts from: the probabilities of `before`, and a tension learnt with them.
    assert after.likelihood[-1, 0] == pytest.approx(expected, rel=1e-9)


def test_likelihoods_never_fall_and_the_diagonal_is_found():
    (source, _), (target, _) = sides(3000, swapped=0.1)
    entries, links = laid(source, target, at_least=2, most=1 << 20)

    found = train(source, target, entries, links, model1=4, diagonal=26)

    assert (np.diff(found.likelihood, axis=0) >= 0).all()
    assert (found.tension > 5).all()


NUMBERS = st.lists(st.integers(1, 5), min_size=1, max_size=6)


@settings(max_examples=60)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=10), st.sampled_from([None, 0.08, 0.5]))
def test_likelihoods_never_fall_whatever_is_learnt_from(pairs, empty):
    source, target = (
        Side(
            np.array([word for text in texts for word in text], np.int32),
            np.cumsum([0, *map(len, texts)]).astype(np.int64),
            6,
        )
        for texts in zip(*pairs, strict=True)
    )
    entries, links = laid(source, target, at_least=1, most=1000)

    found = train(source, target, entries, links, model1=2, diagonal=6, empty=empty)

    assert np.isfinite(found.likelihood).all()
    assert (np.diff(found.likelihood, axis=0) >= -1e-9).all()
    by_source = np.add.reduceat(found.probabilities[:, 0], entries.starts[:-1])
    assert np.all(np.isclose(by_source, 1) | (by_source == 0))


def test_order_of_pairs_matters_to_rounding_alone():
    (source, _), (target, _) = sides(500)
    order = np.random.default_rng(3).permutation(500)
    found = []
    for rows in (np.arange(500), order):
        taken = source.take(rows), target.take(rows)
        entries, links = laid(*taken, at_least=1, most=1 << 20)
        found.append(train(*taken, entries, links))

    np.testing.assert_allclose(found[0].probabilities, found[1].probabilities, atol=1e-9)
    np.testing.assert_allclose(found[0].tension, found[1].tension, rtol=1e-9)


def test_no_pairs_at_all():
    nothing = Side(np.zeros(0, np.int32), np.zeros(1, np.int64), FIRST)
    entries, links = laid(nothing, nothing, at_least=1, most=100)

    found = train(nothing, nothing, entries, links)

    assert (found.counts == 0).all() and (found.likelihood == 0).all()
