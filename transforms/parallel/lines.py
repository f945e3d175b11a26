"""Line-aligned text: the lines of byte streams, taken from all of them in step, as Arrow columns.

A line ends in LF or CRLF, and only there: NEL, form feed and the separators of Unicode, at which `str.splitlines` cuts,
are text, and cutting there is how aligned files get out of step. Nothing is decoded: invalid UTF-8 stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from transforms.sources import SourceError
from vocab.compiled import njit

BOM = b"\xef\xbb\xbf"
_LF, _CR = 10, 13


class Lines:
    """The lines of one stream. Memory holds what has been read and not been taken yet.

    Args:
        pieces: the stream's bytes; a byte order mark at its start is dropped.
        name: of the stream, for messages.
        max_line_bytes: a longer line is an error, so that memory stays bounded whatever the file is.

    Attributes:
        name: as given.
        taken: lines taken so far.
        ends: int64, where in the unread bytes each line that is there ends, its LF included.
        finished: whether the stream has ended, so that `ends` has all lines that are left.
    """

    def __init__(self, pieces: Iterator[bytes], *, name: str, max_line_bytes: int = 16 << 20):
        self.name, self.taken, self.finished = name, 0, False
        self.ends = np.zeros(0, np.int64)
        self._pieces, self._max_line_bytes = _without_mark(pieces), max_line_bytes
        self._data = np.zeros(0, np.uint8)

    def more(self) -> None:
        """Read the next piece, so that `ends` grows unless a line is longer than a piece.

        Raises:
            SourceError: a line is too long.
        """
        piece = next(self._pieces, None)
        if piece is None:
            self.finished = True
            if self._data.size > self._complete:
                self.ends = np.append(self.ends, self._data.size)
            return
        new = np.frombuffer(piece, np.uint8)
        ends = np.flatnonzero(new == _LF) + (self._data.size + 1)
        self._data = np.concatenate([self._data, new])
        self.ends = np.concatenate([self.ends, ends])
        self._check_length()

    def take(self, count: int) -> pa.BinaryArray:
        """The next lines, without their line ends.

        Args:
            count: at most `len(self.ends)`.
        """
        used = int(self.ends[count - 1]) if count else 0
        text, offsets = np.empty(used, np.uint8), np.zeros(count + 1, np.int32)
        size = _copy_lines(self._data, self.ends[:count], text, offsets)
        self._data, self.ends = self._data[used:], self.ends[count:] - used
        self.taken += count
        return pa.BinaryArray.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(text[:size])])

    def count(self) -> int:
        """Lines of the whole stream, which is read to its end for it and cannot be taken from any more."""
        while not self.finished:
            self._forget()
            self.more()
        self._forget()
        return self.taken

    @property
    def _complete(self) -> int:
        """Unread bytes that belong to lines whose end is there."""
        return int(self.ends[-1]) if self.ends.size else 0

    def _forget(self) -> None:
        self.taken += self.ends.size
        self._data, self.ends = self._data[self._complete :], np.zeros(0, np.int64)

    def _check_length(self) -> None:
        sizes = np.append(np.diff(self.ends, prepend=0), self._data.size - self._complete)
        longest = int(np.argmax(sizes))
        if sizes[longest] > self._max_line_bytes:
            raise SourceError(
                f"{self.name}, line {self.taken + longest + 1:,}: has {sizes[longest]:,} bytes or more, expected at "
                f"most {self._max_line_bytes:,}; this is no file of aligned sentences: leave it out, or raise "
                "`download.max_document_bytes`"
            )


def in_step(
    streams: Sequence[Lines], *, batch_bytes: int = 1 << 20, weighed: int = 2
) -> Iterator[list[pa.BinaryArray]]:
    """The same lines of every stream, in batches that depend on the bytes alone and not on how they arrive.

    Args:
        streams: one for each column.
        batch_bytes: a batch ends with the row that brings the text of the weighed columns to this size, line ends
            included.
        weighed: how many of the streams, from the first on, hold text that counts.

    Raises:
        SourceError: the streams have different numbers of lines; the message has them all.
    """
    while rows := _rows(streams, batch_bytes, weighed):
        yield [stream.take(rows) for stream in streams]
    counts = [stream.count() for stream in streams]
    if len(set(counts)) > 1:
        found = ", ".join(f"{stream.name} has {count:,} lines" for stream, count in zip(streams, counts, strict=True))
        raise SourceError(
            f"{found}: expected as many in each, line by line translations of each other; get the files again, or "
            "leave the pair out of `pairs`"
        )


def _rows(streams: Sequence[Lines], batch_bytes: int, weighed: int) -> int:
    """Rows of the next batch, once enough has been read to know; 0 if a stream has ended."""
    while True:
        rows = min(stream.ends.size for stream in streams)
        sizes = sum(stream.ends[:rows] for stream in streams[:weighed])
        full = int(np.searchsorted(sizes, batch_bytes)) + 1
        if full <= rows:
            return full
        short = [stream for stream in streams if stream.ends.size == rows]
        if any(stream.finished for stream in short):
            return rows
        for stream in short:
            stream.more()


def _without_mark(pieces: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    while len(head) < len(BOM) and (piece := next(pieces, b"")):
        head += piece
    yield head.removeprefix(BOM)
    yield from pieces


@njit(cache=True, nogil=True)
def _copy_lines(data, ends, text, offsets):
    """Copy lines without their line ends.

    Args:
        data: uint8.
        ends: int64 (n,), where in `data` each line ends, its LF included; the last one may have none.
        text: uint8, as long as the lines at least.
        offsets: int32 (n + 1,), 0 at first; becomes where in `text` each line starts.

    Returns:
        Bytes of `text` that were written.
    """
    start, size = 0, 0
    for i in range(ends.size):
        stop = ends[i]
        if stop > start and data[stop - 1] == _LF:
            stop -= 1
        while stop > start and data[stop - 1] == _CR:
            stop -= 1
        text[size : size + stop - start] = data[start:stop]
        size += stop - start
        offsets[i + 1] = size
        start = ends[i]
    return size
