"""Text as it should have been written: valid UTF-8 in a normal form, evenly spaced, nothing in it that cannot be seen.

What happens to a document, in this order:

1. Each maximal invalid sequence of bytes becomes U+FFFD, as in `bytes.decode("utf-8", "replace")`.
2. Characters that are no text are dropped (`DROPPED`), spaces become U+0020 (`SPACES`), line ends U+000A (`BREAKS`).
   Private-use and unassigned characters stay: what they mean is agreed elsewhere, or known to a later Unicode.
3. NFC or NFKC.
4. A run of spaces becomes one, paragraphs lose the spaces at both ends, empty paragraphs go.

Doing it twice changes nothing. Steps 2 to 4 are one pass of a kernel, whatever form the text is in.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit

from transforms.normal_form import CHANGES, CLASS, JOINS, LONGEST, Form, NormalForm, normal_form, settle, unsettled
from transforms.parts import text_buffers
from transforms.utf8 import decode, encode

DROPPED = (
    (0x00, 0x08),  # controls: NUL in UTF-16 read as bytes, terminal codes, ...
    (0x0E, 0x1B),
    (0x7F, 0x84),
    (0x86, 0x9F),  # what mojibake leaves of Windows-1252
    (0xAD, 0xAD),  # soft hyphen: a hint where a line may break
    (0x61C, 0x61C),  # Arabic letter mark
    (0x200B, 0x200B),  # zero width space: a hint where a line may break, set or left out at will in Khmer and Thai
    (0x200E, 0x200F),  # left-to-right and right-to-left mark; U+200C and U+200D, the joiners, are spelling: they stay
    (0x202A, 0x202E),  # bidirectional embeddings and overrides
    (0x2060, 0x206F),  # word joiner, invisible operators, bidirectional isolates, deprecated format characters
    (0xFDD0, 0xFDEF),  # noncharacters
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFF9, 0xFFFC),  # interlinear annotation, and what stands for an object that is not there
    (0x1BCA0, 0x1BCA3),  # shorthand format controls
    (0x1D173, 0x1D17A),  # musical beams and slurs
    (0xE0000, 0xE007F),  # tags: unseen text beside the text
    *((plane | 0xFFFE, plane | 0xFFFF) for plane in range(0, 0x110000, 0x10000)),  # noncharacters
)
"""Code points that are no text, first and last. Format characters which are seen (U+0600 Arabic number sign) stay."""

SPACES = (
    (0x09, 0x09),
    (0x1C, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
)
"""Code points that separate words, first and last: general category Zs, tab, the information separators of ASCII."""

BREAKS = ((0x0A, 0x0D), (0x85, 0x85), (0x2028, 0x2029))
"""Code points that end a line, first and last (UAX #14, classes BK, CR, LF and NL)."""

# Properties beside those of the normal form.
_DROP, _SPACE, _BREAK = 0x400, 0x800, 0x1000
_PLAIN = 0x2000  # U+0020 and U+000A: right as they are, unless they follow a blank or nothing
_CONTINUES = CLASS | JOINS  # belongs to the span of the character before it
_ODD = CLASS | JOINS | CHANGES | _DROP | _SPACE | _BREAK


class Normalised(NamedTuple):
    """Normalised documents.

    Attributes:
        texts: pa.StringArray of n documents; "" where nothing is left.
        characters: int32 (n,), code points of each, line feeds included.
        replaced: int32 (n,), invalid sequences that became U+FFFD.
    """

    texts: pa.StringArray
    characters: np.ndarray
    replaced: np.ndarray


def normalise(texts: pa.BinaryArray, *, form: Form = "NFC") -> Normalised:
    """Normalise every document of a column.

    Args:
        texts: any bytes, without nulls; paragraphs are separated by line feeds.
        form: Unicode normalisation form.

    Raises:
        ValueError: `form` is neither NFC nor NFKC, or `texts` holds a null.
    """
    if form not in ("NFC", "NFKC"):
        raise ValueError(f"normalisation form {form!r} is not known, it is 'NFC' or 'NFKC'")
    if texts.null_count:
        raise ValueError(f"text {texts.is_null().index(True)} of {len(texts)} is null: fill nulls with b''")
    valid, replaced = repair(texts)
    rows = len(texts)
    offsets, characters = np.zeros(rows + 1, np.int32), np.zeros(rows, np.int32)
    data, bounds = text_buffers(valid)
    # Most of this is never touched, and so never more than an address.
    out = np.empty(LONGEST[form] * (int(bounds[-1]) - int(bounds[0])), np.uint8)
    if out.size:
        _rewrite(data, bounds, tables(form), out, offsets, characters)
    written = pa.py_buffer(out[: offsets[-1]])
    return Normalised(pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), written), characters, replaced)


def repair(texts: pa.BinaryArray) -> tuple[pa.StringArray, np.ndarray]:
    """Replace what is not UTF-8.

    Args:
        texts: any bytes, without nulls.

    Returns:
        The texts, and int32 (rows,): how many U+FFFD were put into each.
    """
    replaced = np.zeros(len(texts), np.int32)
    rows = _invalid_rows(texts, 0)
    if not rows:
        return texts.cast(pa.string()), replaced
    raw = texts.take(pa.array(rows)).to_pylist()
    repaired = [text.decode("utf-8", "replace") for text in raw]
    there_before = np.array([text.count("\ufffd".encode()) for text in raw])
    replaced[rows] = [text.count("\ufffd") for text in repaired] - there_before
    source = np.arange(len(texts))
    source[rows] = len(texts) + np.arange(len(rows))
    whole = pa.concat_arrays([texts, pa.array(repaired, pa.string()).cast(pa.binary())]).take(pa.array(source))
    return whole.cast(pa.string()), replaced


def _invalid_rows(texts: pa.BinaryArray, first: int) -> list[int]:
    """Numbers of the rows that are not UTF-8, from `first` on: Arrow tells if there are any, halving tells where."""
    try:
        texts.cast(pa.string())
    except pa.ArrowInvalid:
        if len(texts) == 1:
            return [first]
        middle = len(texts) // 2
        return _invalid_rows(texts[:middle], first) + _invalid_rows(texts[middle:], first + middle)
    return []


@cache
def tables(form: Form) -> NormalForm:
    """The tables of a normalisation form, with what becomes of characters that are no text in `properties`."""
    base = normal_form(form)
    properties = base.properties.copy()
    for spans, flag in ((DROPPED, _DROP), (SPACES, _SPACE), (BREAKS, _BREAK)):
        for first, last in spans:
            properties[first : last + 1] |= flag
    properties[[0x0A, 0x20]] = _PLAIN
    properties.flags.writeable = False
    return base._replace(properties=properties)


@njit(cache=True, nogil=True)
def _rewrite(data, bounds, form, out, offsets, characters):
    longest = 0
    for r in range(bounds.shape[0] - 1):
        longest = max(longest, bounds[r + 1] - bounds[r])
    span = np.empty(longest, np.int32)
    written = np.int64(0)
    for r in range(bounds.shape[0] - 1):
        start = written
        written = _rewrite_text(data, np.int64(bounds[r]), np.int64(bounds[r + 1]), form, span, out, written)
        offsets[r + 1] = written
        count = 0
        for byte in out[start:written]:
            count += (byte & 0xC0) != 0x80
        characters[r] = count


@njit(cache=True, nogil=True)
def _rewrite_text(data, i, end, form, span, out, written):
    """Append the text data[i:end] to out[:written]; returns the new length.

    What stays as it is goes in runs, data[k] to out[k + shift]. A letter with its marks is a span; one that is not in
    normal form is taken back when it ends and written anew.
    """
    start, run, shift = written, i, written - i
    previous, pending = np.int64(_PLAIN), False
    starter, starter_at, last_class, length = np.int64(0), written, np.int64(0), np.int64(0)
    while i < end:
        point, size = decode(data, i)
        properties = np.int64(form.properties[point])
        if not (properties & _ODD or properties & previous & _PLAIN or pending):
            starter, starter_at, length, previous = point, i + shift, np.int64(0), properties
            i += size
            continue
        if properties & _DROP:
            written = _copy(data, run, i, out, written)
            run = i + size
        elif pending and properties & _CONTINUES == 0:
            _copy(data, run, i, out, written)
            written = _write(settle(span, length, form), form.properties, out, starter_at, start)
            # The character itself is looked at again, in its new place. No mapping ends in a space.
            run, size, previous, pending = i, np.int64(0), np.int64(0), False
        elif properties & (_SPACE | _BREAK | _PLAIN):
            written = _blank(out, _copy(data, run, i, out, written), start, properties & _BREAK or point == 10)
            run, previous, length = i + size, np.int64(_PLAIN), np.int64(0)
        elif properties & _CONTINUES:
            if length == 0:
                starter, starter_at, length = _begin(span, starter, starter_at, previous, i + shift)
                last_class = np.int64(0)
            pending = pending or unsettled(starter, point, last_class, form)
            last_class = properties & CLASS
            starter = starter if last_class else point
            span[length] = point
            length += 1
            previous = properties
        else:
            starter, starter_at, last_class, length = point, i + shift, np.int64(0), np.int64(1)
            span[0] = point
            previous, pending = properties, True
        i += size
        shift = written - run
    written = _copy(data, run, end, out, written)
    if pending:
        written = _write(settle(span, length, form), form.properties, out, starter_at, start)
    return written - 1 if written > start and out[written - 1] <= 32 else written


@njit(cache=True, nogil=True)
def _begin(span, starter, starter_at, previous, here):
    """Begin a span with the character before a mark; after a blank it begins with the mark itself.

    Returns:
        The starter (0: none), where in the output the span begins, and its length.
    """
    if previous & _PLAIN:
        return np.int64(0), here, np.int64(0)
    span[0] = starter
    return starter, starter_at, np.int64(1)


@njit(cache=True, nogil=True)
def _copy(data, start, end, out, written):
    """Append data[start:end] to out[:written]; returns the new length."""
    source, target = data[start:end], out[written:]
    for i in range(source.shape[0]):
        target[i] = source[i]
    return written + source.shape[0]


@njit(cache=True, nogil=True)
def _blank(out, written, start, breaks):
    """Append a space or line feed to the text out[start:written], where none leads and none follows another."""
    if written > start:
        if out[written - 1] > 32:
            out[written] = 10 if breaks else 32
            return written + 1
        if breaks:
            out[written - 1] = 10
    return written


@njit(cache=True, nogil=True)
def _write(points, properties, out, written, start):
    """Append code points to the text out[start:written]; returns the new length."""
    for point in points:
        # Compatibility mappings bring spaces of their own: U+00B4 is a space and an accent.
        blank = properties[point] & (_SPACE | _PLAIN)
        written = _blank(out, written, start, False) if blank else encode(point, out, written)
    return written
