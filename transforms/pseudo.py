"""Pseudo pairs: drawn sentences and their translations by a machine, measured, then judged.

Translating is the dear part, and depends on the sentences and the engine alone; a threshold that moves translates
nothing again. In a pair the language whose tag comes first is the source, as in all pairs: so the machine may have made
either side, and `synthetic` says which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from babelmill.format import PAIR_REJECTS, TRANSLATED, UNTRANSLATED, File, Ledger
from transforms import langid
from transforms.clean import spoken_language
from transforms.engines.engine import Engine
from transforms.filters.signals import PairMeasuring
from transforms.journal import Record, Task
from transforms.normalise import Form, normalise
from transforms.parts import Part, distinct, names, text_bytes
from transforms.pseudo_filters import (
    PSEUDO_SIGNALS,
    REASONS,
    PseudoRules,
    Side,
    judge_pseudo,
    measure_pseudo,
    summed_up,
)
from transforms.storage import WorkDirectory
from transforms.translating import REASON, Batching, Failure, translate

PSEUDO_PART = pa.schema([*TRANSLATED, *PSEUDO_SIGNALS])
"""A translated part: texts, the engine's score, measurements."""


@dataclass(frozen=True, kw_only=True)
class TranslatePart:
    """Does one task of `translate`: the sentences of a part that are drawn for one language.

    The task's job: `source` and `target`, BCP 47 tags; `sentences` (their file); `first` and `last`, between which
    their keys are; `engine`, what `engine` makes an engine of; and `batching`, the fields of `Batching`.

    Attributes:
        seed: of the run.
        form: Unicode normalisation form.
        model: path of a fastText model, or None for no language identification.
        file: a fastText model in the work directory, in place of `model`.
        engine: makes the engine of a task; a worker keeps those that it has.
    """

    seed: int
    form: Form
    model: str | None
    file: File | None
    engine: Callable[[WorkDirectory, Task], Engine]

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Translate and measure; what cannot be translated is listed."""
        source, target = task.job["source"], task.job["target"]
        drawn, engine = self._drawn(work, task), self.engine(work, task)
        said = translate(
            drawn.column("text").combine_chunks(),
            engine,
            source=source,
            target=target,
            name=task.name,
            seed=self.seed,
            batching=Batching(**task.job["batching"]),
            once=not engine.tag(source, target).get("sampled"),
        )
        done = np.ones(drawn.num_rows, bool)
        done[list(said.rejected)] = False
        pair = "-".join(sorted((source, target)))
        kept = drawn.filter(pa.array(done))
        files = {"part": self._write(work, task, kept, said.texts.drop_null(), said.scores[done])}
        if said.rejected:
            files["rejects"] = _write_failures(work, task, drawn, said.rejected)
        ledger = Ledger(documents=done.size, kept=int(done.sum()))
        ledger.dropped = {REASON: len(said.rejected)} if said.rejected else {}
        facts: dict[str, Any] = {
            "language": pair,
            "languages": pair_of(source, target),
            "synthetic": synthetic_of(source, target),
            "engine": engine.tag(source, target),
            "scores": summed_up(said.scores[done]),
        }
        if said.failures:
            facts["note"] = told(said.failures)
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files=files,
            ledger={pair: ledger},
            facts=facts,
        )

    def _drawn(self, work: WorkDirectory, task: Task) -> pa.Table:
        """The sentences that are this task's."""
        part = Part.open(work, File(**task.job["sentences"]))
        first, last = np.uint64(task.job["first"]), np.uint64(task.job["last"])
        keys = np.concatenate([np.zeros(0, np.uint64), *(batch.column("key").to_numpy() for batch in part.batches())])
        return part.take(np.flatnonzero((first <= keys) & (keys < last)), ["document", "sentence", "key", "text"])

    def _write(
        self, work: WorkDirectory, task: Task, drawn: pa.Table, said: pa.StringArray, scores: np.ndarray
    ) -> File:
        """Write pairs with their measurements; of pairs that are equal one is measured."""
        source, target = task.job["source"], task.job["target"]
        both = pa.record_batch([drawn.column("text").combine_chunks(), said], names=["human", "machine"])
        first, place = distinct(both, ("human", "machine"))
        human, machine = both.take(pa.array(first)).columns
        machine = normalise(machine.cast(pa.binary()), form=self.form).texts
        sides = (human, machine) if source < target else (machine, human)
        model = str(work.local(self.file)) if self.file else self.model
        measured = measured_pairs(sides, source, target, model)
        made = pa.record_batch([*sides, *measured.columns], names=["source", "target", *measured.schema.names])
        columns = [drawn.column(name).combine_chunks() for name in ("document", "sentence", "key")]
        one, other, *signals = made.take(pa.array(place)).columns
        batch = pa.record_batch([*columns, one, other, pa.array(scores), *signals], schema=PSEUDO_PART)
        with work.write_arrow(f"{task.name}.arrow", PSEUDO_PART) as writer:
            for start in range(0, max(batch.num_rows, 1), ROWS):
                writer.write(batch.slice(start, ROWS))
        return writer.file


ROWS = 1 << 13
"""Pairs in a record batch."""


def pair_of(source: str, target: str) -> list[str]:
    """Two languages in the order in which pairs have them."""
    return sorted((source, target))


def synthetic_of(source: str, target: str) -> Side:
    """Which side of a pair a machine made that translated from `source`."""
    return "target" if source < target else "source"


def measured_pairs(
    sides: tuple[pa.StringArray, pa.StringArray], source: str, target: str, model: str | None
) -> pa.RecordBatch:
    """The measurements of pairs that were translated from `source` to `target`, of schema `PSEUDO_SIGNALS`."""
    first, second = (spoken_language(tag, model) for tag in pair_of(source, target))
    identifier, synthetic = langid.load(model) if model else None, synthetic_of(source, target)
    return measure_pseudo(*sides, PairMeasuring(source=first, target=second), identifier, synthetic=synthetic)


def _write_failures(work: WorkDirectory, task: Task, drawn: pa.Table, failures: dict[int, str]) -> File:
    rows = sorted(failures)
    lost = drawn.take(pa.array(rows, pa.int64()))
    columns = [
        lost.column("document").combine_chunks(),
        lost.column("sentence").combine_chunks(),
        names(np.zeros(len(rows), np.int16), [REASON]),
        pa.array([failures[row] for row in rows], pa.string()),
        lost.column("text").combine_chunks(),
    ]
    with work.write_arrow(f"rejects/translate/{task.name}.arrow", UNTRANSLATED) as writer:
        writer.write(pa.record_batch(columns, schema=UNTRANSLATED))
    return writer.file


def told(failures: list[Failure]) -> str:
    """What was done about batches that failed, for people: the first in full.

    Args:
        failures: at least one.
    """
    first, counts = failures[0], Counter(failure.then for failure in failures)
    done = ", ".join(f"{count:,} {then}" for then, count in sorted(counts.items()))
    return f"{len(failures):,} batches failed: {done}; the first, {first.batch}, with: {first.message}"


@dataclass(frozen=True, kw_only=True)
class SiftPart:
    """Does one task of `sift`: a translated part is judged.

    The task's job: `languages`, `part` (the file), `rules`, as `PseudoRules.to_json` gives them; and `back`, where the
    translations were translated back (the file).
    """

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Write the list of pairs that are rejected."""
        rules, part = PseudoRules.from_json(task.job["rules"]), Part.open(work, File(**task.job["part"]))
        ledger, pieces, agreement = Ledger(documents=part.rows), [], _agreement(work, task)
        dropped = np.zeros(len(REASONS), np.int64)
        for start, batch in zip(part.starts, part.batches(), strict=False):
            signals, score = batch.select(PSEUDO_SIGNALS.names), batch.column("score").to_numpy()
            back = None if agreement is None else agreement[start : start + batch.num_rows]
            judged = judge_pseudo(signals, score, rules, back)
            rows = np.flatnonzero(judged.reason >= 0)
            dropped += np.bincount(judged.reason[rows], minlength=dropped.size)
            ledger.bytes += int(text_bytes(batch)[:, judged.reason < 0].sum())
            taken = batch.select(["document", "source", "target"]).take(pa.array(rows))
            columns = [
                pa.array(rows + int(start), pa.int32()),
                taken.column("document"),
                names(judged.reason[rows], REASONS),
                pa.array(judged.value[rows], pa.float32()),
                taken.column("source"),
                taken.column("target"),
            ]
            pieces.append(pa.record_batch(columns, schema=PAIR_REJECTS))
        ledger.dropped = {reason: int(count) for reason, count in zip(REASONS, dropped, strict=True) if count}
        ledger.kept = ledger.documents - int(dropped.sum())
        files = {}
        if dropped.any():
            with work.write_arrow(f"rejects/sift/{task.name}.arrow", PAIR_REJECTS) as writer:
                for piece in pieces:
                    writer.write(piece)
            files["rejects"] = writer.file
        languages = task.job["languages"]
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files=files,
            ledger={"-".join(languages): ledger},
            facts={"language": "-".join(languages), "languages": languages},
        )


def _agreement(work: WorkDirectory, task: Task) -> np.ndarray | None:
    """How well each translation's translation back agrees with the sentence, if it was asked for."""
    if "back" not in task.job:
        return None
    scores = [batch.column("round_trip").to_numpy() for batch in Part.open(work, File(**task.job["back"])).batches()]
    return np.concatenate([np.zeros(0, np.float32), *scores])
