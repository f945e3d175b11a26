"""Token ids to shards: draw an order, gather rows into shards, without moving text.

A row is a document or a pair, of which language means its pair of languages.

The order is a plan: which rows of which parts make shard k, per language. A shard is then gathered from mapped token
files. A full shuffle of a corpus that does not fit in memory would read every part for every shard; so the parts of a
language are shuffled, cut into windows of `WINDOW` parts, and the documents of a window shuffled among themselves. A
language of at most `WINDOW` parts (2 GiB of text) is shuffled as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from babelmill.format import (
    DOCUMENTS,
    PAIRS,
    PSEUDO,
    TEXTS,
    File,
    Ledger,
    with_text,
)
from babelmill.mapped import ListColumn, Memory, NumberColumn, TextColumn
from transforms.journal import Record, Task, kind_of
from transforms.parts import Part, constant, lists, names
from transforms.signatures import open_cached
from transforms.storage import WorkDirectory
from transforms.tokens import id_columns, languages_of
from vocab.sampling import document_keys

WINDOW = 64
"""Parts whose documents are shuffled together."""

ORDER = pa.schema([("part", pa.int32()), ("row", pa.int32())])
"""A row of a language's order: which part, which row of its token file. The schema's metadata list the `parts`."""

BATCH_TOKENS = 1 << 18
"""Tokens in a record batch of a shard: 1 MiB."""

HUMAN = "human"
"""Origin of pairs whose translation was found, not made here."""


TOLD = {"corpus": 0, "origin": 2, "synthetic": 3}
"""Columns that are the same in all rows of a part -> where it is in the order's list of parts."""


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

    The task's job: `language` (of pairs `languages`, too) and `parts`, a list of [corpus, token file] in canonical
    order; of pseudo pairs [corpus, token file, origin, the side that a machine made].

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
            facts={**languages_of(task), "cuts": cuts},
        )

    def _columns(self, work: WorkDirectory, language: str, parts: Sequence) -> tuple[np.ndarray, ...]:
        """For each document of the language: part, row, key of its text, tokens, key that orders it."""
        columns: list[tuple[Any, ...]] = [
            (
                np.zeros(0, np.int32),
                np.zeros(0, np.int32),
                np.zeros(0, np.uint64),
                np.zeros(0, np.int64),
                np.zeros(0, np.uint64),
            )
        ]
        for number, (corpus, file, *_) in enumerate(parts):
            start = 0
            for batch in Part.open(work, File(**file)).batches():
                n = batch.num_rows
                documents = batch.column("document").to_numpy()
                lengths = [np.diff(_offsets(batch.column(name))) for name in id_columns(batch.schema)]
                columns.append(
                    (
                        np.full(n, number, np.int32),
                        np.arange(start, start + n, dtype=np.int32),
                        batch.column("key").to_numpy(),
                        np.stack(lengths).sum(axis=0, dtype=np.int64),
                        document_keys(seed=self.seed, corpus=corpus, language=language, documents=documents),
                    )
                )
                start += n
        return tuple(np.concatenate(column) for column in zip(*columns, strict=True))


@dataclass(frozen=True, kw_only=True)
class GatherShard:
    """Does one task of `shards`: gathers the rows of one shard from mapped token files.

    The task's job: `language` (of pairs `languages`, too), `order` (the language's order file), `start` and `stop`
    (rows of it).

    Attributes:
        text: whether token files and shards have the text beside the ids.
    """

    text: bool = False

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Write the shard."""
        order = open_cached(work, File(**task.job["order"]))
        parts = json.loads(order.reader.schema.metadata[b"parts"])
        rows = order.take(np.arange(task.job["start"], task.job["stop"]), ["part", "row"])
        part, row = (rows.column(name).to_numpy() for name in ("part", "row"))
        schema, same = _schema_of(task, text=self.text)
        gathered = _gather(work, parts, part, row.astype(np.int64), schema)
        told = {name: [found[place] for found in parts] for name, place in TOLD.items() if len(parts[0]) > place}
        tokens = gathered.tokens()
        with work.write_arrow(f"shards/{task.name}.arrow", schema) as writer:
            rows_per_batch = max(1, BATCH_TOKENS * part.size // max(tokens, 1))
            for start in range(0, part.size, rows_per_batch):
                chosen = slice(start, min(start + rows_per_batch, part.size))
                columns = gathered.rows(chosen)
                columns |= {name: constant(value, chosen.stop - start) for name, value in same.items()}
                columns |= {name: _told(values, part[chosen]) for name, values in told.items()}
                writer.write(pa.record_batch([columns[name] for name in schema.names], schema=schema))
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files={"shard": writer.file},
            ledger={task.job["language"]: Ledger(documents=part.size, kept=part.size, tokens=tokens)},
        )


def _schema_of(task: Task, *, text: bool) -> tuple[pa.Schema, dict[str, str]]:
    """The schema of a shard, and what is the same in all of its rows."""
    kind, job = kind_of(task.name), task.job
    schema = {"documents": DOCUMENTS, "pairs": PAIRS, "pseudo": PSEUDO}[kind]
    if kind == "documents":
        same = {"language": job["language"]}
    else:
        same = dict(zip(("source_language", "target_language"), job["languages"], strict=True))
        same |= {"origin": HUMAN} if kind == "pairs" else {}
    return with_text(schema) if text else schema, same


def _told(values: Sequence[str], part: np.ndarray) -> pa.DictionaryArray:
    """A column of what is the same in all rows of a part: `values[part[i]]` in row i."""
    different = sorted(set(values))
    return names(np.array([different.index(value) for value in values], np.int16)[part], different)


@dataclass(frozen=True)
class Gathered:
    """Rows of mapped token files in the order of a shard, of the columns that it has too.

    Attributes:
        ids, numbers, texts: by column, those of all batches.
        batch, row: int64, where each row of the shard is.
    """

    ids: dict[str, ListColumn]
    numbers: dict[str, NumberColumn]
    texts: dict[str, TextColumn]
    batch: np.ndarray
    row: np.ndarray

    def tokens(self) -> int:
        """How many ids all rows have."""
        return sum(int(column.lengths(self.batch, self.row).sum()) for column in self.ids.values())

    def rows(self, chosen: slice) -> dict[str, pa.Array]:
        """Columns of some rows."""
        where = self.batch[chosen], self.row[chosen]
        columns: dict[str, pa.Array] = {name: lists(*column.take(*where)) for name, column in self.ids.items()}
        columns |= {name: pa.array(column.take(*where)) for name, column in self.numbers.items()}
        return columns | {name: column.take(*where) for name, column in self.texts.items()}


def _gather(work: WorkDirectory, parts: Sequence, part: np.ndarray, row: np.ndarray, schema: pa.Schema) -> Gathered:
    """Rows of token files.

    Args:
        work: the work directory.
        parts: [corpus, token file, ...] of each part.
        part, row: which rows of which parts, in the order wanted.
        schema: of the shard.
    """
    wanted = {"document": np.int64, "score": np.float32, "sentence": np.int32}
    chosen = [name for name in schema.names if name in (*TEXTS, *TEXTS.values(), *wanted)]
    batches: list[pa.RecordBatch] = []
    paths: list[str] = []
    batch, local = np.empty(part.size, np.int64), np.empty(part.size, np.int64)
    for number in np.unique(part):
        file = File(**parts[number][1])
        source, mine = open_cached(work, file), np.flatnonzero(part == number)
        within = np.searchsorted(source.starts, row[mine], side="right") - 1
        batch[mine], local[mine] = within + len(batches), row[mine] - source.starts[within]
        batches += [found.select(chosen) for found in source.batches()]
        paths += [work.address(file.path)] * (len(batches) - len(paths))
    memory, arrays = Memory(batches), {name: [found.column(name) for found in batches] for name in chosen}
    return Gathered(
        {name: ListColumn(memory, arrays[name], paths) for name in chosen if name in TEXTS},
        {name: NumberColumn(memory, arrays[name], of) for name, of in wanted.items() if name in chosen},
        {name: TextColumn(arrays[name]) for name in chosen if name in TEXTS.values()},
        batch,
        local,
    )
