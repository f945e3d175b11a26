"""Reading compressed sources as streams: decoded bytes come out in pieces, the sha256 of what was read is kept.

The standard library decodes xz and bzip2, pyarrow gzip and Zstandard. A file that stops early is an error, and so are
bytes that follow its last stream, where `lzma.open` would drop them unnoticed.
"""

from __future__ import annotations

import bz2
import functools
import hashlib
import io
import lzma
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

import pyarrow as pa

PIECE_BYTES = 1 << 20
"""Bytes read at a time, and the most that come out at a time."""

MAGIC: dict[str, tuple[bytes, ...]] = {
    "xz": (b"\xfd7zXZ\0",),
    "gz": (b"\x1f\x8b",),
    "bz2": (b"BZh",),
    # A frame, or one of the skippable frames with which parallel compressors begin a file (RFC 8878, 3.1).
    "zst": (b"\x28\xb5\x2f\xfd", *(bytes([0x50 + number]) + b"\x2a\x4d\x18" for number in range(16))),
}
"""The bytes with which files of each kind begin."""

_STANDARD: dict[str, Callable[[], Any]] = {
    "xz": functools.partial(lzma.LZMADecompressor, lzma.FORMAT_XZ),
    "bz2": bz2.BZ2Decompressor,
}
_ARROW = {"gz": "gzip", "zst": "zstd"}


class CompressionError(ValueError):
    """The bytes are not what the file's name says, or end early; the message tells the cause, not the file."""


class HashedReader(io.RawIOBase):
    """Reads a binary file and hashes what it reads.

    Args:
        file: read from where it stands; whoever opened it closes it.

    Attributes:
        sha256: of the bytes read so far; call its `hexdigest`.
    """

    def __init__(self, file: BinaryIO):
        self.sha256 = hashlib.sha256()
        self._file = file

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` (writable bytes) and return how much of it: less than all only at the end of the file."""
        filled = 0
        while filled < len(buffer) and (piece := self._file.read(len(buffer) - filled)):
            buffer[filled : filled + len(piece)] = piece
            filled += len(piece)
        self.sha256.update(buffer[:filled])
        return filled


def decompressed(reader: HashedReader, kind: str) -> Iterator[bytes]:
    """The decoded bytes of a file, at most `PIECE_BYTES` at a time.

    Args:
        reader: the file; it has been read to its end, and hashed, once the iterator has ended.
        kind: a key of `MAGIC`, or `plain`.

    Raises:
        CompressionError: the file begins as another kind of file does, is damaged, or ends early.
    """
    file = io.BufferedReader(reader, PIECE_BYTES)
    head = file.peek()[:60]
    if not head:
        return
    check_magic(head, kind)
    if kind in _STANDARD:
        yield from _standard(file, kind)
    elif kind == "plain":
        while piece := file.read(PIECE_BYTES):
            yield piece
    else:
        yield from _arrow(file, kind)


def ahead(pieces: Iterator[bytes], count: int = 4) -> Generator[bytes, None, None]:
    """The same pieces, made in a thread of their own while earlier ones are worked on: decoders release the GIL.

    Args:
        pieces: none is empty.
        count: how many may wait.
    """
    with ThreadPoolExecutor(1) as thread:
        waiting = deque(thread.submit(next, pieces, b"") for _ in range(count))
        while piece := waiting.popleft().result():
            waiting.append(thread.submit(next, pieces, b""))
            yield piece


def check_magic(head: bytes, kind: str) -> None:
    """Compare a file's first bytes with what its name promises.

    Raises:
        CompressionError: they are those of another kind of file; the message quotes them.
    """
    found = next((kind for kind, magics in MAGIC.items() if head.startswith(magics)), "plain")
    if found == kind:
        return
    if found != "plain":
        raise CompressionError(f"begins as a .{found} file does ({head[:6].hex(' ')}); rename it")
    page = head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml"))
    guess = "a web page, as servers send instead of a file" if page else "no such file"
    expected = MAGIC[kind][0].hex(" ")
    raise CompressionError(
        f"is named .{kind} but is {guess}: it begins with {head!r}, expected the bytes {expected}; get it again"
    )


def _standard(file: BinaryIO, kind: str) -> Iterator[bytes]:
    """One stream after the other, with the zero bytes that xz allows between them."""
    data = file.read(PIECE_BYTES)
    while data:
        stream = _STANDARD[kind]()
        while not stream.eof:
            if stream.needs_input and not data and not (data := file.read(PIECE_BYTES)):
                raise CompressionError("ends in the middle of a stream; it was cut off: get it again")
            try:
                piece = stream.decompress(data, PIECE_BYTES)
            except (lzma.LZMAError, OSError) as error:
                raise CompressionError(f"is damaged ({kind}: {error}); get it again") from error
            data = b""
            if piece:
                yield piece
        data = stream.unused_data.lstrip(b"\0")
        while not data and (padding := file.read(PIECE_BYTES)):
            data = padding.lstrip(b"\0")


def _arrow(file: BinaryIO, kind: str) -> Iterator[bytes]:
    """Likewise, where the standard library has no streams, or not in every Python."""
    stream = pa.CompressedInputStream(pa.PythonFile(file, "r"), _ARROW[kind])
    while True:
        try:
            piece = stream.read(PIECE_BYTES)
        except OSError as error:
            raise CompressionError(f"is damaged or was cut off ({kind}: {error}); get it again") from error
        if not piece:
            return
        yield piece
