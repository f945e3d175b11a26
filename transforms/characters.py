"""All characters, and what kind each of them is, by Python's version of Unicode."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import numpy as np

from transforms.once import once

END = 0x40000
"""Planes from here on have no characters but tags and variation selectors, and those of private use."""

_BLOCK = 256


def text_of(first: int, last: int) -> str:
    """The characters with the code points from `first` up to but not including `last`, surrogates among them."""
    return np.arange(first, last, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")


def blocks() -> Iterator[tuple[int, str]]:
    """The characters below `END` in pieces, each with its first code point.

    To ask once of a piece whether there is anything in it saves asking of each character.
    """
    for first in range(0, END, _BLOCK):
        yield first, text_of(first, first + _BLOCK)


@once
def categories() -> np.ndarray:
    """The general category of each code point, such as `Lu`, see `category`: uint16 (0x110000,), read-only.

    `Cn`, as for what is not assigned, in planes that have no characters but those of private use.
    """
    found = np.full(0x110000, category("Cn"), np.uint16)
    for first, last in ((0, END), (0xE0000, 0xE1000)):
        letters = "".join(map(unicodedata.category, text_of(first, last)))
        found[first:last] = np.frombuffer(letters.encode(), "<u2")
    found.flags.writeable = False
    return found


def category(name: str) -> int:
    """A category as `categories` has it: its two letters, the first one lowest."""
    return int.from_bytes(name.encode(), "little")


def among(kinds: str) -> np.ndarray:
    """Whether the first letter of each code point's category is one of `kinds`: bool (0x110000,)."""
    wanted = np.zeros(256, np.bool_)
    wanted[list(kinds.encode())] = True
    return wanted[categories() & 0xFF]
