"""What is left of markup: the share of a text that is tags, character references and web addresses."""

from __future__ import annotations

import numpy as np

from transforms.filters.points import Points
from vocab.compiled import njit

LONGEST_TAG = 200
"""Characters of a tag at most; a `<` that is not closed within them is a sign for "less"."""

LONGEST_REFERENCE = 10
"""Characters of a character reference such as `&nbsp;` at most."""

_LESS, _GREATER, _AND, _SEMICOLON, _COLON, _SLASH, _DOT, _HASH = (ord(sign) for sign in "<>&;:/.#")
_BANG, _QUESTION, _QUOTE, _W = (ord(sign) for sign in '!?"w')


def markup(texts: Points) -> np.ndarray:
    """The share of each text's characters that is no text but markup.

    - a tag: `<`, followed by a letter of ASCII, `/`, `!` or `?`, up to the next `>`;
    - a character reference: `&amp;`, `&#160;`, `&#xA0;`;
    - an address: from the letters before `://`, or from a `www.` that starts a word, up to a space, a quotation mark, a
      bracket of a tag, or what is not ASCII.

    Returns:
        float32 (n,) in [0, 1]; 0 for an empty text.
    """
    found = np.zeros(len(texts.offsets) - 1, np.float32)
    _measure(texts.values, texts.offsets, found)
    return found


@njit(cache=True, nogil=True)
def _measure(values, offsets, found):
    for r in range(found.shape[0]):
        i, start, end, total = np.int64(offsets[r]), np.int64(offsets[r]), np.int64(offsets[r + 1]), 0
        counted = start  # what is before it is not looked at again
        while i < end:
            point, size = values[i], np.int64(0)
            if point == _LESS:
                size = _tag(values, i, end)
            elif point == _AND:
                size = _reference(values, i, end)
            elif point in (_COLON, _W):
                first, size = _address(values, i, counted, end)
                i = first
            total += size
            i += max(size, np.int64(1))
            counted = i if size else counted
        if end > start:
            found[r] = np.float32(total) / np.float32(end - start)


@njit(cache=True, nogil=True)
def _tag(values, i, end):
    """Characters of the tag at i; 0 if there is none."""
    if i + 1 < end and (_is_letter(values[i + 1]) or values[i + 1] in (_SLASH, _BANG, _QUESTION)):
        for k in range(i + 2, min(end, i + LONGEST_TAG)):
            if values[k] == _GREATER:
                return k + 1 - i
            if values[k] == _LESS:
                break
    return np.int64(0)


@njit(cache=True, nogil=True)
def _reference(values, i, end):
    """Characters of the character reference at i; 0 if there is none."""
    first = i + 2 if i + 1 < end and values[i + 1] == _HASH else i + 1
    for k in range(first, min(end, i + LONGEST_REFERENCE)):
        if values[k] == _SEMICOLON:
            return k + 1 - i if k > first else np.int64(0)
        if not (_is_letter(values[k]) or 48 <= values[k] < 58):
            break
    return np.int64(0)


@njit(cache=True, nogil=True)
def _address(values, i, counted, end):
    """Where the address starts that has its `://` or `www.` at i, and its characters; (i, 0) if there is none."""
    first = i
    if values[i] == _COLON:
        if i + 2 >= end or values[i + 1] != _SLASH or values[i + 2] != _SLASH:
            return i, np.int64(0)
        while first > counted and _is_letter(values[first - 1]):
            first -= 1
        if first == i:
            return i, np.int64(0)
    else:
        if i + 3 >= end or values[i + 1] != _W or values[i + 2] != _W or values[i + 3] != _DOT:
            return i, np.int64(0)
        if i > counted and (_is_letter(values[i - 1]) or values[i - 1] >= 0x80):
            return i, np.int64(0)
    k = i
    while k < end and 0x20 < values[k] < 0x7F and values[k] not in (_LESS, _GREATER, _QUOTE):
        k += 1
    return first, k - first


@njit(cache=True, nogil=True)
def _is_letter(point):
    return np.uint32(point | np.uint32(0x20)) - np.uint32(97) < np.uint32(26)
