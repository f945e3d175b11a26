"""`babelmill clean`: raw parts become normalised and measured parts, with a signature for each row.

Documents are judged in the same task; pairs in a stage of their own, `pipelines.filter`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from babelmill.format import File, digest
from pipelines.decontamination import Decontamination
from pipelines.download import Download
from pipelines.stage import Stage, usable, with_job
from transforms import langid
from transforms.clean import CleanPart, Measures, measuring_digest, spoken_language
from transforms.clean_pairs import MeasurePairs, PairMeasures
from transforms.disk import sha256_once
from transforms.journal import ByKind, Record, Task, kind_of
from transforms.rules import Rules


class Clean(Stage):
    """One task a raw part."""

    name = "clean"
    title = "clean"
    folder = "clean"
    version = 2
    owned = ("clean", "signatures", "rejects/clean", "rejects/test_sets/documents", "rejects/test_sets/paragraphs")

    def parameters(self) -> dict[str, Any]:
        """The section `clean`, the shingle's length, and the language model by its content."""
        return {
            **self.config.clean.model_dump(mode="json", exclude={"language_id": {"model"}}),
            "shingle": self.config.dedup.shingle,
            "model_sha256": self._model_sha256,
        }

    def settings(self) -> dict[str, Any]:
        """Those of documents, and how pairs are signed where there are any."""
        by = self.config.pairs.dedup.model_dump(mode="json", include={"by", "near"})
        return {**self.parameters(), **({"pairs": by} if self.config.parallel else {})}

    @cached_property
    def decontamination(self) -> Decontamination:
        """The test sets that documents are held against."""
        return Decontamination(self.config, self.work)

    def prepare(self) -> None:
        """Bring the items of the test sets into the work directory, and the model."""
        super().prepare()
        self.decontamination.publish()

    def check(self) -> None:
        """Read the test sets; load the language model, which the workers find loaded."""
        self.decontamination.check()
        if self.given_model:
            with usable("clean.language_id.model"):
                langid.load(self.given_model)

    @property
    def given_model(self) -> str | None:
        """Path of the fastText model, unless it is the one that comes along."""
        section = self.config.clean.language_id
        model = section.model if section else None
        return model if model != str(langid.bundled_model()) else None

    @property
    def measures(self) -> Measures:
        """How documents are measured, on this machine."""
        section = self.config.clean
        model = (self.given_model or langid.BUNDLED) if section.language_id else None
        return Measures(form=section.form, model=model, shingle=self.config.dedup.shingle)

    @property
    def _model_sha256(self) -> str | None:
        model = self.measures.model
        return sha256_once(Path(self.given_model or langid.bundled_model())) if model else None

    def tasks(self) -> list[Task]:
        """One task a part of every source that could be read."""
        model_sha256, measures = self._model_sha256, self.measures
        found: list[Task] = []
        for record in Download(self.config, self.work).succeeded():
            if kind_of(record.name) == "pairs":
                found += self._pairs(record)
                continue
            corpus, code = record.name.split("/")
            rules, tag = asdict(self.rules(code)), spoken_language(code, measures.model).bcp47
            cut, sought = (self.decontamination.digest([tag], drop) for drop in ("paragraph", "document"))
            for role, file in sorted(record.files.items()):
                if not role.startswith("part-"):
                    continue
                measuring = measuring_digest(measures, model_sha256, code, file, cut)
                job = {"corpus": corpus, "code": code, "part": asdict(file), "measuring": measuring, "rules": rules}
                found.append(
                    Task(
                        name=f"{corpus}/{code}/{role}",
                        parameters=digest(
                            {"version": self.version, "measuring": measuring, "rules": rules, "test_sets": sought}
                        ),
                        inputs=file.sha256,
                        size=file.bytes,
                        job=job,
                    )
                )
        return found

    def _pairs(self, record: Record) -> Iterator[Task]:
        """One task a part of a bitext."""
        languages = record.facts["languages"]
        for role, file in sorted(record.files.items()):
            measuring = self.pair_measures.digest(languages, self._model_sha256, file)
            yield Task(
                name=f"{record.name}/{role}",
                parameters=digest({"version": self.version, "measuring": measuring}),
                inputs=file.sha256,
                size=file.bytes,
                job={"languages": languages, "part": asdict(file)},
            )

    @property
    def pair_measures(self) -> PairMeasures:
        """How pairs are measured, on this machine."""
        return PairMeasures(form=self.measures.form, model=self.measures.model, by=self.config.pairs.dedup.by)

    def rules(self, code: str) -> Rules:
        """The rules by which a language's documents are judged."""
        section, spoken = self.config.clean, spoken_language(code, self.measures.model)
        asked = section.language_id
        own_threshold = asked.thresholds.get(spoken.bcp47) if asked else None
        return Rules(
            min_characters=section.characters.min,
            max_characters=section.characters.max,
            invalid_utf8=section.invalid_utf8,
            script_share=section.script.share,
            threshold=own_threshold if own_threshold is not None else asked.threshold if asked else 0.0,
            foreign_threshold=asked.foreign if asked else 1.0,
            reliable=spoken.reliable or own_threshold is not None,
            kin=spoken.kin,
        )

    def refine(self, task: Task, record: Record | None, has: Callable[[File], bool]) -> Task:
        """Spare measuring where only the judgement changes."""
        if (
            kind_of(task.name) == "pairs"
            or record is None
            or record.failure
            or record.facts.get("measuring") != task.job["measuring"]
        ):
            return task
        roles = ("part", "signatures", "paragraphs")
        files = {role: record.files[role] for role in roles if role in record.files}
        if not all(has(file) for file in files.values()):
            return task
        return with_job(task, measured={role: asdict(file) for role, file in files.items()})

    def function(self) -> ByKind:
        """Measures one part, and judges one of documents."""
        return ByKind(
            documents=CleanPart(measures=self.measures, model=self.model_file, items=self.decontamination.items_file),
            pairs=MeasurePairs(measures=self.pair_measures, model=self.model_file),
        )
