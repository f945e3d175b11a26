"""Text as it should have been written: valid UTF-8 in a normal form, evenly spaced, nothing in it that cannot be seen.

What happens to a document, in this order:

1. Each maximal invalid sequence of bytes becomes U+FFFD, as in `bytes.decode("utf-8", "replace")`.
2. Characters that are no text are dropped (`DROPPED`), spaces become U+0020 (`SPACES`), line ends U+000A (`BREAKS`).
   Private-use and unassigned characters stay: what they mean is agreed elsewhere, or known to a later Unicode.
3. NFC or NFKC.
4. A run of spaces becomes one, paragraphs lose the spaces at both ends, empty paragraphs go.

Doing it twice changes nothing. It is one pass of a kernel, whatever form the text is in.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.normal_form import CHANGES, CLASS, JOINS, LONGEST, Form, NormalForm, normal_form, settle, unsettled
from transforms.once import once
from transforms.utf8 import count_characters, decode, decode_any, encode, equal_bytes, previous
from vocab.bits import load_eight, store_eight, trailing_zeros
from vocab.columns import text_buffers
from vocab.compiled import njit

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
_INVALID = 0x4000  # no UTF-8
_ODD = CLASS | JOINS | CHANGES | _DROP | _SPACE | _BREAK | _INVALID
_UNKNOWN = np.int64(-1)

_EACH, _LOW, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x7F7F7F7F7F7F7F7F), np.uint64(0x8080808080808080)


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
    rows = len(texts)
    offsets, characters, replaced = np.zeros(rows + 1, np.int32), np.zeros(rows, np.int32), np.zeros(rows, np.int32)
    data, bounds = text_buffers(texts)
    # Most of this is never touched, and so never more than an address.
    out = np.empty(LONGEST[form] * (int(bounds[-1]) - int(bounds[0])), np.uint8)
    if out.size:
        _rewrite(data, bounds, tables(form), out, offsets, characters, replaced)
    written = pa.py_buffer(out[: offsets[-1]])
    return Normalised(pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), written), characters, replaced)


@once
def tables(form: Form) -> NormalForm:
    """The tables of a normalisation form, with what becomes of characters that are no text in `properties`."""
    base = normal_form(form)
    properties = base.properties.copy()
    for spans, flag in ((DROPPED, _DROP), (SPACES, _SPACE), (BREAKS, _BREAK)):
        for first, last in spans:
            properties[first : last + 1] |= flag
    properties[[0x0A, 0x20]] = _PLAIN
    properties[0xD800:0xE000] = _INVALID  # surrogates
    properties.flags.writeable = False
    return base._replace(properties=properties)


@njit(cache=True, nogil=True)
def _rewrite(data, bounds, form, out, offsets, characters, replaced):
    longest = 0
    for r in range(bounds.shape[0] - 1):
        longest = max(longest, bounds[r + 1] - bounds[r])
    span = np.empty(longest, np.int32)
    written = np.int64(0)
    for r in range(bounds.shape[0] - 1):
        start = written
        begin, end = np.int64(bounds[r]), np.int64(bounds[r + 1])
        written, replaced[r] = _rewrite_text(data, begin, end, form, span, out, written)
        offsets[r + 1] = written
        characters[r] = count_characters(out, start, written)


@njit(cache=True, nogil=True)
def _rewrite_text(data, i, end, form, span, out, written):
    """Append the text data[i:end] to out[:written]; returns the new length, and how many sequences were replaced.

    What stays as it is goes in runs, from data[run] on. Only where a character may not stay does it matter what is
    before it, and that is looked up in what was written.
    """
    properties = form.properties
    start, run, replaced = written, i, 0
    blank, last_class, starter = True, np.int64(0), _UNKNOWN
    while i < end:
        plain = _plain_until(data, i, end, blank, properties)
        if plain > i:
            i = plain
            blank, starter = data[i - 1] <= 32, _UNKNOWN
            continue
        point, size = decode_any(data, i, end)
        kind = np.int64(properties[point]) if point >= 0 else _INVALID
        if kind & _ODD == 0 and not (blank and kind & _PLAIN):
            blank, starter = kind & _PLAIN != 0, _UNKNOWN
        elif kind & (_DROP | _SPACE | _BREAK | _PLAIN | _INVALID):
            written = _copy(data, run, i, out, written)
            run = i + size
            if kind & _INVALID:
                written, replaced = encode(0xFFFD, out, written), replaced + 1
                blank, starter = False, _UNKNOWN
            elif kind & _DROP == 0:
                written = _blank(out, written, start, kind & _BREAK or point == 10)
                blank, starter = True, _UNKNOWN
        else:
            written, run = _copy(data, run, i, out, written), i
            if starter == _UNKNOWN:
                starter, last_class = _before(out, start, written, properties)
            if unsettled(starter, point, last_class, form):
                first = _span_start(out, start, written, properties) if kind & _CONTINUES else written
                i, written = _settle_span(data, i, end, form, span, out, first, written, start)
                run, size, starter = i, np.int64(0), _UNKNOWN
            else:
                last_class = kind & CLASS
                starter = starter if last_class else point
            blank = False
        i += size
    written = _copy(data, run, end, out, written)
    return written - 1 if written > start and out[written - 1] <= 32 else written, replaced


@njit(cache=True, nogil=True, forceinline=True)
def _plain_until(data, i, end, blank, properties):
    """Where the characters from data[i] on end that stay as they are, in whatever stands before them but a blank.

    Towards the end of the text it may be before that. There is a loop for each length of a character, since a processor
    that guesses the next length wrong loses more time than it needs for a character.
    """
    before = np.uint64(0x80) if blank else np.uint64(0)
    while i + 8 <= end:
        eight = load_eight(data, i)
        blanks = equal_bytes(eight, np.uint64(32)) | equal_bytes(eight, np.uint64(10))
        # Above U+007E; below U+0020; a blank after a blank.
        other = ((eight & _LOW) + _EACH | eight) & _HIGH
        other |= ~((eight & (_EACH * np.uint64(0x60))) + _LOW) & _HIGH & ~blanks
        other |= blanks & (blanks << np.uint64(8) | before)
        before = blanks >> np.uint64(56)
        if other == 0:
            i += 8
            continue
        i += np.int64(trailing_zeros(other) >> np.uint64(3))
        wide = _plain_pairs(data, i, end, properties) if data[i] < 0xE0 else _plain_triples(data, i, end, properties)
        if wide == i:
            return i
        i, before = wide, np.uint64(0)
    return i


@njit(cache=True, nogil=True, forceinline=True)
def _plain_pairs(data, i, end, properties):
    """Where the characters of two bytes end that stay as they are."""
    lower = np.uint32(CLASS)  # marks of lower classes must not follow; nobody knows what is before the first one
    while i + 2 <= end:
        first, second = np.uint32(data[i]) ^ np.uint32(0xC0), np.uint32(data[i + 1]) ^ np.uint32(0x80)
        if first - np.uint32(2) >= 0x1E or second >= 0x40:
            break
        kind = np.uint32(properties[first << np.uint32(6) | second])
        combining = kind & np.uint32(CLASS)
        # One condition, and so one branch: a mark is of class 1 at least.
        if kind & np.uint32(_ODD & ~CLASS) or np.uint32(combining - np.uint32(1)) < lower:
            break
        lower = np.uint32(combining - np.uint32(combining > 0))
        i += 2
    return i


@njit(cache=True, nogil=True, forceinline=True)
def _plain_triples(data, i, end, properties):
    """Where the characters of three bytes end that stay as they are."""
    lower = np.uint32(CLASS)  # marks of lower classes must not follow; nobody knows what is before the first one
    while i + 3 <= end:
        first, second = np.uint32(data[i]) ^ np.uint32(0xE0), np.uint32(data[i + 1]) ^ np.uint32(0x80)
        third = np.uint32(data[i + 2]) ^ np.uint32(0x80)
        point = first << np.uint32(12) | second << np.uint32(6) | third
        if first >= 0x10 or (second | third) >= 0x40 or point < 0x800:
            break
        kind = np.uint32(properties[point])
        combining = kind & np.uint32(CLASS)
        # One condition, and so one branch: a mark is of class 1 at least.
        if kind & np.uint32(_ODD & ~CLASS) or np.uint32(combining - np.uint32(1)) < lower:
            break
        lower = np.uint32(combining - np.uint32(combining > 0))
        i += 3
    return i


@njit(cache=True, nogil=True)
def _before(out, start, i, properties):
    """What is before byte i of the text out[start:].

    Returns:
        The last character of combining class 0, 0 if it is a blank or there is none; and the class of the last one.
    """
    starter, last_class = np.int64(0), np.int64(-1)
    while i > start:
        i = previous(out, i)
        point = decode(out, i)[0]
        combining = np.int64(properties[point] & CLASS)
        last_class = combining if last_class < 0 else last_class
        if combining == 0:
            starter = np.int64(0) if properties[point] & _PLAIN else point
            break
    return starter, max(last_class, np.int64(0))


@njit(cache=True, nogil=True)
def _span_start(out, start, i, properties):
    """Where the span starts that a character at byte i of the text out[start:] continues; there if it is the first."""
    while i > start:
        before = previous(out, i)
        kind = properties[decode(out, before)[0]]
        if kind & _PLAIN:
            return i
        i = before
        if kind & _CONTINUES == 0:
            return i
    return i


@njit(cache=True, nogil=True)
def _settle_span(data, i, end, form, span, out, first, written, start):
    """Write the span anew that out[first:written] and the characters from data[i] on are.

    Returns:
        Where in `data` the span ends, and the new length.
    """
    properties, length = form.properties, 0
    at = first
    while at < written:
        point, size = decode(out, at)
        span[length] = point
        length += 1
        at += size
    goes_on = True
    while goes_on:
        point, size = decode_any(data, i, end)
        if properties[point] & _DROP == 0:
            span[length] = point
            length += 1
        i += size
        goes_on = i < end and _continues(data, i, end, properties)
    # No mapping ends in a space.
    return i, _write(settle(span, length, form), properties, out, first, start)


@njit(cache=True, nogil=True)
def _continues(data, i, end, properties):
    """Whether what starts at data[i] belongs to the span before it, or is dropped from it."""
    point = decode_any(data, i, end)[0]
    return point >= 0 and properties[point] & (_CONTINUES | _DROP) != 0


@njit(cache=True, nogil=True, forceinline=True)
def _copy(data, start, end, out, written):
    """Append data[start:end] to out[:written]; returns the new length."""
    shift = written - start
    if end - start < 8:
        for i in range(start, end):
            out[i + shift] = data[i]
    else:
        for i in range(start, end - 8, 8):
            store_eight(out, i + shift, load_eight(data, i))
        store_eight(out, end - 8 + shift, load_eight(data, end - 8))
    return end + shift


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
