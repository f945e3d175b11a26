import numpy as np
from numba import njit

from vocab.bits import copy_eight, count_ones, load_eight, prefetch, store_eight, trailing_zeros


@njit
def load(data, at):
    return load_eight(data, at)


@njit
def store(data, at, value):
    store_eight(data, at, value)


@njit
def copied(source, row, column, target, at):
    copy_eight(source, np.uint64(row), column, target, at)


@njit
def bits(value):
    return trailing_zeros(value), count_ones(value)


@njit
def fetched(array, row):
    prefetch(array, np.uint64(row))
    return array[row, 0]


def test_eight_bytes_from_anywhere_have_the_first_one_lowest():
    data = np.arange(1, 30, dtype=np.uint8)
    for at in range(22):
        assert load(data, at) == int.from_bytes(data[at : at + 8].tobytes(), "little")
    readonly = np.frombuffer(b"12345678", np.uint8)
    assert load(readonly, 0) == int.from_bytes(b"12345678", "little")


def test_eight_bytes_are_written_anywhere_and_nothing_beside_them():
    for at in range(5):
        data, expected = np.zeros(13, np.uint8), np.zeros(13, np.uint8)
        store(data, at, np.uint64(0x0807060504030201))
        expected[at : at + 8] = range(1, 9)
        np.testing.assert_array_equal(data, expected)


def test_eight_numbers_are_copied_from_anywhere_to_anywhere():
    source = np.arange(30, dtype=np.int32).reshape(3, 10)
    for row, column, at in np.ndindex(3, 3, 5):
        target = np.full(12, -1, np.int32)
        expected = target.copy()
        expected[at : at + 8] = source[row, column : column + 8]
        copied(source, row, column, target, at)
        np.testing.assert_array_equal(target, expected)


def test_eight_numbers_are_read_before_any_is_written():
    memory = np.arange(12.0)
    copied(memory.reshape(1, 12), 0, 0, memory, 3)
    assert memory.tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 5, 6, 7, 11]


def test_bits_are_counted():
    for value in (0, 1, 2, 3, 0x8000, 1 << 63, 0xF0F0 << 40, (1 << 64) - 1):
        zeros = f"{value:064b}"[::-1].find("1")
        assert bits(np.uint64(value)) == (zeros if value else 64, f"{value:b}".count("1"))


def test_prefetching_changes_nothing():
    assert fetched(np.arange(12.0).reshape(4, 3), 2) == 6
