"""A SentencePiece model file, read from its bytes.

The file is a protobuf message (`sentencepiece_model.proto` of google/sentencepiece). The library's own generated
reader cannot be imported beside Beam, whose protobuf is older, and its processor tells neither the normaliser's
character map nor the trainer's settings; the wire format that holds them takes forty lines to read.
"""

from __future__ import annotations

import enum
import functools
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import sentencepiece

WORD_MARK = "▁"
"""U+2581, which SentencePiece writes for a space: a piece that begins with it begins a word."""


_FLOAT = struct.Struct("<f").unpack_from


class VocabularyError(ValueError):
    """A vocabulary cannot be trained, read or exported as it was asked for."""


class Kind(enum.IntEnum):
    """What a piece is (`ModelProto.SentencePiece.Type`)."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


class Algorithm(enum.IntEnum):
    """How text is segmented (`TrainerSpec.ModelType`)."""

    UNIGRAM = 1
    BPE = 2
    WORD = 3
    CHAR = 4


class Piece(NamedTuple):
    """One entry of the vocabulary; its id is its place in the file.

    Attributes:
        text: what it stands for, with the word mark for a space.
        score: log probability (unigram) or minus the rank of the merge (BPE).
        kind: what it is.
    """

    text: str
    score: float
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """What a SentencePiece model says, as far as Babelmill asks.

    Attributes:
        name: the file's name, for messages.
        pieces: the vocabulary; the id of a piece is its index.
        algorithm: how text is segmented.
        byte_fallback: whether a character without a piece becomes its UTF-8 bytes' pieces.
        suffix_whitespace: whether the word mark ends a word instead of beginning it (`treat_whitespace_as_suffix`).
        normalization: name of the normalisation rule, such as `nmt_nfkc`.
        character_map: the rule itself, compiled: a double-array trie and the strings that it points to; empty for none.
        dummy_prefix: whether a space is put before the text.
        squeeze_spaces: whether spaces at both ends go and runs of them become one (`remove_extra_whitespaces`).
        escape_spaces: whether spaces become the word mark.
    """

    name: str
    pieces: tuple[Piece, ...]
    algorithm: Algorithm
    byte_fallback: bool
    suffix_whitespace: bool
    normalization: str
    character_map: bytes
    dummy_prefix: bool
    squeeze_spaces: bool
    escape_spaces: bool

    def ids(self, *kinds: Kind) -> list[int]:
        """The ids of the pieces of these kinds, ascending."""
        return np.flatnonzero(np.isin(self.kinds, kinds)).tolist()

    @functools.cached_property
    def texts(self) -> list[str]:
        """The text of each piece."""
        return [text for text, _, _ in self.pieces]

    @functools.cached_property
    def scores(self) -> list[float]:
        """The score of each piece."""
        return [score for _, score, _ in self.pieces]

    @functools.cached_property
    def kinds(self) -> np.ndarray:
        """The kind of each piece, int8[pieces]."""
        return np.fromiter((kind for _, _, kind in self.pieces), np.int8, len(self.pieces))


def read_model(path: str | Path) -> ModelFile:
    """Read a `.model` file.

    Raises:
        FileNotFoundError: there is none.
        VocabularyError: it is not a SentencePiece model.
    """
    return parse_model(Path(path).read_bytes(), name=str(path))


def library_of(data: bytes, *, name: str) -> sentencepiece.SentencePieceProcessor:
    """The SentencePiece library with a model.

    Raises:
        VocabularyError: it refuses these bytes; `name` is the file in the message.
    """
    processor = sentencepiece.SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(data)
    except RuntimeError as error:
        raise VocabularyError(f"{name} cannot be loaded by SentencePiece: {error}; train it again") from error
    return processor


def parse_model(data: bytes, *, name: str) -> ModelFile:
    """Read the bytes of a `.model` file (a serialised `ModelProto`).

    Raises:
        VocabularyError: they are not a SentencePiece model; `name` is the file in the message.
    """
    try:
        model, pieces = _parts(data)
        trainer, normalizer = _message(model, 2), _message(model, 3)
        algorithm = Algorithm(_last(trainer, 3, Algorithm.UNIGRAM))
        text = bytes(_last(normalizer, 1, b"")).decode()
    except (ValueError, TypeError, IndexError, struct.error) as error:
        raise VocabularyError(_not_a_model(name, data, str(error))) from error
    if not any(piece.kind is Kind.UNKNOWN for piece in pieces):
        raise VocabularyError(_not_a_model(name, data, f"{len(pieces)} pieces, none of them for unknown characters"))
    return ModelFile(
        name=name,
        pieces=pieces,
        algorithm=algorithm,
        byte_fallback=bool(_last(trainer, 35, 0)),
        suffix_whitespace=bool(_last(trainer, 24, 0)),
        normalization=text,
        character_map=bytes(_last(normalizer, 2, b"")),
        dummy_prefix=bool(_last(normalizer, 3, 1)),
        squeeze_spaces=bool(_last(normalizer, 4, 1)),
        escape_spaces=bool(_last(normalizer, 5, 1)),
    )


def _not_a_model(name: str, data: bytes, found: str) -> str:
    return (
        f"{name} is not a SentencePiece model ({len(data):,} bytes that begin with {data[:16]!r}: {found}); "
        "give a .model file that spm_train or Babelmill wrote, whole"
    )


@functools.lru_cache(maxsize=2)
def _parts(data: bytes) -> tuple[dict[int, list], tuple[Piece, ...]]:
    """The fields of a model but for its pieces, and these: kept, as a run asks for the same model again and again."""
    pieces, at = _first_pieces(data)
    fields = _fields(data[at:])
    return fields, (*pieces, *map(_piece, fields.pop(1, [])))


def _first_pieces(data: bytes) -> tuple[list[Piece], int]:
    """The pieces that a model begins with, which are all as a rule, and where they end.

    A piece is field 1 of the model. All writers put its text (field 1), score (2) and kind (3) in this order, and leave
    out the kind of a normal piece; where the text is short, sizes are single bytes.
    """
    pieces: list[Piece] = []
    at, length, normal = 0, len(data), Kind.NORMAL
    # What `Piece(…)` comes to in the end; by this way a model is read in two thirds of the time.
    make, score = functools.partial(tuple.__new__, Piece), _FLOAT
    while at < length - 4 and data[at] == 0x0A:
        size = data[at + 3]
        end = at + size + 9
        if data[at + 1] == size + 7 < 0x80 and data[at + 2] == 0x0A and end <= length and data[end - 5] == 0x15:
            pieces.append(make((data[at + 4 : end - 5].decode(), score(data, end - 4)[0], normal)))
        else:
            size, start = _varint(data, at + 1)
            end = start + size
            if end > length:
                break
            pieces.append(_piece(data[start:end]))
        at = end
    return pieces, at


def _piece(data: bytes) -> Piece:
    fields = _fields(data)
    text = bytes(fields[1][-1]).decode() if 1 in fields else ""
    return Piece(text, float(_last(fields, 2, 0.0)), Kind(_last(fields, 3, Kind.NORMAL)))


def _message(fields: dict[int, list], number: int) -> dict[int, list]:
    return _fields(_last(fields, number, b""))


def _last(fields: dict[int, list], number: int, default: Any) -> Any:
    """A field's value: the last one where it occurs more than once, as protobuf rules."""
    return fields[number][-1] if number in fields else default


def _fields(data: bytes) -> dict[int, list]:
    """A message's values by field number, in order: int (varint), float (32 bits), bytes (length-delimited)."""
    found: dict[int, list] = {}
    for number, value in _scan(data):
        found.setdefault(number, []).append(value)
    return found


def _scan(data: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Walk the wire format (protobuf.dev/programming-guides/encoding): field number and wire type, then the value."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise ValueError(f"field number 0 at byte {at}")
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
        elif wire == 5:
            yield number, _FLOAT(data, at)[0]
            at += 4
        elif wire == 1:
            yield number, struct.unpack_from("<d", data, at)[0]
            at += 8
        elif wire == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError(f"field {number} at byte {at} has {size} bytes, {len(data) - at} are left")
            yield number, data[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {wire} at byte {at}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A base-128 integer, least significant group first, and where it ends."""
    if data[at] < 128:
        return data[at], at + 1
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError(f"an integer of more than ten bytes at byte {at}")
