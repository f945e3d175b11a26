import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from transforms.utf8 import count_characters, decode, decode_any, encode, equal_bytes, previous


@njit
def copy(data, points, out):
    i, written, count = np.int64(0), np.int64(0), 0
    while i < data.shape[0]:
        point, size = decode(data, i)
        points[count] = point
        count += 1
        written = encode(point, out, written)
        i += size
    return written


def test_every_code_point_is_read_and_written():
    expected = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    data = np.frombuffer("".join(map(chr, expected)).encode(), np.uint8)
    points, out = np.empty(len(expected), np.int64), np.empty_like(data)
    assert copy(data, points, out) == data.size
    np.testing.assert_array_equal(points, expected)
    np.testing.assert_array_equal(out, data)


@njit
def replace(data, end, out):
    """What `bytes.decode` makes of data[:end] with "replace"; returns how many bytes."""
    i, written = np.int64(0), np.int64(0)
    while i < end:
        point, size = decode_any(data, i, end)
        written = encode(point if point >= 0 else np.int64(0xFFFD), out, written)
        i += size
    return written


def test_every_sequence_of_bytes_is_read_as_by_python():
    """All first bytes; of the others those around which table 3-7 of Unicode draws its lines."""
    others = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xE1, 0xFF]
    out = np.empty(40, np.uint8)
    for first in range(0x80, 0x100):
        for rest in itertools.product(others, others, others):
            data = np.array([first, *rest, 0x41, 0x42], np.uint8)
            for end in (4, 6):
                expected = data[:end].tobytes().decode("utf-8", "replace").encode()
                assert out[: replace(data, end, out)].tobytes() == expected, data[:end].tobytes()


@pytest.mark.parametrize("raw", [b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xe2", b"\x80", b"a\xf0\x9f"])
def test_nothing_is_read_behind_the_end(raw):
    data, out = np.frombuffer(raw + "ö€😀".encode()[2 - len(raw) % 2 :], np.uint8).copy(), np.empty(40, np.uint8)
    data[len(raw) :] = 0xBF  # what would make a character of it
    assert out[: replace(data, len(raw), out)].tobytes() == raw.decode("utf-8", "replace").encode()


def test_characters_are_counted_and_stepped_back_over():
    text = "aé€😀" * 5 + "z"
    data = np.frombuffer(text.encode(), np.uint8)
    starts = np.cumsum([0, *(len(character.encode()) for character in text)])
    for start, end in itertools.combinations(range(len(text) + 1), 2):
        assert count_characters(data, starts[start], starts[end]) == end - start
    assert [previous(data, starts[i + 1]) for i in range(len(text))] == starts[:-1].tolist()


@given(st.binary(min_size=8, max_size=8), st.integers(0, 255))
def test_bytes_are_compared_eight_at_a_time(eight, byte):
    for wanted in (byte, *eight):
        found = equal_bytes(np.uint64(int.from_bytes(eight, "little")), np.uint64(wanted))
        assert int(found).to_bytes(8, "little") == bytes(0x80 * (one == wanted) for one in eight)
