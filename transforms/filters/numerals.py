"""Numbers that differ: how many each side of a pair has that the other one lacks.

A number is a run of decimal digits of any script, by value: `٢٠` and `020` are 20. What separates groups and decimals
differs between languages, so `1,234.5` are three numbers, as `1.234,5` are. Where that leaves a difference, groups of
three digits are joined on both sides (`1234` and `5`), for those who write `1234.5`; the better of both counts.

True pairs often write a number as a word on one side. So one side may well have numbers that the other lacks; a pair is
suspect where both do.

Chinese and Japanese numerals (`二十五`, `3万`) may stand for a number of the other side and need not, since they are in
many a word that counts nothing; `一` is in so many that it stands for none.
"""

from __future__ import annotations

import unicodedata

import numpy as np

from transforms.filters.points import Points, character_table
from transforms.once import once
from vocab.compiled import njit

HAN_DIGITS = "〇一二三四五六七八九"
"""Numerals of Han that are digits, by value; `零` and `两` are 0 and 2 as well."""

HAN_UNITS = {"十": 1, "百": 2, "千": 3, "万": 4, "萬": 4, "億": 8, "亿": 8, "兆": 12}
"""Numerals of Han that are powers of ten: the exponent."""

SEPARATORS = ",.'’٬， "
"""Characters that separate groups of three digits."""

_DIGIT, _HAN, _UNIT, _SEPARATOR = 16, 32, 64, 128  # flags beside a value below 16
_MYRIAD = 4


def lacking(source: Points, target: Points) -> np.ndarray:
    """For each pair the numbers that one side has and the other lacks: of the side with fewer of them.

    Returns:
        int32 (n,); 0 where one side has every number of the other one.
    """
    found = np.zeros(len(source.offsets) - 1, np.int32)
    size = max(source.longest, target.longest)
    _compare(*source, *target, _table(), np.empty((4, size), np.uint64), found)
    return found


@once
def _table() -> np.ndarray:
    """0, a separator's flag, or a value with a flag: a decimal digit, a digit of Han, an exponent of ten of Han."""
    han = {digit: _HAN | value for value, digit in enumerate(HAN_DIGITS)} | {"零": _HAN, "两": _HAN | 2}
    special = han | {unit: _UNIT | exponent for unit, exponent in HAN_UNITS.items()}
    special |= dict.fromkeys(SEPARATORS, _SEPARATOR)

    def kind(character: str, category: str) -> int:
        return _DIGIT | unicodedata.decimal(character) if category == "Nd" else special.get(character, 0)

    return character_table(kind, special)


@njit(cache=True, nogil=True)
def _compare(source, source_offsets, target, target_offsets, table, memory, found):
    """`memory`: uint64 (4, longest text): numbers of both sides, and those that may stand for one."""
    for r in range(found.shape[0]):
        first, second = (
            source[source_offsets[r] : source_offsets[r + 1]],
            target[target_offsets[r] : target_offsets[r + 1]],
        )
        lacks = _lacking(first, second, table, False, memory)
        found[r] = min(lacks, _lacking(first, second, table, True, memory)) if lacks else 0


@njit(cache=True, nogil=True)
def _lacking(first, second, table, joined, memory):
    """Numbers that one text has and the other lacks, of the one with fewer; `joined`: by joining groups of digits."""
    few, maybe_few = _numbers(first, table, joined, memory[0], memory[1])
    many, maybe_many = _numbers(second, table, joined, memory[2], memory[3])
    if few == 0 or many == 0:
        return 0
    for row, count in ((0, few), (1, maybe_few), (2, many), (3, maybe_many)):
        _sort(memory[row, :count])
    few, many = _unmatched(memory[0, :few], memory[2, :many])
    return min(_absent(memory[0, :few], memory[3, :maybe_many]), _absent(memory[2, :many], memory[1, :maybe_few]))


@njit(cache=True, nogil=True)
def _numbers(values, table, joined, sure, maybe):
    """Write the numbers of a text to `sure`, those with a numeral of Han in them to `maybe`; returns how many.

    A number is (whole + part + digits) modulo 2**64: `whole` what is multiplied by a myriad or more, `part` what is
    multiplied by less since, `digits` what is not multiplied yet.
    """
    count, maybe_count = 0, 0
    whole, part, digits, kinds = np.uint64(0), np.uint64(0), np.uint64(0), 0
    for i in range(values.size + 1):
        kind = np.int64(table[values[i]]) if i < values.size else 0
        if kind & (_DIGIT | _HAN | _UNIT) == 0:
            if kinds == _DIGIT:
                if joined and kind == _SEPARATOR and _is_group(values, i + 1, table):
                    continue
                sure[count] = digits
                count += 1
            elif kinds and whole + part + digits != 1:
                maybe[maybe_count] = whole + part + digits
                maybe_count += 1
            whole, part, digits, kinds = np.uint64(0), np.uint64(0), np.uint64(0), 0
            continue
        kinds |= kind & ~15
        value = np.uint64(kind & 15)
        if kind & _UNIT == 0:
            digits = digits * np.uint64(10) + value
        elif value < _MYRIAD:
            part += max(digits, np.uint64(1)) * _power(value)
            digits = np.uint64(0)
        else:
            whole += max(part + digits, np.uint64(1)) * _power(value)
            part = digits = np.uint64(0)
    return count, maybe_count


@njit(cache=True, nogil=True)
def _is_group(values, i, table):
    """Whether just three digits start at i."""
    if i + 3 > values.size or (i + 3 < values.size and table[values[i + 3]] & _DIGIT):
        return False
    return table[values[i]] & _DIGIT != 0 and table[values[i + 1]] & _DIGIT != 0 and table[values[i + 2]] & _DIGIT != 0


@njit(cache=True, nogil=True)
def _power(exponent):
    """A power of ten, uint64."""
    power = np.uint64(1)
    for _ in range(exponent):
        power *= np.uint64(10)
    return power


@njit(cache=True, nogil=True)
def _sort(numbers):
    """Sort in place: a few numbers by insertion, more as numpy does."""
    if numbers.size > 32:
        numbers.sort()
        return
    for i in range(1, numbers.size):
        number, place = numbers[i], i
        while place > 0 and numbers[place - 1] > number:
            numbers[place] = numbers[place - 1]
            place -= 1
        numbers[place] = number


@njit(cache=True, nogil=True)
def _unmatched(left, right):
    """Move to the front of each of two sorted arrays what has no partner in the other; returns how many these are."""
    i, j, left_count, right_count = 0, 0, 0, 0
    while i < left.size or j < right.size:
        if j == right.size or (i < left.size and left[i] < right[j]):
            left[left_count] = left[i]
            left_count, i = left_count + 1, i + 1
        elif i == left.size or right[j] < left[i]:
            right[right_count] = right[j]
            right_count, j = right_count + 1, j + 1
        else:
            i, j = i + 1, j + 1
    return left_count, right_count


@njit(cache=True, nogil=True)
def _absent(numbers, among):
    """How many of some numbers are not among others; both sorted."""
    count, j = 0, 0
    for number in numbers:
        while j < among.size and among[j] < number:
            j += 1
        count += j == among.size or among[j] != number
    return count
