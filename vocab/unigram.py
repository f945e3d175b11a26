"""Segmentation by a unigram model: of all ways to cut a text into pieces, the one with the highest sum of scores.

The sums are SentencePiece's own: float32, added up from the beginning of the text, and begun anew where they leave a
range. So the ids are its own to the last one, also where two ways to cut score the same but for rounding. What it cuts
at once is cut here in stretches: where no piece goes on across a place, all ways to cut lead through it, and what comes
next depends on what came before by a single number, the sum so far. A space is such a place, so a word's pieces can be
remembered, together with the range of sums for which rounding cannot change them (`_limit`).

Source: Kudo, "Subword Regularization", 2018; `EncodeOptimized` in unigram_model.cc of google/sentencepiece 0.2.3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vocab.compiled import kernel
from vocab.model_file import Kind
from vocab.normaliser import decode
from vocab.pieces import Pieces, append_piece
from vocab.trie import BASE, BYTE, LONGEST_KEY, NOWHERE, REACHED, child

UNKNOWN_PENALTY = np.float32(10.0)
"""What an unknown character scores below the worst piece."""

GREATEST_SUM = np.float32(100000.0)
"""Where a sum so far is beyond it, SentencePiece takes it off from all sums and goes on from zero."""

STRETCH = 4096
"""Bytes after which a text is cut where it can be."""

_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_ZERO = np.float32(0.0)
_NEVER, _ALWAYS = np.float32(-np.inf), np.float32(np.inf)
_ROOM = LONGEST_KEY + 8  # places that a character needs ahead


class Unigram(NamedTuple):
    """A unigram model.

    Attributes:
        cells: uint32[cells], the trie of the pieces that a text can hold.
        characters: uint32[0x10000], the nodes of single characters in it.
        weights: float32[cells], the score of the piece that ends at a node; -inf where none does.
        values: int32[cells], its id, or that of what is unknown.
        unknown_score: float32, what a character without a piece counts.
        unknown: the id of what is unknown.
        byte_ids: int32[256], the pieces of bytes; empty without byte fallback.
        scores: float32[pieces + 1], what each id adds to a sum; the first byte of a character adds what that counts,
            the others nothing, and so does the last place, which is no piece.
        most: float32, the most that a character adds to a sum, whatever its sign.
    """

    cells: np.ndarray
    characters: np.ndarray
    weights: np.ndarray
    values: np.ndarray
    unknown_score: np.float32
    unknown: int
    byte_ids: np.ndarray
    scores: np.ndarray
    most: np.float32


def unigram_model(pieces: Pieces) -> Unigram:
    """A unigram model of pieces.

    Raises:
        ValueError: it has no normal piece.
    """
    scores, normal = pieces.scores.copy(), pieces.kinds == Kind.NORMAL
    if not normal.any():
        raise ValueError("no normal piece")
    symbols = pieces.kinds == Kind.USER_DEFINED
    scores[symbols] = 0.1 * (np.diff(pieces.ends)[symbols] - 1)
    unknown_score = scores[normal].min() - UNKNOWN_PENALTY
    weights = np.where(pieces.is_end(), scores[pieces.trie.values], _NEVER)
    scores[pieces.unknown] = unknown_score
    scores[pieces.byte_ids] = unknown_score
    scores[pieces.byte_ids[0x80:0xC0]] = 0
    return Unigram(
        cells=pieces.trie.cells,
        characters=pieces.trie.characters,
        weights=weights,
        values=pieces.ids_of_nodes(),
        unknown_score=unknown_score,
        unknown=pieces.unknown,
        byte_ids=pieces.byte_ids,
        scores=np.append(scores, _ZERO),
        most=abs(scores).max(),
    )


class Lattice(NamedTuple):
    """The best way to each place of a stretch of text, of which place 0 is the beginning.

    Attributes:
        sums: float32[places], its sum of scores; -inf where no piece ends.
        seconds: float32[places], the sum of the second best way, where it is asked for.
        links: uint64[places], where its last piece begins << 32 | the node of that piece.
    """

    sums: np.ndarray
    seconds: np.ndarray
    links: np.ndarray


def new_lattice(places: int) -> Lattice:
    """A lattice, which `segment` can work with if it has some more than `STRETCH` places."""
    return Lattice(np.empty(places, np.float32), np.empty(places, np.float32), np.empty(places, np.uint64))


@kernel
def segment(text, size, total, judged, model, lattice, ids, count, first):
    """Append the ids of text[:size].

    Args:
        text: uint8, normal UTF-8, with a NUL behind it.
        size: bytes without that.
        total: float32, the sum of scores before the text.
        judged: whether the limit is asked for. Then the text must be shorter than `STRETCH`.
        model: Unigram.
        lattice: Lattice, working memory.
        ids: int32.
        count: how many ids there are already.
        first: how many there were before the document, whose unknown characters in a row have one id together.

    Returns:
        How many ids there are, or -1 if `ids` or the lattice is too short; the sum of scores; the limit: with a sum
        before the text below it, whatever its sign, the ids are the same and their `scores` add up to the sum after it.
    """
    start, limit = 0, GREATEST_SUM
    while start < size:
        at, count, total, limit = _segment_stretch(
            text[start:], size - start, total, judged, model, lattice, ids, count, first
        )
        if at == 0:
            return -1, total, limit
        start += at
    return count, total, limit


@kernel
def _segment_stretch(text, size, total, judged, model, lattice, ids, count, first):
    """Do as `segment` up to a place to cut; returns that place, 0 if there is no room, and what `segment` does."""
    sums, seconds, links = lattice
    at, frontier = _find_ways(text, size, total, judged, model, lattice)
    if (at < size and frontier > at) or count + at > ids.size:
        return 0, count, total, _ZERO
    limit = GREATEST_SUM
    if judged:
        limit = _limit(_least_margin(sums, seconds, links, at), text, size, model.most)
    place, start = _turn_round(links, at), 0
    while place > 0:
        piece = model.values[links[place] & _LOW]
        before, count = count, append_piece(text, start, place, piece, model.unknown, model.byte_ids, ids, count, first)
        if count == before:
            limit = _ZERO  # The ids do not tell how many unknown characters there are, and so not the sum.
        start, place = place, np.int64(links[place] >> _HALF)
    return at, count, sums[at], limit


@kernel
def _find_ways(text, end, total, judged, model, lattice):
    """Fill the lattice of text[:end], up to the end, a place to cut, or as far as it has room.

    Each node on the way of a walk through the trie is entered as if a piece ended there; -inf is never the best.

    Returns:
        How far; and the farthest place that a walk has come to.
    """
    cells, characters, weights, unknown_score = model.cells, model.characters, model.weights, model.unknown_score
    sums, seconds, links = lattice
    at, frontier, cleared, room = 0, 0, _clear(sums, seconds, 0, end), sums.size - _ROOM
    sums[0] = total
    while at < end and at <= room and (at < STRETCH or frontier > at):
        if cleared <= min(end, at + _ROOM):
            cleared = _clear(sums, seconds, cleared, end)
        total, start = sums[at], np.uint64(at) << _HALF
        if abs(total) > GREATEST_SUM:
            for place in range(at, frontier + 1):
                sums[place] -= total
            total = _ZERO
        point, size = decode(text, at)
        node = np.uint64(characters[point] if point < characters.size else _far_character(cells, text, at))
        score = weights[node]
        if score == _NEVER:
            score = unknown_score
        at += size
        place = at
        while True:
            candidate, best = total + score, sums[place]
            better = candidate > best
            sums[place] = candidate if better else best
            links[place] = start | node if better else links[place]
            if judged:
                seconds[place] = max(seconds[place], min(candidate, best))
            byte = text[place]
            node = np.uint64((cells[node] >> BASE) ^ byte)
            if cells[node] & (REACHED | BYTE) != REACHED | byte:
                break
            place, score = place + 1, weights[node]
        frontier = max(frontier, place)
    return at, frontier


@kernel
def _clear(sums, seconds, place, end):
    """Clear a lattice from a place on, as far as a stretch needs; returns where what is not cleared begins."""
    last = min(place + STRETCH, end + 1, sums.size)
    while place < last:
        sums[place], seconds[place] = _NEVER, _NEVER
        place += 1
    return place


@kernel
def _far_character(cells, text, at):
    """The node of a character of four bytes, or `NOWHERE`."""
    node = np.uint64(0)
    for k in range(4):
        node = child(cells, node, text[at + k])
        if node == 0:
            return np.uint32(NOWHERE)
    return np.uint32(node)


@kernel
def _least_margin(sums, seconds, links, end):
    """The least by which a piece on the best way to a place is better than another way to where it ends."""
    place, margin = end, _ALWAYS
    while place > 0:
        margin = min(margin, sums[place] - seconds[place])
        place = np.int64(links[place] >> _HALF)
    return margin


@kernel
def _limit(margin, text, size, most):
    """The sum before a text below which rounding cannot change how it is cut.

    Ways to cut are compared by sums of at most as many terms as there are characters. Each addition rounds by at most
    2^-24 of the sum, for each of two ways, when the margin was found and when the text comes again.
    """
    characters = np.float32(1.0)
    for k in range(size):
        characters += np.float32(text[k] & 0xC0 != 0x80)
    return min(margin * np.float32(1 << 22) / characters, GREATEST_SUM) - characters * most


@kernel
def _turn_round(links, end):
    """Chain the best way to `end` forwards: each place on it then has a link to the next; returns the first place."""
    place, following = end, 0
    while place > 0:
        link = links[place]
        links[place] = np.uint64(following) << _HALF | link & _LOW
        following, place = place, np.int64(link >> _HALF)
    return following
