"""From kept documents to the vocabulary: a sample drawn part by part, then one model for all languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from babelmill.format import SAMPLE, File, Ledger
from transforms.journal import Record, Task
from transforms.parts import Part, byte_lengths, constant, kept_mask, removed_rows
from transforms.storage import STATE, WorkDirectory
from vocab.encoding import Encoder
from vocab.export import differences, tokenizer_json
from vocab.inspection import Fertility, fertility
from vocab.sampling import cut, document_keys
from vocab.training import TrainingOptions, train

MEASURED = 2_000
"""Documents of a language, at most, on which fertility and the exported tokenizer are measured."""


@dataclass(frozen=True, kw_only=True)
class SamplePart:
    """Does one task of `sample`: the kept documents of a part whose keys are small enough.

    The task's job: `language`, `below` (a key), and `files`.

    Attributes:
        seed: of the run.
    """

    seed: int

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Write them; the documents that the sample needs are among them."""
        files = {role: File(**file) for role, file in task.job["files"].items()}
        corpus, language = task.name.split("/")[0], task.job["language"]
        part = Part.open(work, files["part"])
        kept = kept_mask(part.rows, removed_rows(work, files.get("rejects"), files.get("removals")))
        ledger = Ledger(documents=int(kept.sum()))
        with work.write_arrow(f"vocab/sample/{task.name}.arrow", SAMPLE) as writer:
            for batch in part.kept(kept, ["document", "text"]):
                numbers = batch.column("document").to_numpy()
                keys = document_keys(seed=self.seed, corpus=corpus, language=language, documents=numbers)
                rows = np.flatnonzero(keys < np.uint64(task.job["below"]))
                texts = batch.column("text").take(pa.array(rows))
                columns = [pa.array(keys[rows]), constant(language, rows.size), texts]
                writer.write(pa.record_batch(columns, schema=SAMPLE))
                ledger.kept += rows.size
                ledger.bytes += int(byte_lengths(texts).sum())
        ledger.dropped = {"not_drawn": ledger.documents - ledger.kept}
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files={"part": writer.file},
            ledger={language: ledger},
            facts={"language": language},
        )
