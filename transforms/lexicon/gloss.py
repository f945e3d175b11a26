"""Glosses: texts translated word by word, in the order of their words.

Every known word becomes its most probable translation, and any other stays as it is: numbers, names, placeholders.
That is where the diagonal of the model puts translations, and all it knows of word order. What stands between words
stays too, but for spaces, which are put where the translation needs them: between any two words unless the one or the
other is of a script without spaces.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.lexicon.numerics import exp, log
from transforms.lexicon.scoring import COPIED, Direction
from transforms.lexicon.word_list import FIRST, WordList
from transforms.shingles import ALONE, IGNORED, decode, folding_table
from transforms.words import Words
from vocab.columns import text_buffers
from vocab.compiled import njit

_SPACE = 32
_COPY = -1


class Dictionary(NamedTuple):
    """One translation of each word of a language.

    Attributes:
        best: int32 (words,), by number of the word: the place of its translation in `texts`, -1 where it has none.
        probability: float32 (words,), of that translation; `COPIED` where there is none.
        texts: string[m], words of the other language.
    """

    best: np.ndarray
    probability: np.ndarray
    texts: pa.StringArray


def dictionary(direction: Direction, *, size: int, to: WordList) -> Dictionary:
    """The most probable translation of each word; of equally probable ones the most frequent.

    Args:
        direction: translations.
        size: every number of a word is less.
        to: the words of the other language.
    """
    best, probability = np.full(size, _COPY, np.int32), np.full(size, COPIED, np.float32)
    _choose(*direction, best, probability)
    return Dictionary(best, probability, to.words)


def translate(words: Words, numbers: np.ndarray, known: Dictionary) -> tuple[pa.StringArray, np.ndarray]:
    """Gloss texts.

    Args:
        words: of n texts.
        numbers: int32, their numbers.
        known: their translations.

    Returns:
        string[n], and float32 (n,): the geometric mean of the probabilities of what each word became, 0 where there is
        no word. A word that stays counts as `COPIED`.
    """
    chosen = known.best[numbers]
    data, bounds = text_buffers(words.texts)
    other_data, other_bounds = text_buffers(known.texts)
    # Every byte of the texts may stay, and every word may come with a space.
    sizes = np.append(np.diff(other_bounds), 0)  # the last is of a copy, number -1
    room = int(bounds[-1] - bounds[0]) + int(sizes[chosen].sum(dtype=np.int64)) + chosen.size
    out, offsets = np.empty(room, np.uint8), np.zeros(len(words.texts) + 1, np.int32)
    spans = (words.starts, words.ends, words.offsets)
    _write(data, bounds, *spans, chosen, other_data, other_bounds, folding_table(), out, offsets)
    scores = _scores(known.probability[numbers], words.offsets)
    used = out[: offsets[-1]].copy()
    return pa.StringArray.from_buffers(len(words.texts), pa.py_buffer(offsets), pa.py_buffer(used)), scores


@njit(cache=True, nogil=True)
def _choose(words, others, probabilities, best, probability):
    highest = np.zeros(best.shape[0], np.float32)
    for k in range(words.shape[0]):
        word, place = words[k], others[k] - FIRST
        better = probabilities[k] > highest[word]
        if place >= 0 and (better or (probabilities[k] == highest[word] > 0 and place < best[word])):
            best[word], probability[word], highest[word] = place, probabilities[k], probabilities[k]


@njit(cache=True, nogil=True)
def _write(data, bounds, starts, ends, offsets, chosen, other_data, other_bounds, table, out, out_offsets):
    at = 0
    for t in range(bounds.shape[0] - 1):
        first, place = at, bounds[t]
        for w in range(offsets[t], offsets[t + 1]):
            text, start, end = data, starts[w], ends[w]
            if chosen[w] >= 0:
                text, start, end = other_data, other_bounds[chosen[w]], other_bounds[chosen[w] + 1]
            if _has_mark(data, place, starts[w]):
                at = _copied(data, place, starts[w], out, at)
            elif at > first and not (_alone(out, _last(out, at), table) or _alone(text, start, table)):
                out[at] = _SPACE
                at += 1
            at = _copied(text, start, end, out, at)
            place = ends[w]
        at = _copied(data, place, bounds[t + 1], out, at)
        out_offsets[t + 1] = at


@njit(cache=True, nogil=True)
def _copied(data, start, end, out, at):
    """Append data[start:end] to what was written; returns where that ends."""
    for k in range(start, end):
        out[at] = data[k]
        at += 1
    return at


@njit(cache=True, nogil=True)
def _has_mark(data, start, end):
    """Whether anything but spaces stands between two words."""
    marks = 0
    for k in range(start, end):
        marks += data[k] != _SPACE
    return marks > 0


@njit(cache=True, nogil=True)
def _last(data, end):
    """Where the last character before `end` starts."""
    k = end - 1
    while data[k] & 0xC0 == 0x80:
        k -= 1
    return k


@njit(cache=True, nogil=True)
def _alone(data, i, table):
    """Whether the character that starts at byte i is of a script without spaces."""
    point, _ = decode(data, i)
    return table[point] >= ALONE and table[point] != IGNORED


@njit(cache=True, nogil=True)
def _scores(probabilities, offsets):
    scores = np.zeros(offsets.shape[0] - 1, np.float32)
    for t in range(scores.shape[0]):
        total = 0.0
        for w in range(offsets[t], offsets[t + 1]):
            total += log(float(probabilities[w]))
        if offsets[t + 1] > offsets[t]:
            scores[t] = exp(total / (offsets[t + 1] - offsets[t]))
    return scores
