"""Pairs of texts in two made-up languages, word for word but for some freedom, with a known dictionary."""

import random

import pyarrow as pa


def word(number, *, target=False):
    """Word `number` of the source language, or its translation: no word is of both languages."""
    return ("do" if target else "ka") + "".join("bcdfghlmnr"[int(digit)] for digit in str(number)) + "e"


def bitext(pairs, *, seed=1, words=200, dropped=0.1, swapped=0.2):
    """Columns of sources and targets.

    Args:
        pairs: how many.
        seed: of the generator.
        words: in the dictionary; word k is drawn with a probability in proportion to 1 / (k + 1).
        dropped: share of words that have no translation in a pair.
        swapped: share of neighbours that change places.
    """
    generator = random.Random(seed)
    weights = [1 / (k + 1) for k in range(words)]
    sources, targets = [], []
    for _ in range(pairs):
        numbers = generator.choices(range(words), weights, k=generator.randint(2, 12))
        sources.append(" ".join(map(word, numbers)))
        kept = [number for number in numbers if generator.random() >= dropped] or numbers
        for k in range(len(kept) - 1):
            if generator.random() < swapped:
                kept[k], kept[k + 1] = kept[k + 1], kept[k]
        targets.append(" ".join(word(number, target=True) for number in kept))
    return pa.array(sources), pa.array(targets)
