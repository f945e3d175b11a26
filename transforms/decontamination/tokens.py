"""The folded tokens of a paragraph: those of `transforms.shingles.tokenize`, one hash each, up to the line feed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from transforms.shingles import ALONE, IGNORED, RAW, decode, folding_table, mix
from vocab.columns import text_buffers
from vocab.compiled import njit

_OFFSET, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_ONE32, _LINE_FEED = np.uint32(1), np.uint32(10)


def token_columns(texts: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of every text, each of which is one paragraph.

    Returns:
        uint64 (t,), the hash of each token; int64 (n + 1,), the token with which each text starts.
    """
    data, offsets = text_buffers(texts)
    hashes = np.empty(int(offsets[-1] - offsets[0]) // 2 + len(texts) + 1, np.uint64)
    starts = np.zeros(len(texts) + 1, np.int64)
    _tokenize_all(data, offsets, folding_table(), hashes, starts)
    return hashes[: starts[-1]], starts


@njit(cache=True, nogil=True)
def _tokenize_all(data, offsets, table, hashes, starts):
    for r in range(starts.shape[0] - 1):
        count, _ = paragraph_tokens(data, offsets[r], offsets[r + 1], table, hashes[starts[r] :])
        starts[r + 1] = starts[r] + count


@njit(cache=True, nogil=True)
def paragraph_tokens(data, start, end, table, hashes):
    """Fold the paragraph that starts at data[start], cut it into tokens, and hash each.

    Args:
        data: uint8, valid UTF-8.
        start, end: bounds of the text in bytes; the paragraph ends with it, or before its first line feed.
        table: see `shingles.folding_table`.
        hashes: uint64; gets the hash of each token, the first of the two of `shingles.tokenize`.

    Returns:
        How many tokens there are, and where the paragraph ends, without its line feed.
    """
    count, i, end = 0, np.int64(start), np.int64(end)
    while i < end:
        point, size = decode(data, i)
        character = table[point]
        if point == _LINE_FEED:
            return count, i
        i += size
        if character == 0 or character == IGNORED:
            continue
        token = (_OFFSET ^ np.uint64(character)) * _PRIME
        open_end = character < ALONE
        while open_end and i < end:
            point, size = decode(data, i)
            character = table[point]
            # One comparison for what is most frequent: neither 0, nor IGNORED, nor alone.
            if np.uint32(character - _ONE32) < RAW:
                token = (token ^ np.uint64(character)) * _PRIME
                i += size
            elif character == IGNORED:
                i += size
            else:
                open_end = False
        hashes[count] = mix(token)
        count += 1
    return count, i
