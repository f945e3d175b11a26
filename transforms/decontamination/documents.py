"""What decontamination does to documents: paragraphs go before they are measured, documents when they are judged."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from babelmill.format import File
from transforms.decontamination.report import FoundList
from transforms.decontamination.screen import Screen, without_paragraphs
from transforms.normalise import Normalised
from transforms.parts import removed_rows
from transforms.storage import WorkDirectory


class ParagraphCut:
    """Takes paragraphs in which an item is found out of the texts of a part, batch after batch.

    Args:
        screen: the items.
        found: gets what was taken out.
    """

    def __init__(self, screen: Screen, found: FoundList):
        self._screen, self._found, self._start = screen, found, 0

    def __call__(self, normal: Normalised, documents: pa.Int64Array) -> Normalised:
        """What stays of the texts of the next batch."""
        found = self._screen.find(normal.texts)
        self._found.write("text", normal.texts, documents, self._start, found, self._screen)
        self._start += len(normal.texts)
        return without_paragraphs(normal, found)


class DocumentSearch:
    """Says which documents of a part must go, batch after batch.

    Args:
        screen: the items for which a document goes; None: there are none.
        found: gets where they are.
    """

    def __init__(self, screen: Screen | None, found: FoundList):
        self._screen, self._found, self._start = screen, found, 0

    def __call__(self, batch: pa.RecordBatch, cut: np.ndarray) -> np.ndarray:
        """How often an item was found for which a document of the next batch goes, int32 (rows,).

        Args:
            batch: with the columns `document`, `text` and `characters`.
            cut: int32 (n,), how often an item was found in the paragraphs that were taken out of each row of the part.
                A document goes for them where nothing is left of it.
        """
        rows = slice(self._start, self._start + batch.num_rows)
        counts = np.where(batch.column("characters").to_numpy() == 0, cut[rows], 0)
        if self._screen is not None:
            texts = batch.column("text")
            found = self._screen.find(texts)
            self._found.write("text", texts, batch.column("document"), self._start, found, self._screen)
            counts += found.counts(batch.num_rows)
        self._start += batch.num_rows
        return counts


def cut_counts(work: WorkDirectory, paragraphs: File | None, rows: int) -> np.ndarray:
    """How often an item was found in what was taken out of each of `rows` rows, int32 (rows,).

    Args:
        work: the work directory.
        paragraphs: the list of what was taken out; None: nothing was.
        rows: of the part.

    Raises:
        CorruptFile: the list is missing or differs from its description.
    """
    return np.bincount(removed_rows(work, paragraphs), minlength=rows).astype(np.int32)
