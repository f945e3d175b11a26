"""What a row of shards is: of documents, and of pairs; and the columns that rows are read from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypedDict

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from babelmill.format import DOCUMENTS, PAIRS, PSEUDO, TEXTS
from babelmill.mapped import ListColumn, Memory, NameColumn, NumberColumn, Rows, TextColumn, cut


class _Document(TypedDict):
    input_ids: NDArray[np.int32]
    language: str
    corpus: str
    document: int


class Row(_Document, total=False):
    """One document.

    `input_ids` is int32[tokens], a read-only view of mapped memory. `language` is a BCP 47 code. `document` is the
    number of the document in its source file, from 0. `text` is there where the shards have it.
    """

    text: str


class _Pair(TypedDict):
    source_ids: NDArray[np.int32]
    target_ids: NDArray[np.int32]
    source_language: str
    target_language: str
    score: float
    origin: str
    corpus: str
    document: int


class PairRow(_Pair, total=False):
    """One pair.

    `source_ids` and `target_ids` are int32[tokens], read-only views of mapped memory; their languages are BCP 47 codes.
    `score` is NaN where there is none. `origin` says how the translation came about: `human`. `document` is the number
    of the pair in its source file, from 0. `source` and `target`, the texts, are there where the shards have them.
    """

    source: str
    target: str


class PseudoRow(PairRow):
    """One pseudo pair.

    `synthetic` is the side that a machine made, `source` or `target`, and `origin` the engine. `document` is the number
    of the document in its source file, and `sentence` that of the sentence in it, from 0.
    """

    synthetic: str
    sentence: int


# Not frozen, as it takes four times as long to make one that is.
@dataclass
class Batch:
    """Some documents, ragged: the ids of row i are `input_ids[offsets[i]:offsets[i + 1]]`.

    Attributes:
        input_ids: int32[tokens], the rows' token ids one after the other.
        offsets: int64[rows + 1], from 0 to tokens.
        languages: str[rows], BCP 47 codes.
        corpora: str[rows].
        documents: int64[rows], number of the document in its source file, from 0.
    """

    input_ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    languages: NDArray[np.str_]
    corpora: NDArray[np.str_]
    documents: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.documents)


@dataclass
class PairBatch:
    """Some pairs, ragged: the ids of source i are `source_ids[source_offsets[i]:source_offsets[i + 1]]`.

    Attributes:
        source_ids, target_ids: int32[tokens], the rows' token ids one after the other.
        source_offsets, target_offsets: int64[rows + 1], from 0 to tokens.
        source_languages, target_languages: str[rows], BCP 47 codes.
        scores: float32[rows], NaN where there is none.
        origins, corpora: str[rows].
        documents: int64[rows], number of the pair in its source file, from 0.
    """

    source_ids: NDArray[np.int32]
    source_offsets: NDArray[np.int64]
    target_ids: NDArray[np.int32]
    target_offsets: NDArray[np.int64]
    source_languages: NDArray[np.str_]
    target_languages: NDArray[np.str_]
    scores: NDArray[np.float32]
    origins: NDArray[np.str_]
    corpora: NDArray[np.str_]
    documents: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.documents)


@dataclass
class PseudoBatch(PairBatch):
    """Some pseudo pairs, as a `PairBatch`.

    Attributes:
        synthetic: str[rows], the side that a machine made, `source` or `target`.
        sentences: int32[rows], number of the sentence in its document, from 0.
    """

    synthetic: NDArray[np.str_]
    sentences: NDArray[np.int32]


class _Texts:
    """The columns of text of some record batches, if all have them."""

    def __init__(self, batches: Sequence[pa.RecordBatch]):
        held = [name for name in TEXTS.values() if all(name in batch.schema.names for batch in batches)]
        self._columns = {name: TextColumn([batch[name] for batch in batches]) for name in held}

    def at(self, batch: int, row: int) -> Any:
        """The texts of one row, by column."""
        return {name: column.at(batch, row) for name, column in self._columns.items()}


class DocumentColumns:
    """The columns of some record batches of documents.

    Args:
        batches: of all files, mapped.
        sources: the file that each is of, for messages.

    Attributes:
        tokens: how many ids all rows hold.
    """

    schema: ClassVar[pa.Schema] = DOCUMENTS

    def __init__(self, batches: Sequence[pa.RecordBatch], sources: Sequence[str]):
        memory = Memory(batches)
        self._input_ids = ListColumn(memory, [batch["input_ids"] for batch in batches], sources)
        self._languages = NameColumn(memory, [batch["language"] for batch in batches])
        self._corpora = NameColumn(memory, [batch["corpus"] for batch in batches])
        self._documents = NumberColumn(memory, [batch["document"] for batch in batches])
        self._texts = _Texts(batches)
        self.tokens = self._input_ids.length

    def at(self, batch: int, row: int) -> Row:
        """One row, by its record batch and its number in that."""
        return Row(
            input_ids=self._input_ids.at(batch, row),
            language=self._languages.at(batch, row),
            corpus=self._corpora.at(batch, row),
            document=self._documents.at(batch, row),
            **self._texts.at(batch, row),
        )

    def take(self, batches: Rows, rows: Rows) -> Batch:
        """Some rows, in the order given."""
        return next(self.split(batches, rows, max(1, len(rows))))

    def split(self, batches: Rows, rows: Rows, step: int) -> Iterator[Batch]:
        """The same, `step` rows at a time; of no rows, one batch. Ids are gathered when they are asked for."""
        return map(
            Batch,
            *self._input_ids.split(batches, rows, step),
            cut(self._languages.take(batches, rows), step),
            cut(self._corpora.take(batches, rows), step),
            cut(self._documents.take(batches, rows), step),
        )


class PairColumns:
    """The columns of some record batches of pairs; as `DocumentColumns`."""

    schema: ClassVar[pa.Schema] = PAIRS

    def __init__(self, batches: Sequence[pa.RecordBatch], sources: Sequence[str]):
        memory = Memory(batches)

        def named(name: str) -> NameColumn:
            return NameColumn(memory, [batch[name] for batch in batches])

        self._source_ids = ListColumn(memory, [batch["source_ids"] for batch in batches], sources)
        self._target_ids = ListColumn(memory, [batch["target_ids"] for batch in batches], sources)
        self._source_languages, self._target_languages = named("source_language"), named("target_language")
        self._scores = NumberColumn(memory, [batch["score"] for batch in batches], np.float32)
        self._origins, self._corpora = named("origin"), named("corpus")
        self._documents = NumberColumn(memory, [batch["document"] for batch in batches])
        self._texts = _Texts(batches)
        self.tokens = self._source_ids.length + self._target_ids.length

    def at(self, batch: int, row: int) -> PairRow:
        """One row, by its record batch and its number in that."""
        return PairRow(
            source_ids=self._source_ids.at(batch, row),
            target_ids=self._target_ids.at(batch, row),
            source_language=self._source_languages.at(batch, row),
            target_language=self._target_languages.at(batch, row),
            score=self._scores.at(batch, row),
            origin=self._origins.at(batch, row),
            corpus=self._corpora.at(batch, row),
            document=self._documents.at(batch, row),
            **self._texts.at(batch, row),
        )

    def take(self, batches: Rows, rows: Rows) -> PairBatch:
        """Some rows, in the order given."""
        return next(self.split(batches, rows, max(1, len(rows))))

    def split(self, batches: Rows, rows: Rows, step: int) -> Iterator[PairBatch]:
        """The same, `step` rows at a time; of no rows, one batch. Ids are gathered when they are asked for."""
        return map(PairBatch, *self._parts(batches, rows, step))

    def _parts(self, batches: Rows, rows: Rows, step: int) -> Iterator[Iterator[Any]]:
        """Each attribute of the batches, in the order of `PairBatch`."""
        yield from self._source_ids.split(batches, rows, step)
        yield from self._target_ids.split(batches, rows, step)
        for column in (
            self._source_languages,
            self._target_languages,
            self._scores,
            self._origins,
            self._corpora,
            self._documents,
        ):
            yield cut(column.take(batches, rows), step)


class PseudoColumns(PairColumns):
    """The columns of some record batches of pseudo pairs; as `DocumentColumns`."""

    schema: ClassVar[pa.Schema] = PSEUDO

    def __init__(self, batches: Sequence[pa.RecordBatch], sources: Sequence[str]):
        super().__init__(batches, sources)
        memory = Memory(batches)
        self._synthetic = NameColumn(memory, [batch["synthetic"] for batch in batches])
        self._sentences = NumberColumn(memory, [batch["sentence"] for batch in batches], np.int32)

    def at(self, batch: int, row: int) -> PseudoRow:
        """One row, by its record batch and its number in that."""
        synthetic, sentence = self._synthetic.at(batch, row), self._sentences.at(batch, row)
        return PseudoRow(**super().at(batch, row), synthetic=synthetic, sentence=sentence)

    def split(self, batches: Rows, rows: Rows, step: int) -> Iterator[PseudoBatch]:
        """As that of `PairColumns`."""
        return map(PseudoBatch, *self._parts(batches, rows, step))

    def _parts(self, batches: Rows, rows: Rows, step: int) -> Iterator[Iterator[Any]]:
        yield from super()._parts(batches, rows, step)
        yield cut(self._synthetic.take(batches, rows), step)
        yield cut(self._sentences.take(batches, rows), step)


class MixedColumns(PseudoColumns):
    """The columns of pairs and pseudo pairs together; of a pair `synthetic` is empty and `sentence` -1."""

    def __init__(self, batches: Sequence[pa.RecordBatch], sources: Sequence[str]):
        most = max((batch.num_rows for batch in batches), default=0)
        # One column serves all batches.
        neither = pa.DictionaryArray.from_arrays(np.zeros(most, np.int16), pa.array([""]))
        none = pa.array(np.full(most, -1, np.int32))

        def whole(batch: pa.RecordBatch) -> pa.RecordBatch:
            if "synthetic" in batch.schema.names:
                return batch
            rows = batch.num_rows
            return batch.append_column("synthetic", neither[:rows]).append_column("sentence", none[:rows])

        super().__init__([whole(batch) for batch in batches], sources)


COLUMNS: dict[str, type[DocumentColumns | PairColumns]] = {
    "documents": DocumentColumns,
    "pairs": PairColumns,
    "pseudo": PseudoColumns,
    "pairs+pseudo": MixedColumns,
}
"""Kind of shards -> its columns."""
