"""The second step of `babelmill backtranslate`: sentences are translated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from babelmill.format import digest
from pipelines.backtranslate import BacktranslationStage, dealt, sentences_of
from pipelines.clean import Clean
from pipelines.engines import Choice, Chooser, engine_of
from transforms.errors import InputError
from transforms.journal import PSEUDO, Record, Task
from transforms.pseudo import TranslatePart
from transforms.storage import WorkDirectory

BATCHING = {"apertium": {"tokens": 1 << 17, "window": 8192}}
"""Batches of engines for which others than usual are better."""


class EngineStage(BacktranslationStage):
    """What the stages share in which engines translate."""

    def asked(self, choice: Choice) -> dict[str, Any]:
        """A part of a task's job: who translates, in which batches; or why nobody does."""
        if choice.spec is None:
            return {"problem": choice.problem}
        batching = BATCHING.get(choice.spec["name"], {})
        tokens = {"tokens": self.section.batch} if self.section.batch else {}
        return {"engine": choice.spec, "batching": {**batching, **tokens}}

    def expand(self, tasks: Any, root: str, plan: str, stop: bool) -> Any:
        """By Beam's RunInference, whose model are the engines that a worker has."""
        from transforms.inference import TranslateTasks

        return tasks | "Translate" >> TranslateTasks(stage=self.name, root=root, function=self.function(), stop=stop)


class Translate(EngineStage):
    """One task a part of sentences and a language that they are translated into."""

    name = "translate"
    folder = PSEUDO
    owned = (PSEUDO, "rejects/translate")

    def parameters(self) -> dict[str, Any]:
        """The seed, and how what comes out is measured."""
        clean = Clean(self.config, self.work)
        return {
            "seed": self.config.seed,
            "form": self.config.clean.form,
            "model_sha256": clean.parameters()["model_sha256"],
        }

    @property
    def given_model(self) -> str | None:
        """Path of the fastText model, unless it is the one that comes along."""
        return Clean(self.config, self.work).given_model

    def tasks(self) -> list[Task]:
        """One task a part and language; a pair that nobody serves is a task that fails."""
        targets, sizes, chooser, found = self.targets(), self.sizes(), Chooser(self), []
        for record, below in sentences_of(self):
            source, sentences = record.facts["language"], record.files["part"]
            shares = dealt(targets[source], sizes, alpha=self.section.alpha, below=below)
            corpus, code, part = record.name.split("/")
            for target, (first, last) in shares.items():
                choice = chooser.choose(source, target)
                job = {"source": source, "target": target, "sentences": asdict(sentences), "first": first, "last": last}
                job |= self.asked(choice)
                found.append(
                    Task(
                        name=f"{PSEUDO}/{corpus}/{code}-{target}/{part}",
                        parameters=self.digest(tag=choice.tag, keys=[first, last], batching=job.get("batching")),
                        inputs=digest([sentences.sha256]),
                        size=sentences.bytes,
                        job=job,
                    )
                )
        return found

    def function(self) -> Translating:
        """Translates one part."""
        measures = Clean(self.config, self.work).measures
        part = TranslatePart(
            seed=self.config.seed,
            form=measures.form,
            model=measures.model,
            file=self.model_file,
            engine=engine_of,
        )
        return Translating(part)


class Translating:
    """Does one task of an `EngineStage`, or says why nobody can.

    Args:
        part: what does it.
    """

    def __init__(self, part: Callable[[WorkDirectory, Task], Record]):
        self._part = part

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Do one task."""
        if "problem" in task.job:
            raise InputError(task.job["problem"])
        return self._part(work, task)
