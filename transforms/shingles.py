"""What a document consists of for deduplication: hashes of windows of its folded tokens, and one hash of the whole.

A text is folded (letters, marks and numbers stay, in simple case folding; the rest separates), cut into tokens, and
every window of a few tokens is hashed to a shingle. In scripts that put no spaces between words each character is a
token of its own, so the same window is a word 5-gram in Greek and a character 5-gram in Japanese. What is left over:

* A text with fewer tokens than a window is its own single shingle: short texts match when they are equal.
* A text in which nothing folds (punctuation, emoji) is taken as one token made of its raw bytes.
* The empty text has a shingle too. So every text has one, and no two texts are alike for want of anything to compare.

Kernels work on one text at a time, through arrays that the caller makes once for the longest text (`scratch`).
"""

from __future__ import annotations

import numpy as np

from transforms.characters import among, blocks, categories, category
from transforms.once import once
from vocab.compiled import njit

WORDS = 5
"""Tokens in a shingle."""

ALONE = np.uint32(1 << 31)
"""Of a folded character: it is a token of its own."""

IGNORED = np.uint32(1 << 30)
"""Instead of a folded character: the code point is dropped and separates nothing."""

RAW = np.uint32(1 << 29)
"""Of a byte that is taken for a folded character, in a text in which nothing folds."""

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
"""Blocks of scripts that run on without spaces: classes ID, CJ, SA of UAX #14, and Tibetan, Balinese, Javanese."""

_SELECTORS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))  # of variations

_FNV_PRIME = np.uint64(0x100000001B3)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_EMPTY = (np.uint64(0xCBF29CE484222325), _GOLDEN)
_REOPENED = tuple(
    np.uint64(int(empty) * pow(int(factor), -1, 1 << 64) % (1 << 64))
    for empty, factor in zip(_EMPTY, (_FNV_PRIME, _GOLDEN), strict=True)
)
"""Multiplied by the factors these are `_EMPTY`."""
_MURMUR = (np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F))
_ZERO, _ONE, _TWO, _THREE, _ONE32 = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3), np.uint32(1)


@once
def folding_table() -> np.ndarray:
    """What each code point folds to, uint32 (0x110000,), read-only.

    0 where it separates tokens, `IGNORED` where it is as if absent (soft hyphens and other format characters, variation
    selectors), else the folded character, with `ALONE` set in the blocks of `NO_SPACES`. The version of Unicode is
    Python's.

    Folding is simple case folding, one character to one: `ẞ` becomes `ß`, which stays apart from `ss`.
    """
    table = np.arange(0x110000, dtype=np.uint32)
    table[~among("LMN")] = 0
    for first, text in blocks():
        if text.casefold() != text:
            folded = np.array([ord(_simple_fold(character)) for character in text], np.uint32)
            part = table[first : first + len(text)]
            np.copyto(part, folded, where=part > 0)
    table[categories() == category("Cf")] = IGNORED
    for first, last in _SELECTORS:
        table[first : last + 1] = IGNORED
    for first, last in NO_SPACES:
        block = table[first : last + 1]
        block[(block > 0) & (block != IGNORED)] |= ALONE
    table.flags.writeable = False
    return table


@once
def ascii_steps() -> np.ndarray:
    """What each ASCII character does to an open token in `tokenize`, uint64 (128, 5), read-only.

    Of the token's first hash a factor and what is xored, then those of its second hash, and what place the token takes
    now: 2, or 0 with a separator, which leaves the hashes that the next token has before its first character.
    """
    steps = np.zeros((128, 5), np.uint64)
    for step, character in zip(steps, folding_table(), strict=False):
        if character:
            step[:] = _FNV_PRIME, character, _GOLDEN, character, _TWO
        else:
            step[:] = _ZERO, _REOPENED[0], _ZERO, _REOPENED[1], _ZERO
    steps.flags.writeable = False
    return steps


def _simple_fold(character: str) -> str:
    """Simple case folding: where the full one expands (`ß` to `ss`), the lower-case letter."""
    folded = character.casefold()
    return folded if len(folded) == 1 else character.lower()[0]


def scratch(longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Working memory for texts of at most `longest` bytes: 4 bytes and at most 16 bytes for each byte of text.

    Returns:
        `hashes`, uint64, and `slots`, uint32, as `document_shingles` takes them.
    """
    # A token takes a byte and, unless it is the last, a separator; a character alone takes three bytes.
    tokens = longest // 2 + 1
    return np.empty(tokens, np.uint64), np.empty(1 << tokens.bit_length() + 2, np.uint32)


@njit(cache=True, nogil=True)
def decode(data, i):
    """The code point (uint32) that starts at byte i of valid UTF-8, and how many bytes it takes."""
    i = np.uint64(i)  # of an index that could be negative numba would ask at every byte whether it is
    byte = np.uint32(data[i])
    if byte < 0x80:
        return byte, 1
    if byte < 0xE0:
        return np.uint32((byte & 0x1F) << 6 | (data[i + _ONE] & 0x3F)), 2
    if byte < 0xF0:
        return np.uint32((byte & 0x0F) << 12 | (data[i + _ONE] & 0x3F) << 6 | (data[i + _TWO] & 0x3F)), 3
    high = (byte & 0x07) << 18 | (data[i + _ONE] & 0x3F) << 12
    return np.uint32(high | (data[i + _TWO] & 0x3F) << 6 | (data[i + _THREE] & 0x3F)), 4


@njit(cache=True, nogil=True)
def mix(value):
    """Spread every bit of a uint64 over all of it: the finaliser of MurmurHash3, a bijection."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True)
def tokenize(data, start, end, table, steps, hashes, slots):
    """Fold the UTF-8 text data[start:end], cut it into tokens, and hash each and all of them.

    A token has two hashes, a * (h ^ c) for each character c, as in FNV-1a. The first is the token's. Both together are
    a block of 16 bytes, and of these blocks the text has the hash MurmurHash3 (x64, 128 bits, seed 0; Appleby,
    https://github.com/aappleby/smhasher). So texts with the same tokens have the same hash.

    Args:
        data: uint8, valid UTF-8.
        start, end: bounds of the text in bytes.
        table, steps: see `folding_table` and `ascii_steps`.
        hashes: uint64; gets the hash of each token.
        slots: uint32, working memory; see `scratch`.

    Returns:
        How many tokens there are, and the hash of the text: two uint64 that follow each other, little-endian.
    """
    blocks = slots.view(np.uint64)
    count = np.int64(_blocks(data, np.uint64(start), np.uint64(end), table, steps, blocks))
    if count == 0 and end > start:
        token = _EMPTY
        for i in range(start, end):
            token = extended(token, RAW | np.uint32(data[i]))
        hashes[0] = mix(token[0])
        return 1, finished(absorbed((_ZERO, _ZERO), token), 16)
    state = (_ZERO, _ZERO)
    for k in range(count):
        token = blocks[2 * k] * _FNV_PRIME, blocks[2 * k + 1] * _GOLDEN
        hashes[k] = mix(token[0])
        state = absorbed(state, token)
    return count, finished(state, 16 * count)


@njit(cache=True, nogil=True)
def _blocks(data, i, end, table, steps, blocks):
    """Write both hashes of each token, before their last multiplication, one token after the other.

    No processor foresees where a word ends, and a wrong guess costs it as much as five characters. So ASCII is not
    asked: every step writes what the open token is so far, and goes on to the next place if that token has ended.

    Returns:
        How many tokens there are, uint64.
    """
    (first, second), place, length = _REOPENED, _ZERO, _ZERO
    while i < end:
        byte = data[i]
        if byte < 0x80:
            i += _ONE
            first = first * steps[byte, 0] ^ steps[byte, 1]
            second = second * steps[byte, 2] ^ steps[byte, 3]
            place += length & ~steps[byte, 4]
            length = steps[byte, 4]
        else:
            point, size = decode(data, i)
            i += np.uint64(size)
            character = np.uint64(table[point])
            if character == IGNORED:
                continue
            if character == 0 or character >= ALONE:
                place, length, (first, second) = place + length, _ZERO, _REOPENED
                if character != 0:
                    blocks[place], blocks[place + _ONE] = _EMPTY[0] ^ character, _EMPTY[1] ^ character
                    place += _TWO
                continue
            first, second, length = first * _FNV_PRIME ^ character, second * _GOLDEN ^ character, _TWO
        blocks[place], blocks[place + _ONE] = first, second
    return (place + length) >> _ONE


@njit(cache=True, nogil=True)
def extended(token, character):
    """The two hashes of a token with one more character."""
    return (token[0] ^ np.uint64(character)) * _FNV_PRIME, (token[1] ^ np.uint64(character)) * _GOLDEN


@njit(cache=True, nogil=True)
def absorbed(state, block):
    """The state of MurmurHash3 after one more block, two uint64 each."""
    h1, h2 = state
    h1 ^= rotated(block[0] * _MURMUR[0], 31) * _MURMUR[1]
    h1 = (rotated(h1, 27) + h2) * np.uint64(5) + np.uint64(0x52DCE729)
    h2 ^= rotated(block[1] * _MURMUR[1], 33) * _MURMUR[0]
    h2 = (rotated(h2, 31) + h1) * np.uint64(5) + np.uint64(0x38495AB5)
    return h1, h2


@njit(cache=True, nogil=True)
def finished(state, size):
    """The hash that MurmurHash3 makes of its state after `size` bytes, two uint64."""
    h1, h2 = state[0] ^ np.uint64(size), state[1] ^ np.uint64(size)
    h1 += h2
    h1, h2 = mix(h1), mix(h2 + h1)
    h1 += h2
    return h1, h2 + h1


@njit(cache=True, nogil=True)
def rotated(value, bits):
    """A uint64 rotated to the left."""
    return value << np.uint64(bits) | value >> np.uint64(64 - bits)


@njit(cache=True, nogil=True)
def window_hashes(hashes, count, words):
    """Replace the hashes of a text's tokens by those of its windows of `words` tokens; returns how many there are.

    The hash is the rolling one of Karp and Rabin (1987), mixed. A text of fewer tokens is one window. No hash is 0, by
    which tables of them mark empty slots.
    """
    size, value, power = min(words, count), _ZERO, _ONE
    for k in range(size):
        value = value * _GOLDEN + hashes[k]
        power *= _GOLDEN
    for w in range(count - size):
        first, hashes[w] = hashes[w], max(mix(value), _ONE)
        value = value * _GOLDEN + hashes[w + size] - first * power
    hashes[count - size] = max(mix(value), _ONE)
    return count - size + 1


@njit(cache=True, nogil=True)
def distinct(hashes, count, slots):
    """Keep the first of each hash, in place; returns how many stay.

    Args:
        hashes: uint64.
        count: how many of them to look at.
        slots: uint32, working memory: a power of two of at least 4 * count.
    """
    size = 4
    while size < 4 * count:  # three of four slots stay empty, so that most hashes find theirs at once
        size *= 2
    slots[:size] = 0
    last = np.uint64(size - 1)
    kept = _ZERO
    for i in range(count):
        value = hashes[i]
        slot = value & last
        while slots[slot] != 0 and hashes[np.uint64(slots[slot] - _ONE32)] != value:
            slot = (slot + _ONE) & last
        hashes[kept] = value
        if slots[slot] == 0:
            kept += _ONE
            slots[slot] = np.uint32(kept)
    return np.int64(kept)


@njit(cache=True, nogil=True)
def document_shingles(data, start, end, words, table, steps, hashes, slots):
    """Write the distinct shingles of the text data[start:end] to the front of `hashes`, in order of first appearance.

    Returns:
        How many there are, and the hash of the text, as of `tokenize`.
    """
    tokens, text_hash = tokenize(data, start, end, table, steps, hashes, slots)
    return distinct(hashes, window_hashes(hashes, tokens, words), slots), text_hash
