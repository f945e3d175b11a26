"""Translations translated back: a translation from which the sentence can be told is likely one.

A machine that loses its way on the way there hardly finds back. It costs as much as translating, so it is a stage of
its own, which nothing else waits for, and whose finished parts are never done twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from babelmill.format import BACK, File, Ledger
from transforms.engines.engine import Engine
from transforms.filters.chrf import chrf
from transforms.filters.points import decoded
from transforms.journal import Record, Task
from transforms.parts import Part
from transforms.pseudo import pair_of, told
from transforms.storage import WorkDirectory
from transforms.translating import REASON, Batching, translate


@dataclass(frozen=True, kw_only=True)
class TranslateBack:
    """Does one task of `back`: what a machine made of a part's sentences is translated back, and compared with them.

    The task's job: `source` and `target`, BCP 47 tags of the way there; `part` (the translated part); `engine`, what
    `engine` makes an engine of; `batching`, the fields of `Batching`.

    Attributes:
        seed: of the run.
        engine: makes the engine of a task; a worker keeps those that it has.
    """

    seed: int
    engine: Callable[[WorkDirectory, Task], Engine]

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Translate back and compare. What the engine gives up is counted, and says nothing of the pair."""
        source, target = task.job["source"], task.job["target"]
        part = Part.open(work, File(**task.job["part"]))
        table = part.take(np.arange(part.rows), ["source", "target"])
        sides = [table.column(side).combine_chunks() for side in ("source", "target")]
        sentences, made = sides if source < target else sides[::-1]
        engine = self.engine(work, task)
        said = translate(
            made,
            engine,
            source=target,
            target=source,
            name=f"back/{task.name}",
            seed=self.seed,
            batching=Batching(**task.job["batching"]),
            once=not engine.tag(target, source).get("sampled"),
        )
        scores = chrf(decoded(said.texts.fill_null("")), decoded(sentences))
        scores[list(said.rejected)] = np.nan
        with work.write_arrow(f"back/{task.name}.arrow", BACK) as writer:
            writer.write(pa.record_batch([said.texts, pa.array(scores)], schema=BACK))
        ledger = Ledger(documents=part.rows, kept=part.rows - len(said.rejected))
        ledger.dropped = {REASON: len(said.rejected)} if said.rejected else {}
        languages = pair_of(source, target)
        facts: dict[str, Any] = {"language": "-".join(languages), "languages": languages}
        if said.failures:
            facts["note"] = told(said.failures)
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files={"part": writer.file},
            ledger={facts["language"]: ledger},
            facts=facts,
        )
