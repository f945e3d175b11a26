"""`babelmill clean`: raw parts become normalised, measured and judged parts, with a signature for each document."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from babelmill.format import digest
from pipelines.download import Download
from pipelines.stage import Stage, usable, with_job
from transforms import langid
from transforms.clean import CleanPart, Measures, measuring_digest, spoken_language
from transforms.journal import Record, Task
from transforms.rules import Rules
from transforms.storage import sha256_of


class Clean(Stage):
    """One task a raw part."""

    name = "clean"
    title = "clean"
    folder = "clean"
    owned = ("clean", "signatures", "rejects/clean")

    def parameters(self) -> dict[str, Any]:
        """The section `clean`, the shingle's length, and the language model by its content."""
        model = self.measures.model
        return {
            **self.config.clean.model_dump(mode="json", exclude={"language_id": {"model"}}),
            "shingle": self.config.dedup.shingle,
            "model_sha256": sha256_of(Path(model)) if model else None,
        }

    def check(self) -> None:
        """Load the language model; the workers find it loaded."""
        section = self.config.clean.language_id
        if section and section.model:
            with usable("clean.language_id.model"):
                langid.load(section.model)

    @property
    def measures(self) -> Measures:
        """How documents are measured."""
        section = self.config.clean
        model = (section.language_id.model or str(langid.bundled_model())) if section.language_id else None
        return Measures(form=section.form, model=model, shingle=self.config.dedup.shingle)

    def tasks(self) -> list[Task]:
        """One task a part of every source that could be read."""
        model_sha256 = self.parameters()["model_sha256"]
        found = []
        for record in Download(self.config, self.work).succeeded():
            corpus, code = record.name.split("/")
            rules = asdict(self.rules(code))
            for role, file in sorted(record.files.items()):
                if not role.startswith("part-"):
                    continue
                measuring = measuring_digest(self.measures, model_sha256, code, file)
                job = {"corpus": corpus, "code": code, "part": asdict(file), "measuring": measuring, "rules": rules}
                found.append(
                    Task(
                        name=f"{corpus}/{code}/{role}",
                        parameters=digest({"version": self.version, "measuring": measuring, "rules": rules}),
                        inputs=file.sha256,
                        size=file.bytes,
                        job=job,
                    )
                )
        return found

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

    def refine(self, task: Task, why: str, record: Record | None) -> Task:
        """Spare measuring where only the judgement changes."""
        if record is None or record.failure or record.facts.get("measuring") != task.job["measuring"]:
            return task
        files = {role: record.files[role] for role in ("part", "signatures")}
        if not all(self.work.has(file) for file in files.values()):
            return task
        return with_job(task, measured={role: asdict(file) for role, file in files.items()})

    def function(self) -> CleanPart:
        """Measures and judges one part."""
        return CleanPart(measures=self.measures)
