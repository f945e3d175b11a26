"""`babelmill vocab`: a bounded sample of what is kept, and one SentencePiece model for all languages."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from babelmill.format import File, digest, total
from pipelines.dedup import Dedup
from pipelines.kept import kept_parts
from pipelines.stage import NotReady, Stage, usable
from transforms.disk import sha256_once
from transforms.journal import Task
from transforms.vocabulary import MakeVocabulary, SamplePart
from vocab.model_file import library_of, read_model
from vocab.sampling import Quota, quotas, threshold


class Sample(Stage):
    """One task a clean part: the documents that the sample may need."""

    name = "sample"
    title = "vocab"
    folder = "vocab/sample"
    owned = ("vocab/sample",)

    def parameters(self) -> dict[str, Any]:
        """How much of each language is wanted."""
        section = self.config.vocabulary
        chosen = section.model_dump(mode="json", include={"alpha", "unimax", "sample"})
        return {**chosen, "seed": self.config.seed}

    def quotas(self) -> dict[str, Quota]:
        """Bytes of each language that the sample should hold, from the ledger of `dedup`."""
        section = self.config.vocabulary
        kept = total(record.ledger for record in Dedup(self.config, self.work).succeeded())
        sizes = {language: ledger.bytes for language, ledger in kept.items() if ledger.bytes}
        return quotas(sizes, budget=section.sample, alpha=section.alpha, epochs=section.unimax)

    def tasks(self) -> list[Task]:
        """One task a part, none where a model is given; a part's threshold follows from its language's quota."""
        if self.config.vocabulary.model_file:
            return []
        wanted = self.quotas()
        found = []
        for record, files in kept_parts(self):
            spoken = record.facts["language"]
            below = threshold(wanted[spoken]) if spoken in wanted else 0
            job = {
                "language": spoken,
                "below": below,
                "files": {role: asdict(file) for role, file in files.items()},
            }
            found.append(
                Task(
                    name=record.name,
                    parameters=digest({"version": self.version, "seed": self.config.seed, "below": below}),
                    inputs=digest({role: file.sha256 for role, file in files.items()}),
                    size=files["part"].bytes,
                    job=job,
                )
            )
        return found

    def function(self) -> SamplePart:
        """Draws one part's documents."""
        return SamplePart(seed=self.config.seed)


class Vocabulary(Stage):
    """One task: train the model, or take the one that the configuration names."""

    name = "vocab"
    version = 2
    title = "vocab"
    folder = "vocab"
    owned = ()

    def parameters(self) -> dict[str, Any]:
        """The section `vocabulary`."""
        section = self.config.vocabulary
        given = {"model_sha256": sha256_once(Path(section.model_file))} if section.model_file else {}
        return {**section.model_dump(mode="json", exclude={"model_file"}), **given, "seed": self.config.seed}

    def check(self) -> None:
        """See that the SentencePiece model, where one is given, can be loaded."""
        if self.config.vocabulary.model_file:
            with usable("vocabulary.model_file"):
                path = Path(self.config.vocabulary.model_file)
                read_model(path)
                library_of(path.read_bytes(), name=str(path))

    @property
    def given_model(self) -> str | None:
        """Path of the SentencePiece model, where one is given."""
        return self.config.vocabulary.model_file

    def tasks(self) -> list[Task]:
        """The one task."""
        job = self._measured() if self.config.vocabulary.model_file else self._sampled()
        files = [File(**file) for _, named in job["files"] for file in named.values()]
        return [
            Task(
                name="vocabulary",
                parameters=self.digest(),
                inputs=digest([job["quotas"], [[file.path, file.sha256] for file in files]]),
                size=sum(file.bytes for file in files),
                job=job,
            )
        ]

    def _sampled(self) -> dict[str, Any]:
        """All files of the sample."""
        sample = Sample(self.config, self.work)
        return {
            "files": [
                [record.facts["language"], {"part": asdict(record.files["part"])}] for record in sample.succeeded()
            ],
            "quotas": {language: asdict(quota) for language, quota in sample.quotas().items()},
        }

    def _measured(self) -> dict[str, Any]:
        """A model that is given is only measured: the first part of each language."""
        first: dict[str, dict[str, File]] = {}
        for record, files in kept_parts(self):
            first.setdefault(record.facts["language"], files)
        named = {language: {role: asdict(file) for role, file in files.items()} for language, files in first.items()}
        return {"files": [list(pair) for pair in sorted(named.items())], "quotas": {}}

    def function(self) -> MakeVocabulary:
        """Trains or adopts the model, exports it, and measures it."""
        options = self.config.vocabulary.training_options()
        return MakeVocabulary(model=self.model_file, options=options, seed=self.config.seed)

    def model(self) -> File:
        """The SentencePiece model.

        Raises:
            NotReady: there is none yet.
        """
        for record in self.records():
            if record.failure is not None:
                raise NotReady(f"there is no vocabulary: {record.failure}")
            return record.files["model"]
        raise NotReady("there is no vocabulary: run `babelmill vocab` first")

    def size(self) -> dict[str, int]:
        """Number of pieces, for the manifest of the shards."""
        return {"pieces": self.records()[0].facts["pieces"]}
