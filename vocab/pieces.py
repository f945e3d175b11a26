"""The pieces of a model, laid out for kernels, and what both algorithms do with those that they cut a text into."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vocab.compiled import kernel
from vocab.model_file import Kind, ModelFile
from vocab.trie import ENDS, Trie, build_trie


class Pieces(NamedTuple):
    """The pieces of a model.

    Attributes:
        letters: uint8[bytes], their texts one after the other.
        ends: int64[pieces + 1]; piece i is `letters[ends[i] : ends[i + 1]]`.
        scores: float32[pieces], as in the file.
        kinds: int8[pieces], see `Kind`.
        unknown: the id of what is unknown.
        byte_ids: int32[256], the pieces of bytes; empty without byte fallback.
        trie: the pieces that a text can hold, normal and user-defined ones; values are their ids.
    """

    letters: np.ndarray
    ends: np.ndarray
    scores: np.ndarray
    kinds: np.ndarray
    unknown: int
    byte_ids: np.ndarray
    trie: Trie

    def ids_of_nodes(self) -> np.ndarray:
        """The id of the piece that ends at each cell of the trie, or `unknown`: int32[cells]."""
        return np.where(self.is_end(), self.trie.values, np.int32(self.unknown))

    def is_end(self) -> np.ndarray:
        """Whether a piece ends at each cell of the trie: bool[cells]."""
        return self.trie.cells & ENDS != 0


def lay_out(model: ModelFile) -> Pieces:
    """Lay out the pieces of a model.

    Raises:
        ValueError: there is something unusual among them; the message goes on after "has".
    """
    texts = [text.encode() for text in model.texts]
    kinds, scores = model.kinds, np.array(model.scores, np.float32)
    unknown = np.flatnonzero(kinds == Kind.UNKNOWN)
    if unknown.size != 1:
        raise ValueError(f"{unknown.size} pieces for what is unknown")
    if not np.isfinite(scores).all():
        raise ValueError("scores that are no numbers")
    found = np.flatnonzero((kinds == Kind.NORMAL) | (kinds == Kind.USER_DEFINED)).astype(np.int32)
    return Pieces(
        letters=np.frombuffer(b"".join(texts), np.uint8).copy(),
        ends=np.cumsum([0, *map(len, texts)]),
        scores=scores,
        kinds=kinds,
        unknown=int(unknown[0]),
        byte_ids=_byte_ids(texts, kinds) if model.byte_fallback else np.empty(0, np.int32),
        trie=build_trie([texts[i] for i in found.tolist()], found),
    )


def _byte_ids(texts: list[bytes], kinds: np.ndarray) -> np.ndarray:
    ids = {texts[i]: i for i in np.flatnonzero(kinds == Kind.BYTE)}
    names = [b"<0x%02X>" % byte for byte in range(256)]
    if not all(name in ids for name in names):
        raise ValueError("no piece for some byte")
    return np.array([ids[name] for name in names], np.int32)


@kernel
def append_piece(text, start, end, piece, unknown, byte_ids, ids, count, first):
    """Append the id of the piece text[start:end], or of its bytes if it is unknown.

    Without pieces for bytes, unknown pieces in a row have one id together.

    Args:
        text: uint8.
        start, end: the piece's place.
        piece: its id, or `unknown`.
        unknown: the id of what is unknown.
        byte_ids: int32[256], or empty without byte fallback.
        ids: int32, with room for as many as the piece has bytes.
        count: how many ids there are already.
        first: how many there were before the document.

    Returns:
        How many ids there are.
    """
    if piece == unknown and byte_ids.size:
        for k in range(start, end):
            ids[count] = byte_ids[text[k]]
            count += 1
    elif piece != unknown or count == first or ids[count - 1] != unknown:
        ids[count] = piece
        count += 1
    return count
