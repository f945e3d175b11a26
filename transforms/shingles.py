"""What a document consists of for deduplication: hashes of windows of its folded tokens, and one hash of the whole.

A text is folded (letters, marks and numbers stay, in simple case folding; the rest separates), cut into tokens, and every
window of a few tokens is hashed to a shingle. In scripts that put no spaces between words each character is a token of its
own, so the same window is a word 5-gram in Greek and a character 5-gram in Japanese. Rules for what is left over:

* A text with fewer tokens than a window is its own single shingle: short texts match when they are equal.
* A text in which nothing folds (punctuation, emoji) is taken as one token made of its raw bytes.
* The empty text has a shingle too. So every text has one, and no two texts are alike for want of anything to compare.

Kernels work on one text at a time, through arrays that the caller makes once for the longest text (`scratch`).
"""

from __future__ import annotations

import itertools
import unicodedata
from functools import cache

import numpy as np
from numba import njit

WORDS = 5
"""Tokens in a shingle."""

ALONE = np.uint32(1 << 31)
"""In folded text: this character is a token of its own."""

RAW = np.uint32(1 << 30)
"""In folded text: not a character but a byte of a text in which nothing folds."""

IGNORED = np.uint32(1 << 29)
"""In the folding table: the code point is dropped and separates nothing."""

NO_SPACES = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x312F),  # Han iteration marks and numbers, kana, Bopomofo
    (0x31A0, 0x4DBF),  # Bopomofo, kana, Han extension A
    (0x4E00, 0xA4CF),  # Han, Yi
    (0xA980, 0xA9FF),  # Javanese, Myanmar
    (0xAA60, 0xAADF),  # Myanmar, Tai Viet
    (0xF900, 0xFAFF),  # Han compatibility ideographs
    (0xFF66, 0xFF9F),  # half-width kana
    (0x11700, 0x1174F),  # Ahom
    (0x16FE0, 0x18D8F),  # Tangut, Khitan
    (0x1AFF0, 0x1B2FF),  # kana, Nushu
    (0x20000, 0x3FFFF),  # Han extensions
)
"""Blocks whose scripts run on without spaces: line-breaking classes ID, CJ and SA of UAX #14, and Tibetan, Balinese, Javanese."""

_FNV_OFFSET = np.uint64(0xCBF29CE484222325)
_FNV_PRIME = np.uint64(0x100000001B3)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ZERO, _ONE = np.uint64(0), np.uint64(1)


@cache
def folding_table() -> np.ndarray:
    """What each code point folds to, uint32 (0x110000,), read-only.

    0 where it separates tokens, `IGNORED` where it is as if absent (soft hyphens and other format characters, variation
    selectors), else the folded character, with `ALONE` set in the blocks of `NO_SPACES`. The Unicode version is Python's.

    Folding is simple case folding, one character to one: `ẞ` becomes `ß`, which stays apart from `ss`.
    """
    table = np.zeros(0x110000, np.uint32)
    for point in itertools.chain(range(0x40000), range(0xE0000, 0xE1000)):
        category = unicodedata.category(chr(point))
        if category == "Cf" or 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF:
            table[point] = IGNORED
        elif category[0] in "LMN":
            table[point] = ord(_simple_fold(chr(point)))
    for first, last in NO_SPACES:
        block = table[first : last + 1]
        block[(block > 0) & (block != IGNORED)] |= ALONE
    table.flags.writeable = False
    return table


def _simple_fold(character: str) -> str:
    """Simple case folding: where the full one expands (`ß` to `ss`), the lower-case letter."""
    folded = character.casefold()
    return folded if len(folded) == 1 else character.lower()[0]


def scratch(longest: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Working memory for texts of at most `longest` bytes: 4 bytes, 4 bytes and at most 16 bytes for each byte of text.

    Returns:
        `folded` uint32, `hashes` uint64 and `slots` uint64, as `document_shingles` takes them.
    """
    # A token takes a byte and, unless it is the last, a separator; a character alone takes three bytes.
    tokens = longest // 2 + 1
    return np.empty(longest, np.uint32), np.empty(tokens, np.uint64), np.empty(1 << tokens.bit_length() + 1, np.uint64)


@njit(cache=True, nogil=True)
def decode(data, i):
    """The code point (uint32) that starts at byte i of valid UTF-8, and how many bytes it takes."""
    byte = np.uint32(data[i])
    if byte < 0x80:
        return byte, 1
    if byte < 0xE0:
        return np.uint32((byte & 0x1F) << 6 | (data[i + 1] & 0x3F)), 2
    if byte < 0xF0:
        return np.uint32((byte & 0x0F) << 12 | (data[i + 1] & 0x3F) << 6 | (data[i + 2] & 0x3F)), 3
    high = (byte & 0x07) << 18 | (data[i + 1] & 0x3F) << 12
    return np.uint32(high | (data[i + 2] & 0x3F) << 6 | (data[i + 3] & 0x3F)), 4


@njit(cache=True, nogil=True)
def mix(value):
    """Spread every bit of a uint64 over all of it: the finaliser of MurmurHash3, a bijection."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True)
def tokenize(data, start, end, table, folded, hashes):
    """Fold the UTF-8 text data[start:end] and hash its tokens; texts with the same tokens fold to the same.

    Both at once because most of the time goes to branches that no processor predicts, one or two a token.

    Args:
        data: uint8, valid UTF-8.
        start, end: bounds of the text in bytes.
        table: see `folding_table`.
        folded: uint32; gets the folded characters, with a 0 between two tokens that would otherwise run together.
        hashes: uint64; gets a hash of each token (FNV-1a over its characters, mixed).

    Returns:
        How many values of `folded` and of `hashes` were written.
    """
    length, count, i, inside, value = 0, 0, start, False, _FNV_OFFSET
    while i < end:
        point, size = decode(data, i)
        i += size
        character = table[point]
        if character == IGNORED:
            continue
        if inside and (character == 0 or character & ALONE):
            hashes[count] = mix(value)
            count, inside, value = count + 1, False, _FNV_OFFSET
            if character == 0:
                folded[length] = 0
                length += 1
        if character & ALONE:
            if length > 0 and folded[length - 1] == 0:
                length -= 1
            hashes[count] = mix((_FNV_OFFSET ^ np.uint64(character)) * _FNV_PRIME)
            count += 1
        elif character:
            value, inside = (value ^ np.uint64(character)) * _FNV_PRIME, True
        if character:
            folded[length] = character
            length += 1
    if inside:
        hashes[count] = mix(value)
        return length, count + 1
    if length == 0:
        return raw_token(data, start, end, folded, hashes)
    return length - (folded[length - 1] == 0), count


@njit(cache=True, nogil=True)
def raw_token(data, start, end, folded, hashes):
    """Take a text in which nothing folds as one token made of its bytes; arguments and result as of `tokenize`."""
    value = _FNV_OFFSET
    for i in range(start, end):
        folded[i - start] = RAW | np.uint32(data[i])
        value = (value ^ np.uint64(folded[i - start])) * _FNV_PRIME
    hashes[0] = mix(value)
    return end - start, min(end - start, 1)


@njit(cache=True, nogil=True)
def window_hashes(hashes, count, words):
    """Replace the hashes of a text's tokens by those of its windows of `words` tokens; returns how many there are.

    A text of fewer tokens is one window. No hash is 0, so that 0 can mark an empty slot.
    """
    windows = max(1, count - words + 1)
    size = min(words, count)
    for w in range(windows):
        value = np.uint64(size)
        for k in range(w, w + size):
            value = value * _GOLDEN + hashes[k]
        hashes[w] = max(mix(value), _ONE)
    return windows


@njit(cache=True, nogil=True)
def distinct(hashes, count, slots):
    """Keep the first of each hash, in place; returns how many stay.

    Args:
        hashes: uint64, none of them 0.
        count: how many of them to look at.
        slots: uint64, working memory: a power of two of at least 2 * count.
    """
    size = 2
    while size < 2 * count:
        size *= 2
    slots[:size] = 0
    last = np.uint64(size - 1)
    kept = 0
    for i in range(count):
        value = hashes[i]
        slot = value & last
        while slots[slot] != _ZERO and slots[slot] != value:
            slot = (slot + _ONE) & last
        if slots[slot] == _ZERO:
            slots[slot] = value
            hashes[kept] = value
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def document_shingles(data, start, end, words, table, folded, hashes, slots):
    """Write the distinct shingles of the text data[start:end] to the front of `hashes`, in order of first appearance.

    Returns:
        The length of the folded text, which is left in `folded`, and the number of distinct shingles.
    """
    length, tokens = tokenize(data, start, end, table, folded, hashes)
    return length, distinct(hashes, window_hashes(hashes, tokens, words), slots)


@njit(cache=True, nogil=True)
def _rotated(value, left):
    return value << np.uint64(left) | value >> np.uint64(64 - left)


@njit(cache=True, nogil=True)
def _pair(folded, i, length):
    """Values i and i + 1 as one uint64, zeros past the end."""
    low = folded[i] if i < length else np.uint32(0)
    high = folded[i + 1] if i + 1 < length else np.uint32(0)
    return np.uint64(high) << np.uint64(32) | np.uint64(low)


@njit(cache=True, nogil=True)
def text_hash(folded, length):
    """MurmurHash3 (x64, 128 bits, seed 0) of a folded text as little-endian uint32.

    Source: Appleby, MurmurHash3, https://github.com/aappleby/smhasher.

    Returns:
        Two uint64; written little-endian, one after the other, they are the bytes that the reference gives.
    """
    c1, c2 = np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F)
    five = np.uint64(5)
    h1 = h2 = np.uint64(0)
    for i in range(0, length, 4):
        whole = i + 4 <= length
        h1 ^= _rotated(_pair(folded, i, length) * c1, 31) * c2
        if whole:
            h1 = (_rotated(h1, 27) + h2) * five + np.uint64(0x52DCE729)
        h2 ^= _rotated(_pair(folded, i + 2, length) * c2, 33) * c1
        if whole:
            h2 = (_rotated(h2, 31) + h1) * five + np.uint64(0x38495AB5)
    h1 ^= np.uint64(4 * length)
    h2 ^= np.uint64(4 * length)
    h1 += h2
    h2 += h1
    h1, h2 = mix(h1), mix(h2)
    h1 += h2
    return h1, h2 + h1
