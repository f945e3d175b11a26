"""Segmentation by byte-pair encoding: of neighbours that together are a piece, the best pair becomes one, and so on.

A text begins as characters. Which pair is merged depends on the pairs around it alone, so a text is cut where two
characters stand next to each other in no piece, and at symbols, which are never merged: in scripts without spaces such
a stretch is a few characters long. Within a stretch pairs wait in a heap, as in SentencePiece, the best first, of equal
ones the leftmost; a pair that has changed since then is passed over.

Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016; bpe_model.cc of
google/sentencepiece 0.2.3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vocab.compiled import kernel
from vocab.model_file import Kind
from vocab.normaliser import decode
from vocab.pieces import Pieces, append_piece
from vocab.trie import child, longest_prefix

MOST_PIECES = 1 << 20
"""Pieces that a key of the heap can tell apart."""

UNRANKED = -1
"""Rank of a node where no piece ends."""

_PAIR_BITS = 20  # of the hash of two characters
_ROOT, _ONE = np.uint64(0), np.uint64(1)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SIZE_BITS, _PLACE_BITS = np.uint64(8), np.uint64(32)  # of a key of the heap, from the low end; the rest is the rank
_SIZE, _PLACE = np.uint64(0xFF), np.uint64(0xFFFFFFFF)


class Bpe(NamedTuple):
    """A BPE model.

    Attributes:
        cells: uint32[cells], the trie of the pieces that a text can hold.
        ranks: int32[cells], how many different scores are better than that of the piece that ends at a node.
        values: int32[cells], its id, or that of what is unknown.
        symbols: uint32[cells], the trie of user-defined symbols.
        joined: uint64[2^20 / 64], a bit for each pair of characters, by hash, that are neighbours in a piece.
        unknown: the id of what is unknown.
        byte_ids: int32[256], the pieces of bytes; empty without byte fallback.
        scores: float32[pieces + 1], zeros: there are no sums to keep.
    """

    cells: np.ndarray
    ranks: np.ndarray
    values: np.ndarray
    symbols: np.ndarray
    joined: np.ndarray
    unknown: int
    byte_ids: np.ndarray
    scores: np.ndarray


def bpe_model(pieces: Pieces, symbols: np.ndarray) -> Bpe:
    """A BPE model of pieces.

    Args:
        pieces: the pieces.
        symbols: uint32[cells], the trie of user-defined symbols.

    Raises:
        ValueError: it has too many pieces, or some that are merged and taken apart again.
    """
    if pieces.scores.size > MOST_PIECES:
        raise ValueError(f"{pieces.scores.size:,} pieces, more than {MOST_PIECES:,}")
    if (pieces.kinds == Kind.UNUSED).any():
        raise ValueError("pieces that are not used, which BPE takes apart again")
    # As integers, the bits of floats are in order but for negative ones, which are in the opposite order.
    bits = pieces.scores.view(np.int32).astype(np.int64)
    ranks = np.unique(-np.where(bits < 0, bits ^ 0x7FFFFFFF, bits), return_inverse=True)[1].astype(np.int32)
    joined = np.zeros((1 << _PAIR_BITS) // 64, np.uint64)
    _join(pieces.letters, pieces.ends, joined)
    return Bpe(
        cells=pieces.trie.cells,
        ranks=np.where(pieces.is_end(), ranks[pieces.trie.values], np.int32(UNRANKED)),
        values=pieces.ids_of_nodes(),
        symbols=symbols,
        joined=joined,
        unknown=pieces.unknown,
        byte_ids=pieces.byte_ids,
        scores=np.zeros(pieces.scores.size + 1, np.float32),
    )


class Agenda(NamedTuple):
    """The symbols of a stretch of text, and the pairs of them that can be merged.

    Attributes:
        sizes: int32[places], bytes of the symbol that begins at a place; 0 where it has been merged into another.
        befores: int32[places], where the symbol before it begins; -1 for none.
        nodes: uint32[places], the node of its text; 0 where no piece begins with that.
        heap: uint64[3 * places], pairs as rank << 40 | place of the left symbol << 8 | bytes of both; least first.
    """

    sizes: np.ndarray
    befores: np.ndarray
    nodes: np.ndarray
    heap: np.ndarray


def new_agenda(places: int) -> Agenda:
    """Working memory for stretches of fewer bytes than `places`."""
    sizes, befores, nodes = (np.empty(places, dtype) for dtype in (np.int32, np.int32, np.uint32))
    return Agenda(sizes, befores, nodes, np.empty(3 * places, np.uint64))


@kernel
def segment(text, size, model, agenda, ids, count, first):
    """Append the ids of text[:size].

    Args:
        text: uint8, normal UTF-8.
        size: bytes.
        model: Bpe.
        agenda: Agenda, working memory.
        ids: int32.
        count: how many ids there are already.
        first: how many there were before the document, whose unknown characters in a row have one id together.

    Returns:
        How many ids there are, or -1 if `ids` or the agenda is too short.
    """
    sizes, _, nodes, _ = agenda
    at = 0
    while at < size:
        stop = at + longest_prefix(model.symbols, text, at, size)
        if stop > at:
            sizes[0], nodes[0] = stop - at, _walk(model.cells, _ROOT, text, at, stop)
        else:
            stop = _end_of_stretch(text, at, size, model)
            if stop - at >= sizes.size:
                return -1
            _merge(text[at:], stop - at, model, agenda)
        if count + stop - at > ids.size:
            return -1
        place = 0
        while at < stop:
            after, piece = at + sizes[place], model.values[nodes[place]]
            count = append_piece(text, at, after, piece, model.unknown, model.byte_ids, ids, count, first)
            place, at = place + sizes[place], after
    return count


@kernel
def _join(letters, ends, joined):
    """Set the bits of all pairs of neighbours in the texts letters[ends[i] : ends[i + 1]]."""
    for piece in range(ends.size - 1):
        at = ends[piece]
        point, size = decode(letters, at)
        at += size
        while at < ends[piece + 1]:
            following, size = decode(letters, at)
            bit = _pair_bit(point, following)
            joined[bit >> np.uint64(6)] |= _ONE << (bit & np.uint64(63))
            point, at = following, at + size


@kernel
def _pair_bit(first, second):
    """The place of a bit for a pair of code points, uint64 below 2^20: a hash, so some pairs share one."""
    return (np.uint64(first) * _PRIME ^ np.uint64(second)) * _PRIME >> np.uint64(64 - _PAIR_BITS)


@kernel
def _end_of_stretch(text, at, end, model):
    """Where the stretch ends that begins at `at`: before a symbol or a character that no piece joins to the last."""
    point, size = decode(text, at)
    at += size
    while at < end:
        following, size = decode(text, at)
        bit = _pair_bit(point, following)
        if model.joined[bit >> np.uint64(6)] >> (bit & np.uint64(63)) & _ONE == 0:
            break
        if longest_prefix(model.symbols, text, at, end) > 0:
            break
        point, at = following, at + size
    return at


@kernel
def _merge(text, end, model, agenda):
    """Merge the characters of the stretch text[:end] as far as they go."""
    sizes, befores, nodes, heap = agenda
    at, before, waiting = 0, -1, 0
    while at < end:
        sizes[at], befores[at] = decode(text, at)[1], before
        nodes[at] = _walk(model.cells, _ROOT, text, at, at + sizes[at])
        before, at = at, at + sizes[at]
    at = 0
    while at < end:
        waiting = _push_pair(text, at, end, model, agenda, waiting)
        at += sizes[at]
    while waiting > 0:
        left, size = np.int64(heap[0] >> _SIZE_BITS & _PLACE), np.int64(heap[0] & _SIZE)
        waiting = _pop(heap, waiting)
        right, after = left + sizes[left], left + size
        if sizes[left] == 0 or right >= end or right + sizes[right] != after:
            continue  # One of them has been merged with another symbol.
        nodes[left] = _walk(model.cells, np.uint64(nodes[left]), text, right, after)
        sizes[left], sizes[right] = size, 0
        if after < end:
            befores[after] = left
        if befores[left] >= 0:
            waiting = _push_pair(text, befores[left], end, model, agenda, waiting)
        waiting = _push_pair(text, left, end, model, agenda, waiting)


@kernel
def _walk(cells, node, text, start, end):
    """The node that text[start:end] leads to from a node, or 0."""
    for at in range(start, end):
        node = child(cells, node, text[at])
        if node == 0:
            break
    return node


@kernel
def _push_pair(text, left, end, model, agenda, waiting):
    """Let a symbol and the next one wait in the heap if they are a piece together; returns how many pairs wait."""
    sizes, _, nodes, heap = agenda
    right = left + sizes[left]
    if right >= end or nodes[left] == 0:
        return waiting
    after = right + sizes[right]
    node = _walk(model.cells, np.uint64(nodes[left]), text, right, after)
    if node == 0 or model.ranks[node] == UNRANKED:
        return waiting
    key = (np.uint64(model.ranks[node]) << _PLACE_BITS | np.uint64(left)) << _SIZE_BITS | np.uint64(after - left)
    return _push(heap, waiting, key)


@kernel
def _push(heap, waiting, key):
    """Add a key to a binary heap of `waiting` keys; returns how many there are."""
    place = waiting
    while place > 0 and heap[(place - 1) >> 1] > key:
        heap[place] = heap[(place - 1) >> 1]
        place = (place - 1) >> 1
    heap[place] = key
    return waiting + 1


@kernel
def _pop(heap, waiting):
    """Take the least key from a binary heap of `waiting` keys; returns how many there are."""
    waiting -= 1
    key, place, below = heap[waiting], 0, 1
    while below < waiting:
        if below + 1 < waiting and heap[below + 1] < heap[below]:
            below += 1
        if key <= heap[below]:
            break
        heap[place] = heap[below]
        place, below = below, 2 * below + 1
    heap[place] = key
    return waiting
