import numpy as np
from numba import njit

from transforms.utf8 import decode, encode


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
