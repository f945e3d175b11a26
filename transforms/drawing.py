"""Which sentences are translated: cut from kept documents, and drawn by keys, so that the parts make no difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from babelmill.format import SENTENCES, File, Ledger
from transforms.journal import Record, Task, corpus_of
from transforms.languages import language
from transforms.parts import Part
from transforms.sentences import sentences
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
        spoken, corpus = language(task.job["language"], strict=False), corpus_of(task.name)
        part, kept = kept_of(work, task.job["files"])
        ledger = Ledger(dropped={"too_short": 0, "too_long": 0})
        with work.write_arrow(f"sentences/{task.name}.arrow", SENTENCES) as writer:
            for start, batch in zip(part.starts, part.batches(), strict=False):
                documents = batch.column("document").to_numpy()
                keys = document_keys(seed=self.seed, corpus=corpus, language=spoken.bcp47, documents=documents)
                drawn = np.flatnonzero(kept[start : start + batch.num_rows] & (keys < np.uint64(task.job["below"])))
                if drawn.size:
                    found = sentences(batch.column("text").take(pa.array(drawn)), spoken)
                    chosen = self._chosen(found.column("text"), ledger)
                    rows, numbers = drawn[found.column("row").take(chosen)], found.column("sentence").take(chosen)
                    columns = [
                        pa.array(documents[rows]),
                        numbers,
                        pa.array(self._keys(corpus, spoken.bcp47, documents[rows], numbers.to_numpy())),
                        found.column("text").take(chosen),
                    ]
                    writer.write(pa.record_batch(columns, schema=SENTENCES))
        ledger.dropped = {reason: count for reason, count in ledger.dropped.items() if count}
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files={"part": writer.file},
            ledger={spoken.bcp47: ledger},
            facts={"language": spoken.bcp47, "code": task.job["code"], "corpus": corpus},
        )

    def _keys(self, corpus: str, spoken: str, documents: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """A key for each sentence, uint64 (n,), by which it is drawn, whatever that of its document is."""
        # No document has a million sentences.
        places = documents << 20 | numbers
        return document_keys(seed=self.seed, corpus=corpus, language=f"{spoken}, a sentence", documents=places)

    def _chosen(self, texts: pa.StringArray, ledger: Ledger) -> pa.Int64Array:
        """Rows of the sentences whose length will do; the others are counted."""
        characters = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
        short, long = characters < self.shortest, characters > self.longest
        chosen = np.flatnonzero(~short & ~long)
        ledger.documents += characters.size
        ledger.kept += chosen.size
        ledger.dropped["too_short"] += int(short.sum())
        ledger.dropped["too_long"] += int(long.sum())
        return pa.array(chosen)


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
        spoken: str = task.job["language"]
        keys = np.concatenate([np.zeros(0, np.uint64), *(_keys(work, File(**file)) for file in task.job["parts"])])
        below = int(np.partition(keys, self.count)[self.count]) if keys.size > self.count else 2**64 - 1
        drawn = int((keys < np.uint64(below)).sum())
        facts: dict[str, Any] = {"language": spoken, "below": below, "drawn": drawn}
        ledger = Ledger(documents=keys.size, kept=drawn, dropped={"not_drawn": keys.size - drawn})
        if not ledger.dropped["not_drawn"]:
            ledger.dropped = {}
        return Record(
            name=task.name, parameters=task.parameters, inputs=task.inputs, ledger={spoken: ledger}, facts=facts
        )


def _keys(work: WorkDirectory, file: File) -> np.ndarray:
    found = [batch.column("key").to_numpy() for batch in Part.open(work, file).batches()]
    return np.concatenate([np.zeros(0, np.uint64), *found])
