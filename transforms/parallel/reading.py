"""Parallel corpora of every kind behind one interface: find their bitexts, and read the pairs of one.

for bitext in FORMATS["opus"](Wanted(corpus="LibreOffice", location="opus", pairs=[("de", "en")])):
    for batch in PairReader(bitext, [Path(address) for address in bitext.addresses]):
        ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from transforms.parallel import (
    aligned,
    commoncrawl,
    iitb,
    moses,
    opus,
    table,
    tatoeba,
    tmx,
    tsv,
    wikimatrix,
)
from transforms.parallel.batches import PAIRS, ReadOptions, Tally
from transforms.parallel.bitext import Bitext
from transforms.sources import SourceError

FORMATS: dict[str, Callable[..., list[Bitext]]] = {
    "opus": opus.locate,
    "wikimatrix": wikimatrix.locate,
    "ccmatrix": commoncrawl.locate_ccmatrix,
    "nllb": commoncrawl.locate_nllb,
    "iitb": iitb.locate,
    "tatoeba": tatoeba.locate,
    "aligned": aligned.locate,
    "tsv": tsv.locate,
    "tmx": tmx.locate,
}
"""Kind of corpus -> function of a `Wanted` that says what there is and what to fetch."""

READERS: dict[str, Callable[[Sequence[Path], Bitext, ReadOptions, Tally], Iterator[pa.RecordBatch]]] = {
    "moses": moses.read,
    "table": table.read,
    "tmx": tmx.read,
    "aligned": aligned.read,
    "iitb": iitb.read,
    "tatoeba": tatoeba.read,
}
"""`Bitext.format` -> function that reads the pairs, in the order of the bitext's codes."""


class PairReader:
    """The pairs of a bitext, as record batches of `PAIRS`; iterate over it, once or again.

    A file gives the same batches whenever it is read. Empty lines are pairs like any other, and lines keep their white
    space: what to drop is for filters to say.

    Args:
        bitext: what to read.
        paths: its files on the local disk, in the order of its addresses.
        options: how.

    Attributes:
        tally: what was met since the iteration began.
    """

    def __init__(self, bitext: Bitext, paths: Sequence[Path], *, options: ReadOptions | None = None):
        self.tally = Tally()
        self._bitext, self._paths, self._options = bitext, list(paths), options or ReadOptions()

    @property
    def licence(self) -> str | None:
        """As the files state it, else as the publisher does; None where nobody does, or nothing was read yet."""
        return self.tally.licence or self._bitext.licence

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Read.

        Raises:
            SourceError: a file is missing, damaged, cut off, without pairs, or not what it should be; the files of two
                languages differ in their numbers of lines.
        """
        self.tally = Tally()
        read = READERS[self._bitext.format]
        for batch in read(self._paths, self._bitext, self._options, self.tally):
            batch = self._from_first(self._above_lowest(batch))
            if batch.num_rows:
                source, target = batch.column("source"), batch.column("target")
                self.tally.bytes += sum(_text_bytes(column) for column in (source, target))
                yield self._in_order(batch)
        if not self.tally.documents:
            raise SourceError(f"{self._paths[0]} holds no pair; leave it out of `pairs`, or get it again")

    def _above_lowest(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch without the pairs whose score is too low; one that has no score is not."""
        if self._options.min_score is None:
            return batch
        low = batch.column("score").to_numpy() < self._options.min_score
        self.tally.drop("score", int(low.sum()))
        return batch.filter(pa.array(~low))

    def _from_first(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch without the pairs before the first that is wanted."""
        if not self._options.first_document:
            return batch
        numbers = batch.column("document").to_numpy()
        return batch.slice(int(np.searchsorted(numbers, self._options.first_document)))

    def _in_order(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch with its texts in the order of the bitext's languages."""
        if not self._bitext.swapped:
            return batch
        document, first, second, score = batch.columns
        return pa.RecordBatch.from_arrays([document, second, first, score], schema=PAIRS)


def _text_bytes(column: pa.BinaryArray) -> int:
    """Bytes of the values of a column, which may be a slice."""
    ends = np.frombuffer(column.buffers()[1], np.int32)
    return int(ends[column.offset + len(column)] - ends[column.offset])
