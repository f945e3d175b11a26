"""Holding texts of one language against the test sets: what a worker keeps, and what it does with a batch."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from babelmill.format import File
from transforms.decontamination.index import Index, build
from transforms.decontamination.search import Found, find
from transforms.decontamination.sets import Drop, same_language
from transforms.normalise import Normalised
from transforms.storage import WorkDirectory


@dataclass(frozen=True)
class Screen:
    """The items that texts are held against.

    Attributes:
        items: a table of schema `items.ITEMS`.
        index: of them, by their rows.
    """

    items: pa.Table
    index: Index

    @classmethod
    def of(cls, items: pa.Table) -> Screen:
        """A screen of some items."""
        return cls(items, build(items.column("text").combine_chunks()))

    def find(self, texts: pa.StringArray) -> Found:
        """Where items are found in the texts of a column; see `search.find`."""
        return find(texts, self.index)


def open_screen(work: WorkDirectory, file: File | None, tag: str, drop: Drop | None = None) -> Screen | None:
    """The items that texts of a language are held against; None where there are none.

    A process keeps those that it used last.

    Args:
        work: the work directory.
        file: the table of items in it; its name changes with its content. None: there are no test sets.
        tag: BCP 47 tag of the texts.
        drop: only items of test sets for which this goes; None: of all.

    Raises:
        CorruptFile: the table is missing or differs from its description.
    """
    return _opened(work.local(file), tag, drop) if file is not None else None


@functools.lru_cache(maxsize=16)
def _opened(path: Path, tag: str, drop: Drop | None) -> Screen | None:
    items = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    mask = np.array([same_language(one, tag) for one in items.column("language").to_pylist()], bool)
    if drop is not None:
        mask &= pc.equal(items.column("drop").cast(pa.string()), drop).to_numpy()
    return Screen.of(items.filter(pa.array(mask))) if mask.any() else None


def without_paragraphs(normal: Normalised, found: Found) -> Normalised:
    """Texts without the paragraphs in which something was found; what stays is joined again."""
    rows = np.unique(found.row)
    if not rows.size:
        return normal
    kept = []
    for row, text in zip(rows, normal.texts.take(pa.array(rows)).to_pylist(), strict=True):
        cut = set(found.paragraph[found.row == row].tolist())
        kept.append("\n".join(line for number, line in enumerate(text.split("\n")) if number not in cut))
    mask = np.zeros(len(normal.texts), bool)
    mask[rows] = True
    characters = normal.characters.copy()
    characters[rows] = [len(text) for text in kept]
    return Normalised(
        pc.replace_with_mask(normal.texts, pa.array(mask), pa.array(kept, pa.string())), characters, normal.replaced
    )
