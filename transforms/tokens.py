"""Text to token ids: the kept rows of a part, documents or both sides of pairs, with what an order needs to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from babelmill.format import PAIR_TOKENS, PSEUDO_TOKENS, TEXTS, TOKENS, File, Ledger, with_text
from transforms.journal import Record, Task, kind_of
from transforms.parts import STRETCH, Part, kept_mask, removed_rows, stretches, text_bytes
from transforms.recall import Recall
from transforms.storage import WorkDirectory
from vocab.encoding import Encoder, load


@dataclass(frozen=True, kw_only=True)
class EncodePart:
    """Does one task of `tokens`: the kept documents of a clean part become token ids.

    The task's job: `language`, and the files `part`, `signatures`, `rejects` and `removals` (the last two may be null);
    of pairs also `scores`, and `languages` beside `language`.

    Attributes:
        model: the SentencePiece model in the work directory.
        text: whether the text is kept beside the ids.
    """

    model: File
    text: bool = False

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Tokenize what neither cleaning nor deduplication took out."""
        files = {role: File(**file) for role, file in task.job["files"].items() if file}
        part = Part.open(work, files["part"])
        kept = kept_mask(part.rows, removed_rows(work, files.get("rejects"), files.get("removals")))
        keys, scores = _keys(work, files), _scores(work, files.get("scores"))
        kind = kind_of(task.name)
        schema = {"documents": TOKENS, "pairs": PAIR_TOKENS, "pseudo": PSEUDO_TOKENS}[kind]
        schema = with_text(schema) if self.text else schema
        encoder, ledger = load(work.local(self.model)), Ledger(documents=int(kept.sum()))
        with work.write_arrow(f"tokens/{task.name}.arrow", schema) as writer:
            for rows, chosen, columns in self._encoded(encoder, task, part, kept, id_columns(schema)):
                ledger.tokens += sum(len(ids.flatten()) for ids in columns.values())
                columns |= {
                    "row": pa.array(rows, pa.int32()),
                    "document": chosen.column("document"),
                    "key": pa.array(keys[rows]),
                }
                if scores is not None:
                    columns["score"] = pa.array(scores[rows])
                told = [name for name in schema.names if name in ("sentence", *TEXTS.values())]
                columns |= {name: chosen.column(name) for name in told}
                if kind == "pseudo":
                    columns["score"] = chosen.column("score")
                writer.write(pa.record_batch([columns[name] for name in schema.names], schema=schema))
                ledger.kept += rows.size
                ledger.bytes += int(text_bytes(chosen).sum())
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files={"part": writer.file},
            ledger={task.job["language"]: ledger},
            facts=languages_of(task),
        )

    def _encoded(
        self, encoder: Encoder, task: Task, part: Part, kept: np.ndarray, names: Sequence[str]
    ) -> Iterator[tuple[np.ndarray, pa.RecordBatch, dict[str, pa.Array]]]:
        """Of each batch of a part the rows that are kept, int64; the batch of these; and their ids, by column."""
        start, languages = 0, task.job.get("languages")
        for stretch in stretches(part.batches(), STRETCH if languages else 0):
            starts = start + np.cumsum([0, *(batch.num_rows for batch in stretch)])
            rows = [first + np.flatnonzero(kept[first:end]) for first, end in pairwise(starts)]
            chosen = [
                batch.take(pa.array(some - first)) for batch, some, first in zip(stretch, rows, starts, strict=False)
            ]
            ids = [
                self._ids(encoder, language, [self._marked(task, batch, TEXTS[name]) for batch in chosen])
                for name, language in zip(names, languages or [None], strict=True)
            ]
            for some, batch, *columns in zip(rows, chosen, *ids, strict=True):
                yield some, batch, dict(zip(names, columns, strict=True))
            start = int(starts[-1])

    def _ids(self, encoder: Encoder, language: str | None, texts: Sequence[pa.StringArray]) -> list[pa.ListArray]:
        """The ids of some columns: of documents, or of sentences of a language, many of which come in many pairs."""
        if language is None:
            return [encoder.encode(column) for column in texts]
        found = self._recall((encoder, language), pa.concat_arrays(texts)).column("ids")
        return [found[first:end] for first, end in pairwise(np.cumsum([0, *map(len, texts)]).tolist())]

    @cached_property
    def _recall(self) -> Recall[tuple[Encoder, str]]:
        return Recall(lambda kind, texts: pa.record_batch([kind[0].encode(texts)], names=["ids"]))

    def _marked(self, task: Task, batch: pa.RecordBatch, column: str) -> pa.StringArray:
        """A column of texts; before those that a machine made comes the mark, where there is one."""
        texts, mark = batch.column(column), task.job.get("mark")
        if mark is None or column != task.job["synthetic"]:
            return texts
        return pc.binary_join_element_wise(pa.scalar(mark), texts, "")


def id_columns(schema: pa.Schema) -> list[str]:
    """The columns of token ids: one of documents, two of pairs."""
    return [name for name in schema.names if name in TEXTS]


def languages_of(task: Task) -> dict[str, Any]:
    """What later stages must know of a part's language."""
    return {name: task.job[name] for name in ("language", "languages", "synthetic", "origin") if name in task.job}


def _scores(work: WorkDirectory, file: File | None) -> np.ndarray | None:
    if file is None:
        return None
    found = [batch.column("score").to_numpy() for batch in Part.open(work, file).batches()]
    return np.concatenate([np.zeros(0, np.float32), *found])


def _keys(work: WorkDirectory, files: Mapping[str, File]) -> np.ndarray:
    """A key of each row's text, uint64: of a hash in its signature, or the one by which a sentence was drawn."""
    if "signatures" in files:
        found = [_hash_keys(batch) for batch in Part.open(work, files["signatures"]).batches()]
    else:
        found = [batch.column("key").to_numpy() for batch in Part.open(work, files["part"]).batches()]
    return np.concatenate([np.zeros(0, np.uint64), *found])


def _hash_keys(batch: pa.RecordBatch) -> np.ndarray:
    """The first 64 bits of the folded texts' hashes: equal texts have equal keys."""
    column = batch.column("hash")
    return np.frombuffer(column.buffers()[1], np.uint64, 2 * len(column), 16 * column.offset)[::2]
