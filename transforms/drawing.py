"""Which sentences are translated: cut from kept documents, and drawn by keys, so that the parts make no difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from babelmill.format import SENTENCES, File, Ledger
from transforms.journal import Record, Task, corpus_of
from transforms.parts import Part
from transforms.sentences import cut
from transforms.storage import WorkDirectory
from transforms.vocabulary import kept_of
from vocab.sampling import document_keys


@dataclass(frozen=True, kw_only=True)
class CutSentences:
    """Does one task of `sentences`: the kept documents of a part, as far as they are drawn, cut into sentences.

    The task's job: `language`, its code `code`, `files` of the clean part, and `below`, the key below which documents
    are drawn.

    Attributes:
        seed: of the run.
        shortest, longest: characters of a sentence.
    """

    seed: int
    shortest: int
    longest: int

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Write the sentences that are neither too short nor too long."""
        language, corpus = task.job["language"], corpus_of(task.name)
        part, kept = kept_of(work, task.job["files"])
        ledger = Ledger(dropped={"too_short": 0, "too_long": 0})
        with work.write_arrow(f"sentences/{task.name}.arrow", SENTENCES) as writer:
            for start, batch in zip(part.starts, part.batches(), strict=False):
                documents = batch.column("document").to_numpy()
                keys = document_keys(seed=self.seed, corpus=corpus, language=language, documents=documents)
                drawn = np.flatnonzero(kept[start : start + batch.num_rows] & (keys < np.uint64(task.job["below"])))
                if drawn.size:
                    found = cut(batch.column("text").take(pa.array(drawn)), language)
                    chosen = self._chosen(found.texts, ledger)
                    rows = drawn[found.documents[chosen]]
                    columns = [
                        pa.array(documents[rows]),
                        pa.array(found.numbers[chosen], pa.int32()),
                        pa.array(_sentence_keys(keys[rows], found.numbers[chosen])),
                        found.texts.take(pa.array(chosen)),
                    ]
                    writer.write(pa.record_batch(columns, schema=SENTENCES))
        ledger.dropped = {reason: count for reason, count in ledger.dropped.items() if count}
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files={"part": writer.file},
            ledger={language: ledger},
            facts={"language": language, "code": task.job["code"], "corpus": corpus},
        )

    def _chosen(self, texts: pa.StringArray, ledger: Ledger) -> np.ndarray:
        """Rows of the sentences whose length will do; the others are counted."""
        characters = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
        short, long = characters < self.shortest, characters > self.longest
        chosen = np.flatnonzero(~short & ~long)
        ledger.documents += characters.size
        ledger.kept += chosen.size
        ledger.dropped["too_short"] += int(short.sum())
        ledger.dropped["too_long"] += int(long.sum())
        return chosen


def _sentence_keys(keys: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """A key for each sentence from that of its document, well mixed: uint64 (n,)."""
    with np.errstate(over="ignore"):
        mixed = (keys ^ numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(29))


@dataclass(frozen=True, kw_only=True)
class DrawSentences:
    """Does one task of `draw`: of all sentences of a language, finds the key below which so many are as are wanted.

    The task's job: `language`, and `parts`, fields of `File` of each file of sentences.

    Attributes:
        count: sentences that are wanted.
    """

    count: int

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Nothing is written; the facts say the key."""
        language: str = task.job["language"]
        keys = np.concatenate([np.zeros(0, np.uint64), *(_keys(work, File(**file)) for file in task.job["parts"])])
        below = int(np.partition(keys, self.count)[self.count]) if keys.size > self.count else 2**64 - 1
        drawn = int((keys < np.uint64(below)).sum())
        facts: dict[str, Any] = {"language": language, "below": below, "drawn": drawn}
        ledger = Ledger(documents=keys.size, kept=drawn, dropped={"not_drawn": keys.size - drawn})
        if not ledger.dropped["not_drawn"]:
            ledger.dropped = {}
        return Record(
            name=task.name, parameters=task.parameters, inputs=task.inputs, ledger={language: ledger}, facts=facts
        )


def _keys(work: WorkDirectory, file: File) -> np.ndarray:
    found = [batch.column("key").to_numpy() for batch in Part.open(work, file).batches()]
    return np.concatenate([np.zeros(0, np.uint64), *found])
