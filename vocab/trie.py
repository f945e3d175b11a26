"""Prefix trees over bytes, as double arrays: from a node to its child by a byte is one look-up.

The children of a node lie at `base ^ byte` for each byte that leads to one, and every node has a base that no other
node has; so a cell belongs to a node's child if it is marked with the byte that was looked up.

Source: Aoe, "An Efficient Digital Search Algorithm by Using a Double-Array Structure", 1989; the exclusive or is that
of Darts-clone (Yata), which SentencePiece uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vocab.compiled import kernel, njit

BYTE, REACHED, ENDS, BASE = np.uint32(0xFF), np.uint32(0x100), np.uint32(0x200), np.uint32(10)
"""A cell: the byte that leads to its node, whether there is one, whether a key ends at it; and from bit 10 on, the
base of its children."""

MOST_CELLS = 1 << 22
"""Cells that the 22 bits of a base can address."""

LONGEST_KEY = 255
"""Bytes of the longest key, so that all of them fit a matrix."""

NOWHERE = 1
"""A cell that is no node: it has no children."""

_BLOCK = 256
_TRIES = 48  # free cells that are tried for a node


class Trie(NamedTuple):
    """A set of keys, each with a value.

    Attributes:
        cells: uint32[a multiple of 256]; see `BYTE`. The root is cell 0; the others up to 255 are free.
        values: int32[cells]; the value of the key that ends at a cell's node.
        characters: uint32[0x10000], the node that each character below U+10000 leads to from the root, or `NOWHERE`;
            it saves up to three steps.
    """

    cells: np.ndarray
    values: np.ndarray
    characters: np.ndarray


def build_trie(keys: Sequence[bytes], values: np.ndarray) -> Trie:
    """Lay out keys, all different, none of them empty or with a NUL.

    Args:
        keys: n keys, in any order.
        values: int32[n].

    Raises:
        ValueError: a key is longer than `LONGEST_KEY`, empty, has a NUL or is there twice; or there are too many.
    """
    longest = max(map(len, keys), default=0)
    if longest > LONGEST_KEY or b"" in keys or b"\0" in b"".join(keys):
        raise ValueError(f"a key has {longest} bytes or none or a NUL in it, expected 1 to {LONGEST_KEY} without")
    texts = np.array(keys, f"S{longest + 1}")
    order = np.argsort(texts)
    matrix = texts[order].view(np.uint8).reshape(len(keys), longest + 1)
    # Nearly always enough; but the nodes of some keys leave many gaps.
    size = 2 * _BLOCK + 2 * sum(map(len, keys)) // _BLOCK * _BLOCK
    used = size + 1
    while used > size:
        cells, found = np.zeros(size, np.uint32), np.zeros(size, np.int32)
        used = _lay_out(matrix, values[order], cells, found)
        if used > MOST_CELLS <= size:
            raise ValueError(f"{len(keys):,} keys take more than {MOST_CELLS:,} cells")
        size = size if used <= size else min(2 * size, MOST_CELLS)
    if used == 0:
        raise ValueError("a key is there twice")
    characters = np.full(0x10000, NOWHERE, np.uint32)
    _find_characters(cells, characters)
    return Trie(cells[:used].copy(), found[:used].copy(), characters)


@kernel
def child(cells, node, byte):
    """The child of a node by a byte, or 0 if it has none: uint64, a place that needs no check for negative ones."""
    at = np.uint64((cells[node] >> BASE) ^ byte)
    return at if cells[at] & (REACHED | BYTE) == REACHED | byte else np.uint64(0)


@kernel
def longest_prefix(cells, data, start, end):
    """The length of the longest key that data[start:end] begins with, in bytes; 0 if it begins with none."""
    node, at, length = np.uint64(0), start, 0
    while at < end:
        node = child(cells, node, data[at])
        if node == 0:
            break
        at += 1
        if cells[node] & ENDS:
            length = at - start
    return length


@njit(cache=True, nogil=True)
def _lay_out(keys, values, cells, found):
    """Lay out sorted keys, uint8[n, more than the longest], which NULs fill up.

    A node waits on a stack as its cell, how many bytes lead to it, and the keys below it, the rows from low to high.

    Returns:
        How many cells are in use; 0 where a key is there twice, more than there are cells where they do not suffice.
    """
    taken, free = np.zeros(cells.size, np.uint8), np.empty((cells.size, 2), np.int32)
    labels, lows = np.empty(_BLOCK, np.uint32), np.empty(_BLOCK + 1, np.int64)
    stack = np.zeros((len(keys) + 1, 4), np.int32)
    free[0], stack[0, 3] = 0, len(keys)
    waiting, used = min(len(keys), 1), _BLOCK
    while waiting:
        waiting -= 1
        cell, depth, low, high = stack[waiting, 0], stack[waiting, 1], stack[waiting, 2], stack[waiting, 3]
        if keys[low, depth] == 0:
            cells[cell] |= ENDS
            found[cell] = values[low]
            low += 1
        if low == high:
            continue
        if keys[low, depth] == 0:
            return 0
        count = _labels(keys, depth, low, high, labels, lows)
        # A node of one child fits anywhere, and fills the oldest gaps.
        base = _base(cells, taken, free, labels, count, 1) if count == 1 else 0
        while base == 0:
            base = _base(cells, taken, free, labels, count, 0)
            if base == 0:
                if used + _BLOCK > cells.size:
                    return used + _BLOCK
                _add_block(free, used)
                used += _BLOCK
        taken[base] = 1
        cells[cell] |= np.uint32(base << 10)
        for k in range(count):
            at = base ^ labels[k]
            cells[at] = REACHED | labels[k]
            free[free[at, 0], 1], free[free[at, 1], 0] = free[at, 1], free[at, 0]
            stack[waiting, 0], stack[waiting, 1] = at, depth + 1
            stack[waiting, 2], stack[waiting, 3] = lows[k], lows[k + 1]
            waiting += 1
    return used


@kernel
def _labels(keys, depth, low, high, labels, lows):
    """The different bytes of keys[low:high] at `depth`, and the first row of each; returns how many there are."""
    count = 0
    for row in range(low, high):
        if count == 0 or labels[count - 1] != keys[row, depth]:
            labels[count], lows[count] = keys[row, depth], row
            count += 1
    lows[count] = high
    return count


@kernel
def _base(cells, taken, free, labels, count, towards):
    """A base that is not taken, with free cells for all labels, or 0 if a few tries find none.

    The tries begin at the latest free cell (`towards` 0) or at the oldest (1).
    """
    at = 0
    for _ in range(_TRIES):
        at = free[at, towards]
        if at == 0:
            break
        base = at ^ labels[0]
        fits = taken[base] == 0
        for k in range(1, count):
            fits = fits and cells[base ^ labels[k]] & REACHED == 0
        if fits:
            return base
    return 0


@kernel
def _add_block(free, start):
    """Append a block's cells to the ring of free ones: free[i] has the free cells before and after i; 0 is in it."""
    before = free[0, 0]
    for at in range(start, start + _BLOCK):
        free[before, 1], free[at, 0] = at, before
        before = at
    free[before, 1], free[0, 0] = 0, before


@kernel
def _find_characters(cells, nodes):
    """Write the nodes of the characters below U+10000."""
    for point in range(1, nodes.size):
        size = 1 + (point >= 0x80) + (point >= 0x800)
        node = np.uint64(0)
        for k in range(size):
            bits = point >> 6 * (size - 1 - k)
            lead = (0, 0xC0, 0xE0)[size - 1]
            node = child(cells, node, np.uint8(bits | lead if k == 0 else bits & 0x3F | 0x80))
            if node == 0:
                break
        if node != 0:
            nodes[point] = node
