"""Which items of test sets were found where: a list for each part, and what all lists come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from babelmill.format import FOUND_ITEMS, File
from transforms.decontamination.screen import Screen
from transforms.decontamination.search import Found
from transforms.parts import names
from transforms.storage import LazyWriter, WorkDirectory

COLUMNS = ("text", "source", "target")
"""Where in a row an item may be found. A file holds a dictionary once, so all batches have all names."""


class FoundList(LazyWriter):
    """The list of what was found in a part; no file where nothing was.

    Args:
        work: the work directory.
        name: of the file in it.
    """

    def __init__(self, work: WorkDirectory, name: str):
        super().__init__(work, name, FOUND_ITEMS)

    def write(
        self, column: str, texts: pa.StringArray, documents: pa.Int64Array, start: int, found: Found, screen: Screen
    ) -> None:
        """Append what was found in a column of a batch.

        Args:
            column: its name, of `COLUMNS`.
            texts: the column.
            documents: the numbers of its rows.
            start: its first row's number in the part.
            found: the occurrences.
            screen: of whose items.
        """
        if not found.row.size:
            return
        rows, items = pa.array(found.row), screen.items.take(pa.array(found.item)).combine_chunks()
        columns = {
            "row": pa.array(found.row + np.int32(start)),
            "document": documents.take(rows),
            "column": names(np.full(len(found.row), COLUMNS.index(column)), COLUMNS),
            "paragraph": pa.array(found.paragraph),
            "text": _paragraphs(texts.take(rows), found),
            **{key: items.column(key).cast(FOUND_ITEMS.field(key).type) for key in ("test_set", "file", "line")},
        }
        self.append(pa.table([columns[key] for key in FOUND_ITEMS.names], schema=FOUND_ITEMS))


def _paragraphs(texts: pa.StringArray, found: Found) -> pa.Array:
    spans = zip(texts.to_pylist(), found.start.tolist(), found.stop.tolist(), strict=True)
    return pa.array([text.encode()[start:stop].decode() for text, start, stop in spans], pa.string())


def summed_up(work: WorkDirectory, lists: Mapping[str, Iterable[File]], items: pa.Table) -> dict[str, Any]:
    """What the lists of all parts come to, by test set, as JSON values.

    Args:
        work: the work directory.
        lists: part -> its lists.
        items: all items, of schema `items.ITEMS`.

    Returns:
        Test set -> `lines`, how many lines with items it has; `found`, how many of them occur; `texts`, in how many
        documents or pairs; and of the first occurrence `first`: part, row, file and line.
    """
    seen: dict[str, set[tuple[str, int]]] = {}
    texts: dict[str, set[tuple[str, int]]] = {}
    first: dict[str, dict[str, Any]] = {}
    for part, files in sorted(lists.items()):
        for file in files:
            rows = work.open_arrow(file).read_all().select(["test_set", "file", "line", "row"])
            for name, path, line, row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
                seen.setdefault(name, set()).add((path, line))
                texts.setdefault(name, set()).add((part, row))
                first.setdefault(name, {"part": part, "row": row, "file": path, "line": line})
    lines = items.group_by(["test_set", "file", "line"]).aggregate([]).column("test_set").cast(pa.string())
    return {
        entry["values"]: {
            "lines": entry["counts"],
            "found": len(seen.get(entry["values"], ())),
            "texts": len(texts.get(entry["values"], ())),
            "first": first.get(entry["values"]),
        }
        for entry in pc.value_counts(lines.combine_chunks()).to_pylist()
    }
