"""The second half of `babelmill backtranslate`: sentences are translated, and what comes out is judged."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from babelmill.format import digest
from pipelines.backtranslate import BacktranslationStage, dealt, sentences_of
from pipelines.clean import Clean
from pipelines.engines import Chooser, engine_of
from pipelines.learn import Learn
from pipelines.stage import NotReady, Stage
from transforms.clean import spoken_language
from transforms.errors import InputError
from transforms.filters.ratio import DEFAULT_RATIO, LengthRatio
from transforms.journal import PSEUDO, Record, Task
from transforms.pseudo import SiftPart, TranslatePart
from transforms.pseudo_filters import PseudoRules, least_score
from transforms.storage import WorkDirectory

BATCHING = {"apertium": {"tokens": 1 << 17, "window": 8192}}
"""Batches of engines for which others than usual are better."""


class Translate(BacktranslationStage):
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
                if choice.spec:
                    job |= {"engine": choice.spec, "batching": self._batching(choice.spec["name"])}
                else:
                    job |= {"problem": choice.problem}
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

    def _batching(self, engine: str) -> dict[str, int]:
        """How batches are cut for a kind of engine."""
        usual = BATCHING.get(engine, {})
        return {**usual, "tokens": self.section.batch} if self.section.batch else usual

    def function(self) -> Any:
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

    def expand(self, tasks: Any, root: str, plan: str, stop: bool) -> Any:
        """By Beam's RunInference, whose model are the engines that a worker has."""
        from transforms.inference import TranslateTasks

        return tasks | "Translate" >> TranslateTasks(stage=self.name, root=root, function=self.function(), stop=stop)


class Translating:
    """Does one task of `translate`, or says why nobody can.

    Args:
        part: what does it.
    """

    def __init__(self, part: TranslatePart):
        self._part = part

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Do one task."""
        if "problem" in task.job:
            raise InputError(task.job["problem"])
        return self._part(work, task)


class Sift(BacktranslationStage):
    """One task a translated part."""

    name = "sift"
    folder = "sift"
    owned = ("rejects/sift",)

    def parameters(self) -> dict[str, Any]:
        """The section `backtranslation.filters`."""
        return self.section.filters.model_dump(mode="json")

    def tasks(self) -> list[Task]:
        """One task a part; its rules hold what was learnt of its pair of languages and of its engine."""
        records, ratios = Translate(self.config, self.work).succeeded(), self._ratios()
        scores: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for record in records:
            scores.setdefault(_group(record), []).append(record.facts["scores"])
        least = {group: least_score(parts, self.section.filters.worst) for group, parts in scores.items()}
        found = []
        for record in records:
            languages, part = record.facts["languages"], record.files["part"]
            spoken = [spoken_language(tag, Clean(self.config, self.work).measures.model) for tag in languages]
            ratio = ratios.get(record.facts["language"], DEFAULT_RATIO)
            made = record.facts["synthetic"]
            rules = replace(PseudoRules.of(*spoken, synthetic=made, ratio=ratio), score=least[_group(record)]).to_json()
            found.append(
                Task(
                    name=record.name,
                    parameters=self.digest(rules=rules),
                    inputs=digest([part.sha256]),
                    size=part.bytes,
                    job={"languages": languages, "part": asdict(part), "rules": rules},
                )
            )
        return found

    def _ratios(self) -> dict[str, LengthRatio]:
        """How long translations are, as was learnt of pairs that people made."""
        try:
            learnt = Learn(self.config, self.work).succeeded()
        except NotReady:
            return {}
        return {record.facts["language"]: LengthRatio.from_json(record.facts["ratio"]) for record in learnt}

    def function(self) -> SiftPart:
        """Judges one part."""
        return SiftPart()


def _group(record: Record) -> tuple[str, ...]:
    """What the scores of a part can be compared with: those of the same engine, languages and direction."""
    facts = record.facts
    return facts["language"], facts["synthetic"], facts["engine"]["engine"], str(facts["engine"]["sha256"])


def pseudo_parts(stage: Stage) -> list[tuple[Record, dict[str, Any]]]:
    """Translated parts, with the lists of what was taken out of them."""
    if not Sift(stage.config, stage.work).wanted():
        return []
    sifted = {record.name: record for record in Sift(stage.config, stage.work).succeeded()}
    found = []
    for record in Translate(stage.config, stage.work).succeeded():
        if record.name in sifted:
            rejects = sifted[record.name].files.get("rejects")
            files = {"part": record.files["part"], **({"rejects": rejects} if rejects else {})}
            found.append((record, files))
    return found
