"""Decoding a source: a stream of bytes becomes record batches of documents, numbered from 0.

Documents are separated by blank lines; each of their lines is a paragraph. A kernel finds the boundaries and writes the
bytes where Arrow wants them, in one pass. What it does depends on the bytes alone and not on how they arrive, so a
source gives the same batches whenever it is decoded. Text stays as it is, invalid UTF-8 and NUL bytes included.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from babelmill.format import RAW
from transforms.compression import MAGIC, CompressionError, HashedReader, ahead, decompressed
from transforms.sources import SourceError
from transforms.utf8 import equal_bytes
from vocab.bits import load_eight, store_eight, trailing_zeros
from vocab.compiled import njit

HEAD_BYTES = 64 << 10
"""How much of an oversized document is kept to show what it was."""

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True)
class DecodeOptions:
    """How a source is cut into documents.

    Attributes:
        split: `document` ends a document at a blank line, `line` makes each line that is not blank a document.
        max_document_bytes: a longer document is reported and left out, so that memory stays bounded.
        batch_bytes: a batch ends with the document that brings its text to this size.
        first_document: number of the first document to yield. The batches from there on are those that decoding from
            the start gives, the first of them without its earlier rows.
    """

    split: Literal["document", "line"] = "document"
    max_document_bytes: int = 16 << 20
    batch_bytes: int = 1 << 20
    first_document: int = 0

    def __post_init__(self):
        if self.split not in ("document", "line"):
            raise ValueError(f"split is {self.split!r}, expected 'document' or 'line'")
        if min(self.max_document_bytes, self.batch_bytes) < 1 or self.first_document < 0:
            raise ValueError(f"sizes must be positive and first_document not negative: {self}")
        if self.max_document_bytes + self.batch_bytes > 1 << 30:
            raise ValueError(
                f"max_document_bytes + batch_bytes is {self.max_document_bytes + self.batch_bytes:,}, expected at most "
                f"{1 << 30:,}: Arrow's int32 offsets, and the memory of a worker"
            )


@dataclass(frozen=True)
class Oversized:
    """A document that was longer than `max_document_bytes`.

    Attributes:
        document: its number; it counts like any other.
        offset: where it begins in the decoded source, in bytes.
        size: its length in the decoded source, in bytes.
        head: the first 64 KiB of its text.
    """

    document: int
    offset: int
    size: int
    head: bytes


class Decoder:
    """The documents of one source, as record batches of `babelmill.format.RAW`; iterate over it, once or again.

    A line ends in LF or CRLF. A line of ASCII white space is blank; other lines keep theirs at both ends. A byte order
    mark at the start of the source is dropped.

    Args:
        source: a path, or a binary file, which can be read once.
        name: for messages; the path, or the file's name, by default. Its suffix says how the source is compressed:
            `.xz`, `.gz`, `.bz2`, `.zst`; any other means that it is not.
        options: how it is cut.

    Attributes:
        bytes: bytes of the decoded source so far.
        sha256: of the source as it is stored, hex; None until the iteration has come to its end.
    """

    def __init__(self, source: str | Path | BinaryIO, *, name: str | None = None, options: DecodeOptions | None = None):
        self.name = name or str(source if isinstance(source, (str, Path)) else getattr(source, "name", "a stream"))
        self.bytes = 0
        self.sha256: str | None = None
        self._source, self._options = source, options or DecodeOptions()
        self._splitter = _Splitter(self._options)

    @property
    def documents(self) -> int:
        """Documents met so far, oversized and skipped ones included."""
        return self._splitter.documents

    @property
    def oversized(self) -> list[Oversized]:
        """Documents left out so far."""
        return self._splitter.oversized

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Decode.

        Raises:
            SourceError: the source is missing, empty, without documents, cut off, damaged, or not what its suffix says.
        """
        self.bytes, self.sha256, self._splitter = 0, None, _Splitter(self._options)
        with self._open() as file:
            reader = HashedReader(file)
            try:
                with contextlib.closing(ahead(decompressed(reader, _kind(self.name)))) as pieces:
                    yield from self._batches(pieces)
            except CompressionError as error:
                so_far = f"{self.bytes:,} bytes and {self.documents:,} documents"
                raise SourceError(f"{self.name} {error} (decoded before that: {so_far})") from error
            except OSError as error:
                raise SourceError(f"{self.name} cannot be read after {self.bytes:,} decoded bytes: {error}") from error
            self._check_not_empty()
            self.sha256 = reader.sha256.hexdigest()

    def _open(self) -> contextlib.AbstractContextManager[BinaryIO]:
        if not isinstance(self._source, (str, Path)):
            return contextlib.nullcontext(self._source)
        try:
            return Path(self._source).open("rb")
        except OSError as error:
            raise SourceError(
                f"{self.name} cannot be opened: {error.strerror}; download it again or correct `location`"
            ) from error

    def _batches(self, pieces: Iterator[bytes]) -> Iterator[pa.RecordBatch]:
        head = b""
        while len(head) < len(_BOM) and (piece := next(pieces, b"")):
            head += piece
        if head.startswith(_BOM):
            self._splitter.skip(len(_BOM))
            self.bytes, head = len(_BOM), head.removeprefix(_BOM)
        for piece in itertools.chain([head], pieces):
            self.bytes += len(piece)
            yield from self._splitter.feed(piece)
        yield from self._splitter.finish()

    def _check_not_empty(self) -> None:
        """Nothing to read is what an interrupted copy leaves; no corpus has such a file on purpose."""
        if not self.bytes:
            raise SourceError(f"{self.name} is empty; download it again or leave its language out of `languages`")
        if not self.documents:
            raise SourceError(
                f"{self.name} holds no document: its {self.bytes:,} bytes are blank lines; leave its language out of "
                "`languages`"
            )


class _Place(NamedTuple):
    """Where the splitter stands: in the decoded source, and in the text of the batch that it is writing.

    Attributes:
        read: bytes of the source behind us.
        started: where in the source the current line begins.
        first: where in the source the current document begins.
        last: where in the source the current document ends, as far as it is known.
        begin: where in the text the current document begins.
        line: where in the text the current line begins; beyond `begin` where the document has a line already.
        end: where in the text the next byte goes. It runs ahead of what is stored when a document is oversized.
        rows: documents finished in this batch.
        blank: whether the current line holds nothing but white space so far.
    """

    read: int
    started: int
    first: int
    last: int
    begin: int
    line: int
    end: int
    rows: int
    blank: bool


class _Splitter:
    """Fills one batch after the other with the documents of a byte stream."""

    def __init__(self, options: DecodeOptions):
        self.oversized: list[Oversized] = []
        self._options = options
        self._finished = 0
        # A batch is short of batch_bytes when its last document begins, and that one is no longer than the maximum.
        # Most of this is never written, so it takes no memory.
        self._text = np.empty(options.batch_bytes + options.max_document_bytes + 1, np.uint8)
        self._ends = np.empty(options.batch_bytes + 1, np.int32)
        self._place = _Place(0, 0, 0, 0, 0, 0, 0, 0, True)

    @property
    def documents(self) -> int:
        """Documents that have ended."""
        return self._finished + self._place.rows

    def skip(self, size: int) -> None:
        """Count the first bytes of the source as read."""
        self._place = self._place._replace(read=size, started=size)

    def feed(self, piece: bytes) -> Iterator[pa.RecordBatch]:
        """The batches that are finished once the next bytes of the source are known."""
        options, data, done = self._options, np.frombuffer(piece, np.uint8), 0
        while done < data.size:
            done, self._place, event = _split(
                data,
                done,
                self._text,
                self._ends,
                self._place,
                options.batch_bytes,
                options.max_document_bytes,
                options.split == "line",
            )
            if event == _MORE:
                return
            place = self._place
            yield from self._flush()
            if event == _OVERSIZED:
                self._leave_out(place)

    def finish(self) -> Iterator[pa.RecordBatch]:
        """The last batches: the end of the source ends its last line and document."""
        yield from self.feed(b"\n\n")
        yield from self._flush()

    def _flush(self) -> Iterator[pa.RecordBatch]:
        """The batch as it is, less what comes before the first document wanted; then an empty one is begun."""
        place, number = self._place, self._finished
        self._place = place._replace(begin=0, line=0, end=0, rows=0)
        self._finished += place.rows
        skipped = max(0, self._options.first_document - number)
        if skipped >= place.rows:
            return
        ends = np.concatenate([np.zeros(1, np.int32), self._ends[: place.rows]])
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(self._text[: place.begin].tobytes())]
        texts = pa.Array.from_buffers(pa.binary(), place.rows, buffers)
        numbers = pa.array(np.arange(number, self._finished, dtype=np.int64))
        yield pa.RecordBatch.from_arrays([numbers, texts], schema=RAW).slice(skipped)

    def _leave_out(self, place: _Place) -> None:
        """Report the document that ended at `place`."""
        size = min(HEAD_BYTES, self._options.max_document_bytes, place.end - 1 - place.begin)
        head = self._text[place.begin : place.begin + size].tobytes()
        self.oversized.append(Oversized(self._finished, place.first, place.last - place.first, head))
        self._finished += 1


_MORE, _FULL, _OVERSIZED = 0, 1, 2
_LF, _CR = 10, 13


@njit(cache=True, nogil=True)
def _is_blank(data, start, end):
    """Whether bytes are all white space, as `bytes.isspace` has it."""
    while start < end and (data[start] == 32 or 9 <= data[start] <= 13):
        start += 1
    return start == end


@njit(cache=True, nogil=True)
def _copy_line(data, i, text, end):
    """Copy data[i:] to text[end:] up to the next LF, or as far as either goes; returns where that LF or the end is.

    Eight bytes at a time, and with the last of them what comes after the line; it will be overwritten.
    """
    while i + 8 <= data.size and end + 8 <= text.size:
        eight = load_eight(data, i)
        store_eight(text, end, eight)
        feeds = equal_bytes(eight, np.uint64(_LF))
        if feeds:
            return i + np.int64(trailing_zeros(feeds) >> np.uint64(3))
        i, end = i + 8, end + 8
    while i < data.size and data[i] != _LF:
        if end < text.size:
            text[end] = data[i]
        i, end = i + 1, end + 1
    return i


@njit(cache=True, nogil=True)
def _split(data, i, text, ends, place, batch_bytes, max_document_bytes, by_line):
    """Copy documents until the data end, the batch is full, or an oversized document has ended.

    A line is copied with its LF, and taken back where it proves blank; a document ends before its last LF.

    Args:
        data: uint8 (any,), the next bytes of the source.
        i: where in `data` to go on.
        text: uint8, the batch's text; what does not fit belongs to an oversized document and is only counted.
        ends: int32, where in `text` each document of the batch ends.
        place: _Place at `data[i]`.
        batch_bytes, max_document_bytes: the limits.
        by_line: whether each line is a document.

    Returns:
        `i`, the place, and an event: `_MORE` data are wanted, the batch is `_FULL`, or a document ended that is
        `_OVERSIZED` and begins at the place's `begin`.
    """
    read, started, first, last, begin, line, end, rows, blank = place
    shift, event = read - i, _MORE
    while i < data.size and event == _MORE:
        stop = _copy_line(data, i, text, end)
        blank = blank and _is_blank(data, i, stop)
        end += stop - i
        i = stop
        if i == data.size:
            break
        i += 1
        if blank:
            end = line
        else:
            first = started if line == begin else first
            last = shift + stop
            while end <= text.size and text[end - 1] == _CR:
                end -= 1
            if end < text.size:
                text[end] = _LF
            end += 1
            line = end
        if line > begin and (blank or by_line):
            if last - first > max_document_bytes:
                event = _OVERSIZED
            else:
                end -= 1
                ends[rows] = end
                rows += 1
                begin = line = end
                event = _FULL if end >= batch_bytes else _MORE
        started, blank = shift + i, True
    return i, _Place(shift + i, started, first, last, begin, line, end, rows, blank), event


def _kind(name: str) -> str:
    """How a file is compressed, by its suffix."""
    suffix = Path(name).suffix.removeprefix(".").lower()
    return suffix if suffix in MAGIC else "plain"
