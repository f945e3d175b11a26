"""Compressed sources: what comes out, and what is refused."""

import bz2
import functools
import gzip
import hashlib
import io
import lzma
import random

import pyarrow as pa
import pytest

from transforms.compression import PIECE_BYTES, CompressionError, HashedReader, ahead, check_magic, decompressed

TEXT = random.Random(1).randbytes(20_000).hex().encode() * 30 + "äあ".encode()


def xz(data):
    return lzma.compress(data, preset=0)


def zst(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


PACK = {"xz": xz, "gz": gzip.compress, "bz2": bz2.compress, "zst": zst, "plain": bytes}
COMPRESSED = [kind for kind in PACK if kind != "plain"]


@functools.cache
def packed(kind):
    return PACK[kind](TEXT)


class Trickle(io.BytesIO):
    """A file that gives a few bytes at a time, as pipes and sockets do."""

    def read(self, size=-1):
        return super().read(min(size, 1000))


def decode(data, kind, file=io.BytesIO):
    reader = HashedReader(file(data))
    pieces = list(decompressed(reader, kind))
    assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)
    assert reader.sha256.hexdigest() == hashlib.sha256(data).hexdigest()
    return b"".join(pieces)


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("file", [io.BytesIO, Trickle])
def test_decoded_bytes_and_hash(kind, file):
    assert decode(packed(kind), kind, file) == TEXT
    assert decode(b"", kind, file) == b""


@pytest.mark.parametrize("kind", PACK)
def test_several_streams_are_one_file(kind):
    parts = TEXT[:3_000], b"", TEXT[3_000:]
    assert decode(b"".join(map(PACK[kind], parts)), kind) == TEXT


def test_padding_between_and_after_xz_streams():
    first, second = map(xz, (TEXT[:10], TEXT[10:]))
    assert decode(first + bytes(8) + second + bytes(3 * PIECE_BYTES), "xz") == TEXT


@pytest.mark.parametrize("kind", COMPRESSED)
@pytest.mark.parametrize("kept", [0.5, 0.999])
def test_a_file_that_was_cut_off(kind, kept):
    data = packed(kind)
    with pytest.raises(CompressionError, match=r"cut off.*get it again"):
        decode(data[: int(len(data) * kept)], kind)


@pytest.mark.parametrize("kind", COMPRESSED)
def test_a_damaged_file(kind):
    # Near the start, since Zstandard notices damage further on only where the file has checksums.
    data = bytearray(packed(kind))
    for place in range(12, 60):
        data[place] ^= 0xFF
    with pytest.raises(CompressionError, match=r"is damaged.*get it again"):
        decode(bytes(data), kind)


@pytest.mark.parametrize("kind", COMPRESSED)
def test_what_follows_the_last_stream_is_not_dropped_unnoticed(kind):
    with pytest.raises(CompressionError, match="is damaged"):
        decode(PACK[kind](b"text") + b"<html> and more", kind)


@pytest.mark.parametrize("kind", COMPRESSED)
def test_a_web_page_in_place_of_a_file(kind):
    with pytest.raises(CompressionError) as caught:
        decode(b"<!DOCTYPE html><title>404 Not Found</title>" + bytes(1000), kind)
    assert f"named .{kind} but is a web page" in str(caught.value)
    assert "b'<!DOCTYPE html><title>404 Not Found</title>" in str(caught.value)
    with pytest.raises(CompressionError, match="is no such file: it begins with b'Hello'"):
        decode(b"Hello", kind)


@pytest.mark.parametrize("named", PACK)
@pytest.mark.parametrize("kind", COMPRESSED)
def test_a_file_of_another_kind_than_its_name_says(kind, named):
    data = packed(kind)
    if kind == named:
        assert decode(data, named) == TEXT
    else:
        with pytest.raises(CompressionError, match=rf"begins as a \.{kind} file does"):
            decode(data, named)


def test_frames_that_parallel_zstandard_begins_with():
    skippable = b"\x5a\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"1234"
    assert decode(skippable + zst(TEXT), "zst") == TEXT
    check_magic(b"plain text", "plain")


def test_pieces_made_ahead_are_the_same_and_errors_come_in_their_place():
    assert list(ahead(iter([b"a", b"b", b"c"]), count=2)) == [b"a", b"b", b"c"]

    def failing():
        yield b"a"
        raise CompressionError("is damaged")

    found = ahead(failing())
    assert next(found) == b"a"
    with pytest.raises(CompressionError, match="is damaged"):
        next(found)


def test_pieces_are_made_ahead_but_not_all_of_them():
    made = []

    def pieces():
        for number in range(100):
            made.append(number)
            yield b"x"

    found = ahead(pieces(), count=3)
    next(found)
    found.close()
    assert 1 < len(made) <= 5
