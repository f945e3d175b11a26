"""An index of test items: which short sequences of tokens may begin one, and the tokens to make sure.

Each item is cut into paragraphs, and each paragraph gives keys: the hash of its first `least` tokens or, where it is
longer than the overlap that is asked for, of the `least` tokens with which each such overlap begins. So a text is
looked up by one rolling hash of a fixed length, and a key that is found is only where to compare tokens. A paragraph
shorter than `least` has the hash of all its tokens for a key.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.decontamination.tokens import token_columns
from transforms.decontamination.windows import WINDOWS, kinds
from transforms.minhash import text_hashes
from vocab.compiled import njit

FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""Of the rolling hash of Karp and Rabin (1987), modulo 2^64. Token hashes are mixed already, so it needs no mixing."""

FILTER_BITS = 5
"""log2 of the bits in the filter for each key: of what is not in the index, one in 32 gets past it."""


class Index(NamedTuple):
    """What texts are held against. Read-only, so threads share it.

    Attributes:
        tokens: uint64 (t,), hashes of the tokens of all n pieces, one piece after the other.
        starts: int64 (n + 1,), the token with which each piece starts.
        kind: int8 (n,), its entry in `WINDOWS`.
        item: int32 (n,), the item that it is of.
        present: int64 (k,), the kinds that occur.
        keys: uint64 (e,), sorted; equal ones in the order of pieces.
        piece: int32 (e,), where a key is from.
        at: int32 (e,), and the token of the piece with which it begins.
        buckets: int32 (2^b + 1,), where in `keys` those start that have the same highest b bits.
        filter: uint64, a bit for the highest bits of a key, 1 where there is one.
    """

    tokens: np.ndarray
    starts: np.ndarray
    kind: np.ndarray
    item: np.ndarray
    present: np.ndarray
    keys: np.ndarray
    piece: np.ndarray
    at: np.ndarray
    buckets: np.ndarray
    filter: np.ndarray


def build(texts: pa.StringArray) -> Index:
    """An index of test items.

    Args:
        texts: normalised; an item of several paragraphs is found by any of them. Items in which nothing folds
            (punctuation, emoji) cannot be found.
    """
    pieces, item = _pieces(texts.to_pylist())
    kind = kinds(pieces)
    kept = kind >= 0
    chosen = pa.array(pieces, pa.string()).filter(pa.array(kept))
    kind, item = kind[kept], item[kept]
    tokens, starts = token_columns(chosen)
    windows = np.array(WINDOWS, np.int64)
    count = int(_entries(starts, kind, windows).sum())
    keys, piece, at = np.empty(count, np.uint64), np.empty(count, np.int32), np.empty(count, np.int32)
    _write_keys(tokens, starts, kind, windows, keys, piece, at)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    bits = max(6, int(count).bit_length())
    index = Index(
        tokens=tokens,
        starts=starts,
        kind=kind,
        item=item,
        present=np.unique(kind).astype(np.int64),
        keys=keys,
        piece=piece[order],
        at=at[order],
        buckets=np.searchsorted(keys >> np.uint64(64 - bits), np.arange((1 << bits) + 1)).astype(np.int32),
        filter=_filter(keys, bits + FILTER_BITS),
    )
    for array in index:
        array.flags.writeable = False
    return index


def _pieces(texts: list[str]) -> tuple[list[str], np.ndarray]:
    """The paragraphs of items, and int32 (n,), which item each is of.

    An item that folds otherwise in capitals counts twice: `Straße` is `STRASSE` there, and folding is one to one.
    """
    capitals = [text.upper() for text in texts]
    other = (text_hashes(pa.array(texts, pa.string())) != text_hashes(pa.array(capitals, pa.string()))).any(1)
    pieces, item = [], []
    for number, text in enumerate(texts):
        for way in (text, capitals[number]) if other[number] else (text,):
            lines = way.split("\n")
            pieces += lines
            item += [number] * len(lines)
    return pieces, np.array(item, np.int32)


def _entries(starts: np.ndarray, kind: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """How many keys each piece gives, int64 (n,)."""
    return np.maximum(1, np.diff(starts) - windows[kind, 0] + 1) if kind.size else np.zeros(0, np.int64)


@njit(cache=True, nogil=True)
def _write_keys(tokens, starts, kind, windows, keys, piece, at):
    """Write the keys of all pieces: see `Index`; `windows`: int64 (k, 2), `WINDOWS`."""
    entry = 0
    for p in range(kind.shape[0]):
        length = starts[p + 1] - starts[p]
        overlap, least = windows[kind[p], 0], windows[kind[p], 1]
        for first in range(max(1, length - overlap + 1)):
            keys[entry] = key_of(tokens, starts[p] + first, min(least, length))
            piece[entry], at[entry] = p, first
            entry += 1


@njit(cache=True, nogil=True)
def key_of(tokens, start, length):
    """The hash of `length` tokens from tokens[start] on."""
    key = np.uint64(0)
    for k in range(start, start + length):
        key = key * FACTOR + tokens[k]
    return key


def _filter(keys: np.ndarray, bits: int) -> np.ndarray:
    """A bit for each value of the highest `bits` bits of a key."""
    found = np.zeros(1 << bits, np.uint8)
    found[keys >> np.uint64(64 - bits)] = 1
    return np.packbits(found, bitorder="little").view("<u8").astype(np.uint64)
