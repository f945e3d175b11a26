"""SentencePiece's normalisation of a text: a rule of replacements, user-defined symbols kept as they are, and spaces.

A rule comes compiled in the model file: 4 bytes of size, a double-array trie of what is replaced (Darts-clone's units),
and the replacements, each ended by a NUL. At each place of a text the longest match is replaced; where there is none, a
character stays. Nearly all characters stay, and flags by code point tell which ones do without a look at the trie.

Source: normalizer.cc of google/sentencepiece 0.2.3; darts.h of darts-clone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vocab.compiled import kernel, njit
from vocab.trie import build_trie, longest_prefix

REPLACED, BEGINS, FOLLOWS, BLANK = np.uint8(1), np.uint8(2), np.uint8(4), np.uint8(8)
"""Flags of a character: what becomes of it must be looked up; it begins a longer match; it is in one further on; it is
a space or becomes one."""

_CODE_POINTS, _MARK_POINT = 0x110000, 0x2581
_SPACE = 32
# Bits of a unit of Darts-clone.
_LABEL, _HAS_LEAF, _VALUE = np.uint32(0x800000FF), np.uint32(0x100), np.uint32(0x7FFFFFFF)


class Rules(NamedTuple):
    """How a model normalises.

    Attributes:
        flags: uint8[0x110000], by code point.
        units: uint32[units], the trie of what is replaced; empty for none.
        replacements: uint8[bytes]; values of the trie are places in it.
        symbols: uint32[cells], the trie of user-defined symbols (`vocab.trie`).
        space: uint8[bytes], what a space becomes: the word mark, or a space.
        most: bytes that one replacement, symbol or character takes at most when it is written, and a few more: room
            for a space and a NUL behind it.
        prefix: whether a space is put before the text.
        suffix: whether a space is put after the text.
        squeeze: whether spaces at both ends go and runs of them become one.
    """

    flags: np.ndarray
    units: np.ndarray
    replacements: np.ndarray
    symbols: np.ndarray
    space: np.ndarray
    most: int
    prefix: bool
    suffix: bool
    squeeze: bool


def compile_rules(
    character_map: bytes, symbols: Sequence[bytes], *, dummy_prefix: bool, suffix: bool, squeeze: bool, escape: bool
) -> Rules:
    """Lay out what a model file says about normalisation.

    Args:
        character_map: the compiled rule, empty for none.
        symbols: user-defined symbols.
        dummy_prefix: whether a space is put before the text.
        suffix: whether that space comes after the text instead.
        squeeze: whether spaces at both ends go and runs of them become one.
        escape: whether spaces become word marks.

    Raises:
        ValueError: the rule or a symbol is not as expected.
    """
    size = int.from_bytes(character_map[:4], "little")
    replacements = character_map[4 + size :]
    if character_map and (size % 4 or not size or replacements[-1:] != b"\0"):
        raise ValueError(f"a character map of {len(character_map):,} bytes, {size:,} of them a trie")
    units = np.frombuffer(character_map[4 : 4 + size], np.uint32).copy()
    flags = np.zeros(_CODE_POINTS, np.uint8)
    flags[_SPACE] = BLANK
    flags[_MARK_POINT] = REPLACED
    if units.size and not _flag(units, np.frombuffer(replacements, np.uint8), flags):
        raise ValueError("a character map that replaces parts of characters")
    flags[[ord(symbol.decode()[0]) for symbol in symbols]] |= REPLACED
    longest = max(map(len, [*symbols, *replacements.split(b"\0"), b"char"]))
    return Rules(
        flags=flags,
        units=units,
        replacements=np.frombuffer(replacements, np.uint8),  # read-only, like the text, so that either can be a source
        symbols=build_trie(symbols, np.arange(len(symbols), dtype=np.int32)).cells,
        space=np.frombuffer("▁".encode() if escape else b" ", np.uint8).copy(),
        most=3 * longest + 16,
        prefix=dummy_prefix and not suffix,
        suffix=dummy_prefix and suffix,
        squeeze=squeeze,
    )


@kernel
def decode(data, at):
    """The code point that begins at a byte of valid UTF-8, and how many bytes it takes."""
    byte = np.int64(data[at])
    if byte < 0x80:
        return byte, 1
    if byte < 0xE0:
        return (byte & 0x1F) << 6 | (data[at + 1] & 0x3F), 2
    if byte < 0xF0:
        return (byte & 0x0F) << 12 | np.int64(data[at + 1] & 0x3F) << 6 | (data[at + 2] & 0x3F), 3
    high = (byte & 0x07) << 18 | np.int64(data[at + 1] & 0x3F) << 12
    return high | np.int64(data[at + 2] & 0x3F) << 6 | (data[at + 3] & 0x3F), 4


@kernel
def normalise(data, start, end, rules, out):
    """Write the normal form of the UTF-8 text data[start:end], and a NUL.

    Args:
        data: uint8, valid UTF-8.
        start, end: the text's place.
        rules: Rules.
        out: uint8, where to write.

    Returns:
        How many bytes it has without the NUL, or -1 if `out` is too short; whether the text holds a word mark of its
        own, which reads like a space from then on.
    """
    flags, units, replacements, symbols, space, most, prefix, suffix, squeeze = rules
    at, count, marked, spaced, full = start, np.int64(0), False, squeeze, out.size - most
    if suffix and squeeze:
        at = _after_spaces(data, start, end, units, replacements, symbols)
    if prefix and at < end and full >= 0:
        count = _append(space, 0, space.size, space, out, count)
    filled = at < end
    while at < end and count <= full:
        point, taken = decode(data, at)
        flag = flags[point]
        if flag & BEGINS and at + taken < end:
            flag |= flags[decode(data, at + taken)[0]] & FOLLOWS
        if flag & REPLACED or flag & (BEGINS | FOLLOWS) == BEGINS | FOLLOWS:
            taken, place = _match(data, at, end, units, symbols)
            if place < 0:
                marked |= point == _MARK_POINT
                count, spaced = _append_squeezed(data, at, at + taken, space, squeeze, spaced, out, count)
            else:
                last = place + _size(replacements, place)
                count, spaced = _append_squeezed(replacements, place, last, space, squeeze, spaced, out, count)
        elif flag & BLANK:
            if not spaced:
                count = _append(space, 0, space.size, space, out, count)
            spaced = squeeze
        else:
            for k in range(taken):
                out[count + k] = data[at + k]
            count, spaced = count + taken, False
        at += taken
    if at < end or full < 0:
        return -1, marked
    while squeeze and _ends_in_space(out, count, space):
        count -= space.size
    if suffix and filled:
        count = _append(space, 0, space.size, space, out, count)
    out[count] = 0
    return count, marked


@kernel
def _after_spaces(data, at, end, units, replacements, symbols):
    """Where what is not a space begins in data[at:end]."""
    while at < end:
        taken, place = _match(data, at, end, units, symbols)
        byte, size = (data[at], taken) if place < 0 else (replacements[place], _size(replacements, place))
        if size != 1 or byte != _SPACE:
            break
        at += taken
    return at


@kernel
def _match(data, at, end, units, symbols):
    """What data[at:end] begins with: how many bytes, and the place of their replacement, or -1 if they stay."""
    taken = longest_prefix(symbols, data, at, end)
    if taken > 0:
        return taken, -1
    place, node = -1, np.uint32(0)
    if units.size:
        node = _offset(units[0])
    for k in range(at, end if units.size else at):
        node ^= np.uint32(data[k])
        unit = units[node]
        if unit & _LABEL != data[k]:
            break
        node ^= _offset(unit)
        if unit & _HAS_LEAF:
            taken, place = k + 1 - at, np.int64(units[node] & _VALUE)
    return (taken, place) if taken > 0 else (decode(data, at)[1], -1)


@kernel
def _offset(unit):
    """Where a unit's children are, exclusive-or'ed with its own place."""
    return (unit >> np.uint32(10)) << ((unit & np.uint32(0x200)) >> np.uint32(6))


@kernel
def _size(replacements, place):
    """How long a replacement is, without the NUL that ends it."""
    last = place
    while replacements[last] != 0:
        last += 1
    return last - place


@kernel
def _append_squeezed(source, first, last, space, squeeze, spaced, out, count):
    """Write source[first:last] to out[count:], after a space without those at its head.

    Args:
        squeeze: whether spaces are squeezed.
        spaced: whether there is such a space before it.

    Returns:
        How many bytes are written by then; whether there is such a space at their end.
    """
    while spaced and first < last and source[first] == _SPACE:
        first += 1
    if first < last:
        spaced = squeeze and source[last - 1] == _SPACE
    return _append(source, first, last, space, out, count), spaced


@kernel
def _append(source, first, last, space, out, count):
    """Write source[first:last] to out[count:], spaces as `space`; returns how many bytes are written by then."""
    for k in range(first, last):
        if source[k] == _SPACE:
            for i in range(space.size):
                out[count + i] = space[i]
            count += space.size
        else:
            out[count] = source[k]
            count += 1
    return count


@kernel
def _ends_in_space(out, count, space):
    """Whether out[:count] ends in a space."""
    same = count >= space.size
    for k in range(space.size if same else 0):
        same = same and out[count - space.size + k] == space[k]
    return same


@njit(cache=True, nogil=True)
def _flag(units, replacements, flags):
    """Enter into `flags` what matches begin and go on with; returns whether all of them are whole characters.

    Parts of the trie are shared, so each place between two characters is visited once. A node waits on a stack with the
    bits of the character on the way to it, how many bytes that still lacks, and the flag it is to get.
    """
    stack, seen = [(np.int64(0), np.int64(0), np.int64(0), REPLACED)], np.zeros(units.size, np.bool_)
    while stack:
        node, bits, lacking, flag = stack.pop()
        for byte in range(0x80 if lacking else 1, 0xC0 if lacking else 0xF8):
            at = node ^ np.int64(_offset(units[node])) ^ byte
            unit = units[at]
            if unit & _LABEL != byte:
                continue
            size = lacking - 1 if lacking else (byte >= 0xC0) + (byte >= 0xE0) + (byte >= 0xF0)
            point = bits << 6 | (byte & 0x3F) if lacking else byte & (0x7F >> (size + (size > 0)))
            leaf = unit & _HAS_LEAF != 0
            if size:
                if leaf:
                    return False
                stack.append((at, point, size, flag))
                continue
            if point >= flags.size:
                return False
            goes_on = _has_children(units, at)
            if flag == FOLLOWS:
                flags[point] |= FOLLOWS
            else:
                flags[point] |= _kind(units, at, replacements) if leaf else np.uint8(0)
                flags[point] |= BEGINS if goes_on else np.uint8(0)
            if goes_on and not seen[at]:
                seen[at] = True
                stack.append((at, np.int64(0), np.int64(0), FOLLOWS))
    return True


@kernel
def _kind(units, node, replacements):
    """`BLANK` if a node's value is the place of a single space, else `REPLACED`."""
    place = np.int64(units[node ^ np.int64(_offset(units[node]))] & _VALUE)
    return BLANK if replacements[place] == _SPACE and _size(replacements, place) == 1 else REPLACED


@kernel
def _has_children(units, node):
    """Whether any byte leads on from a node."""
    base, found = node ^ np.int64(_offset(units[node])), False
    for byte in range(1, 256):
        found |= units[base ^ byte] & _LABEL == byte
    return found
