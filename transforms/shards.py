"""Documents to shards without moving text: tokenize part by part, draw an order, gather rows into shards.

The order is a plan: which rows of which parts make shard k, per language. A shard is then gathered from mapped token
files. A full shuffle of a corpus that does not fit in memory would read every part for every shard; so the parts of a
language are shuffled, cut into windows of `WINDOW` parts, and the documents of a window shuffled among themselves. A
language of at most `WINDOW` parts (2 GiB of text) is shuffled as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from babelmill.format import DOCUMENTS, TOKENS, File, Ledger
from babelmill.mapped import ListColumn, Memory, NumberColumn
from transforms.journal import Record, Task
from transforms.parts import Part, constant, kept_mask, lists, names, removed_rows
from transforms.signatures import open_cached
from transforms.storage import WorkDirectory
from vocab.encoding import load
from vocab.sampling import document_keys

WINDOW = 64
"""Parts whose documents are shuffled together."""

ORDER = pa.schema([("part", pa.int32()), ("row", pa.int32())])
"""A row of a language's order: which part, which row of its token file. The schema's metadata list the `parts`."""

BATCH_TOKENS = 1 << 18
"""Tokens in a record batch of a shard: 1 MiB."""


@dataclass(frozen=True, kw_only=True)
class EncodePart:
    """Does one task of `tokens`: the kept documents of a clean part become token ids.

    The task's job: `language`, and the files `part`, `signatures`, `rejects` and `removals` (the last two may be null).

    Attributes:
        model: the SentencePiece model in the work directory.
    """

    model: File

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Tokenize what neither cleaning nor deduplication took out."""
        files = {role: File(**file) for role, file in task.job["files"].items() if file}
        part, signatures = Part.open(work, files["part"]), Part.open(work, files["signatures"])
        kept = kept_mask(part.rows, removed_rows(work, files.get("rejects"), files.get("removals")))
        keys = np.concatenate([np.zeros(0, np.uint64), *map(_hash_keys, signatures.batches())])
        encoder, ledger, start = load(work.local(self.model)), Ledger(documents=int(kept.sum())), 0
        with work.write_arrow(f"tokens/{task.name}.arrow", TOKENS) as writer:
            for batch in part.batches():
                rows = start + np.flatnonzero(kept[start : start + batch.num_rows])
                chosen = batch.take(pa.array(rows - start))
                ids = encoder.encode(chosen.column("text"))
                columns = [pa.array(rows, pa.int32()), chosen.column("document"), pa.array(keys[rows]), ids]
                writer.write(pa.record_batch(columns, schema=TOKENS))
                ledger.kept += rows.size
                ledger.tokens += len(ids.flatten())
                ledger.bytes += int(np.diff(_offsets(chosen.column("text"))).sum())
                start += batch.num_rows
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files={"part": writer.file},
            ledger={task.job["language"]: ledger},
            facts={"language": task.job["language"]},
        )


def _hash_keys(batch: pa.RecordBatch) -> np.ndarray:
    """The first 64 bits of the folded texts' hashes: equal texts have equal keys."""
    column = batch.column("hash")
    return np.frombuffer(column.buffers()[1], np.uint64, 2 * len(column), 16 * column.offset)[::2]


def _offsets(texts: pa.Array) -> np.ndarray:
    return np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]


def windows(parts: int, *, seed: int, language: str) -> list[np.ndarray]:
    """The parts of a language (numbers from 0) in an order drawn from the seed, cut into windows."""
    keys = document_keys(seed=seed, corpus="windows", language=language, documents=np.arange(parts))
    order = np.argsort(keys, kind="stable")
    return [order[start : start + WINDOW] for start in range(0, parts, WINDOW)]


def held_out(keys: np.ndarray, *, most: int, seed: int) -> np.ndarray:
    """Which documents of a language are held out for validation: bool (n,).

    Those with the smallest keys drawn from the seed and the text's hash, at most `most` and at most a tenth. Equal
    texts share a key and stay on one side: of such a group at the edge none is taken.

    Args:
        keys: uint64 (n,), the first 64 bits of each folded text's hash.
        most: documents to hold out.
        seed: of the run.
    """
    drawn = document_keys(seed=seed, corpus="validation", language="", documents=keys)
    count = min(most, drawn.size // 10)
    if count == 0:
        return np.zeros(drawn.size, bool)
    edge = np.partition(drawn, count)[count]
    return drawn < edge


def cut(lengths: np.ndarray, most: int) -> np.ndarray:
    """Where to cut documents, in order, into shards of at most `most` tokens: int64 row numbers, first 0, last n.

    A document longer than that is a shard by itself.

    Example: lengths=[3, 3, 5, 9, 1], most=6 -> [0, 2, 3, 4, 5]
    """
    ends = np.cumsum(lengths, dtype=np.int64)
    cuts, start = [0], 0
    while start < lengths.size:
        before = ends[start - 1] if start else 0
        start = max(int(np.searchsorted(ends, before + most, side="right")), start + 1)
        cuts.append(start)
    return np.array(cuts, np.int64)


@dataclass(frozen=True, kw_only=True)
class OrderLanguage:
    """Does one task of `order`: draws the order of a language's documents and cuts it into shards.

    The task's job: `language` and `parts`, a list of [corpus, token file] in canonical order.

    Attributes:
        seed: of the run.
        tokens: upper bound of a shard.
        validation: documents to hold out.
    """

    seed: int
    tokens: int
    validation: int

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Write the order; the facts say where it is cut."""
        language, parts = task.job["language"], task.job["parts"]
        part, row, key, length, drawn = self._columns(work, language, parts)
        out = held_out(key, most=self.validation, seed=self.seed)
        window = np.empty(len(parts), np.int64)
        for number, members in enumerate(windows(len(parts), seed=self.seed, language=language)):
            window[members] = number
        order = np.lexsort((row, part, drawn, window[part] if part.size else part))
        cuts = {}
        schema = ORDER.with_metadata({"parts": json.dumps(parts, sort_keys=True)})
        with work.write_arrow(f"order/{task.name}.arrow", schema) as writer:
            for split, chosen in (("train", order[~out[order]]), ("validation", order[out[order]])):
                cuts[split] = (writer.rows + cut(length[chosen], self.tokens)).tolist()
                columns = [pa.array(part[chosen], pa.int32()), pa.array(row[chosen], pa.int32())]
                writer.write(pa.record_batch(columns, schema=schema))
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files={"order": writer.file},
            ledger={language: Ledger(documents=part.size, kept=part.size, tokens=int(length.sum()))},
            facts={"language": language, "cuts": cuts},
        )

    def _columns(self, work: WorkDirectory, language: str, parts: Sequence) -> tuple[np.ndarray, ...]:
        """For each document of the language: part, row, key of its text, tokens, key that orders it."""
        columns: list[tuple[np.ndarray, ...]] = [
            (
                np.zeros(0, np.int32),
                np.zeros(0, np.int32),
                np.zeros(0, np.uint64),
                np.zeros(0, np.int64),
                np.zeros(0, np.uint64),
            )
        ]
        for number, (corpus, file) in enumerate(parts):
            start = 0
            for batch in Part.open(work, File(**file)).batches():
                n = batch.num_rows
                documents = batch.column("document").to_numpy()
                columns.append(
                    (
                        np.full(n, number, np.int32),
                        np.arange(start, start + n, dtype=np.int32),
                        batch.column("key").to_numpy(),
                        np.diff(_offsets(batch.column("input_ids"))).astype(np.int64),
                        document_keys(seed=self.seed, corpus=corpus, language=language, documents=documents),
                    )
                )
                start += n
        return tuple(np.concatenate(column) for column in zip(*columns, strict=True))


@dataclass(frozen=True, kw_only=True)
class GatherShard:
    """Does one task of `shards`: gathers the rows of one shard from mapped token files.

    The task's job: `language`, `order` (the language's order file), `start` and `stop` (rows of it).
    """

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Write the shard."""
        language = task.job["language"]
        order = open_cached(work, File(**task.job["order"]))
        parts = json.loads(order.reader.schema.metadata[b"parts"])
        rows = order.take(np.arange(task.job["start"], task.job["stop"]), ["part", "row"])
        part, row = (rows.column(name).to_numpy() for name in ("part", "row"))
        documents, ids, offsets = _gather(work, parts, part, row.astype(np.int64))
        corpora = sorted({corpus for corpus, _ in parts})
        corpus = np.array([corpora.index(corpus) for corpus, _ in parts], np.int16)[part]
        with work.write_arrow(f"shards/{task.name}.arrow", DOCUMENTS) as writer:
            rows_per_batch = max(1, BATCH_TOKENS * part.size // max(ids.size, 1))
            for start in range(0, part.size, rows_per_batch):
                chosen = slice(start, start + rows_per_batch)
                bounds = offsets[start : start + rows_per_batch + 1]
                columns = [
                    lists(ids[bounds[0] : bounds[-1]], bounds - bounds[0]),
                    constant(language, len(bounds) - 1),
                    names(corpus[chosen], corpora),
                    pa.array(documents[chosen]),
                ]
                writer.write(pa.record_batch(columns, schema=DOCUMENTS))
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files={"shard": writer.file},
            ledger={language: Ledger(documents=part.size, kept=part.size, tokens=ids.size)},
        )


def _gather(work: WorkDirectory, parts: Sequence, part: np.ndarray, row: np.ndarray) -> tuple[np.ndarray, ...]:
    """Rows of token files: document numbers, token ids one after the other, and the offsets of each row's.

    Args:
        work: the work directory.
        parts: [corpus, token file] of each part.
        part, row: which rows of which parts, in the order wanted.
    """
    batches: list[pa.RecordBatch] = []
    paths: list[str] = []
    batch, local = np.empty(part.size, np.int64), np.empty(part.size, np.int64)
    for number in np.unique(part):
        file = File(**parts[number][1])
        source, mine = open_cached(work, file), np.flatnonzero(part == number)
        within = np.searchsorted(source.starts, row[mine], side="right") - 1
        batch[mine], local[mine] = within + len(batches), row[mine] - source.starts[within]
        batches += [found.select(["document", "input_ids"]) for found in source.batches()]
        paths += [work.address(file.path)] * (len(batches) - len(paths))
    memory = Memory(batches)
    documents = NumberColumn(memory, [found.column("document") for found in batches])
    ids = ListColumn(memory, [found.column("input_ids") for found in batches], paths)
    return documents.take(batch, local), *ids.take(batch, local)
