"""In which scripts a document is written: the share of its letters that belong to the scripts of its language.

A letter is a code point of general category L or M with a script of its own (UAX #24). What several scripts use says
nothing and is left out: digits, punctuation, the kana length mark, combining accents. Simplified and traditional
Chinese are one script here, Han: which of them it is cannot be seen from a single character.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
import pyarrow as pa

from transforms.script_ranges import RANGES
from transforms.utf8 import decode
from vocab.bits import count_ones, load_eight, trailing_zeros
from vocab.columns import text_buffers
from vocab.compiled import njit

_EACH, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)


class UnknownScript(ValueError):
    """A script code that Unicode gives to no letter."""


@cache
def script_numbers() -> tuple[tuple[str, ...], np.ndarray]:
    """The scripts of all code points.

    Returns:
        ISO 15924 codes, and uint8 (0x110000,), read-only: 1 + the index of a letter's script, 0 for what has none.
    """
    numbers = np.zeros(0x110000, np.uint8)
    for number, text in enumerate(RANGES.values(), 1):
        for span in text.split():
            first, _, last = span.partition("-")
            numbers[int(first, 16) : int(last or first, 16) + 1] = number
    numbers.flags.writeable = False
    return tuple(RANGES), numbers


def share(texts: pa.StringArray, scripts: tuple[str, ...]) -> np.ndarray:
    """The share of each document's letters that belong to the given scripts.

    Args:
        texts: valid UTF-8, without nulls.
        scripts: ISO 15924 codes of Unicode's scripts (`Hira`, not `Jpan`).

    Returns:
        float32 (rows,) in [0, 1]; NaN where a document has no letters, and everywhere if `scripts` is empty.

    Raises:
        UnknownScript: no letter of Unicode belongs to one of `scripts`.
    """
    return shares(texts, scripts, ())[0]


def shares(texts: pa.StringArray, scripts: tuple[str, ...], others: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """As `share` of `scripts` and of `others`, for the price of one."""
    counts = np.zeros((3, len(texts)), np.int64)
    if len(texts) and (scripts or others):
        _count(*text_buffers(texts), _kinds(tuple(scripts), tuple(others)), *counts)
    with np.errstate(invalid="ignore"):
        found = (counts[:2] / counts[2]).astype(np.float32)
    for asked, of_each in zip((scripts, others), found, strict=True):
        of_each[:] = of_each if asked else np.nan
    return found[0], found[1]


def share_of_each(texts: pa.StringArray, scripts: tuple[tuple[str, ...], ...], chosen: np.ndarray) -> np.ndarray:
    """As `share`, of scripts that differ from document to document.

    Args:
        texts: valid UTF-8, without nulls.
        scripts: codes, as of `share`.
        chosen: int (rows,), which of `scripts` each document is asked for.
    """
    counts = np.zeros((2, len(texts)), np.int64)
    _count_each(*text_buffers(texts), script_numbers()[1], _among(scripts), chosen, *counts)
    with np.errstate(invalid="ignore"):
        return (counts[0] / counts[1]).astype(np.float32)


@lru_cache(maxsize=8)
def _among(scripts: tuple[tuple[str, ...], ...]) -> np.ndarray:
    """Which numbers of scripts are of each of some scripts: bool (choices, numbers)."""
    codes, _ = script_numbers()
    among = np.zeros((len(scripts), 1 + len(codes)), bool)
    for own, some in zip(among, scripts, strict=True):
        own[[1 + codes.index(script) for script in some]] = True
    return among


@lru_cache(maxsize=32)
def _kinds(scripts: tuple[str, ...], others: tuple[str, ...]) -> np.ndarray:
    """What each code point counts for: uint8 (0x110000,), read-only.

    Bit 0 says that it is a letter, bit 1 that it is one of `scripts`, bit 2 that it is one of `others`.
    """
    codes, numbers = script_numbers()
    unknown = {*scripts, *others} - set(codes)
    if unknown:
        raise UnknownScript(
            f"script {min(unknown)!r} is not one of Unicode's; it takes ISO 15924 codes such as 'Latn', 'Cyrl', or for "
            "Japanese 'Hira', 'Kana' and 'Hani'"
        )
    of_script = np.array([0] + [1] * len(codes), np.uint8)
    for bit, some in ((2, scripts), (4, others)):
        of_script[[1 + codes.index(script) for script in some]] |= bit
    kinds = of_script[numbers]
    kinds.flags.writeable = False
    return kinds


@njit(cache=True, nogil=True)
def _count(data, offsets, kinds, own, other, letters):
    """Count letters by the bits of their kinds, see `_kinds`."""
    ascii_kind = np.int64(kinds[65])
    for r in range(offsets.shape[0] - 1):
        i, end = np.int64(offsets[r]), np.int64(offsets[r + 1])
        ascii_letters, ones, twos, fours = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
        while i < end:
            before = i
            while i + 8 <= end:
                eight = load_eight(data, i)
                size = trailing_zeros(eight & _HIGH) >> np.uint64(3)
                if size < np.uint64(8):
                    eight &= (np.uint64(1) << (np.uint64(8) * size)) - np.uint64(1)
                ascii_letters += np.int64(count_ones(_letters(eight)))
                i += np.int64(size)
                if size < np.uint64(8):
                    break
            while i < end and (data[i] >= 0x80 or i == before):
                point, size = decode(data, i)
                kind = np.int64(kinds[point])
                ones, twos, fours = ones + (kind & 1), twos + (kind >> 1 & 1), fours + (kind >> 2)
                i += size
        letters[r] = ones + ascii_letters
        own[r] = twos + ascii_letters * (ascii_kind >> 1 & 1)
        other[r] = fours + ascii_letters * (ascii_kind >> 2)


@njit(cache=True, nogil=True)
def _count_each(data, offsets, numbers, among, chosen, own, letters):
    """Count letters, and those of the scripts that are chosen; see `script_numbers` and `_among`."""
    for r in range(offsets.shape[0] - 1):
        i, end, scripts = np.int64(offsets[r]), np.int64(offsets[r + 1]), among[chosen[r]]
        ascii_letters, count, owned = np.int64(0), np.int64(0), np.int64(0)
        while i < end:
            while i + 8 <= end:
                eight = load_eight(data, i)
                if eight & _HIGH:
                    break
                ascii_letters += np.int64(count_ones(_letters(eight)))
                i += 8
            if i < end:
                point, size = decode(data, i)
                number = numbers[point]
                count += number > 0
                owned += scripts[number]
                i += size
        letters[r], own[r] = count + ascii_letters, owned + ascii_letters * scripts[numbers[65]]


@njit(cache=True, nogil=True)
def _letters(eight):
    """A bit for each of eight bytes of ASCII (uint64) that is a letter."""
    lower = eight | _EACH * np.uint64(0x20)
    from_a, behind_z = lower + _EACH * np.uint64(0x80 - 0x61), lower + _EACH * np.uint64(0x80 - 0x7B)
    return from_a & ~behind_z & _HIGH
