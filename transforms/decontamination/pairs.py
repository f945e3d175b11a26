"""What decontamination does to pairs: one goes where an item is found on either side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from babelmill.format import File
from transforms.decontamination.report import FoundList
from transforms.decontamination.screen import Screen, open_screen
from transforms.filters.rules import REASONS as FILTERS
from transforms.rules import Judgement
from transforms.storage import WorkDirectory

REASONS = (*FILTERS, "test_set")
"""Why a pair is rejected. Test sets come before any filter, so that all that holds text of one counts as that."""


class PairSearch:
    """Says which pairs of a part must go, batch after batch.

    Args:
        screens: by the column of each side; None: there are no items of its language.
        found: gets where items are.
    """

    def __init__(self, screens: Mapping[str, Screen | None], found: FoundList):
        self._screens, self._found, self._start = screens, found, 0

    @classmethod
    def open(cls, work: WorkDirectory, items: File | None, tags: Sequence[str], found: FoundList) -> PairSearch:
        """For the languages of both sides, by their BCP 47 tags; see `open_screen`."""
        sides = zip(("source", "target"), tags, strict=True)
        return cls({side: open_screen(work, items, tag) for side, tag in sides}, found)

    def __call__(self, batch: pa.RecordBatch, judged: Judgement) -> Judgement:
        """The judgement on the pairs of the next batch, given that of the filters; indices in `REASONS`."""
        counts = np.zeros(batch.num_rows, np.int32)
        for side, screen in self._screens.items():
            if screen is not None:
                found = screen.find(batch.column(side))
                self._found.write(side, batch.column(side), batch.column("document"), self._start, found, screen)
                counts += found.counts(batch.num_rows)
        self._start += batch.num_rows
        return Judgement(
            reason=np.where(counts > 0, np.int8(REASONS.index("test_set")), judged.reason),
            value=np.where(counts > 0, counts.astype(np.float32), judged.value),
        )
