"""`babelmill vocab`: a bounded sample of what is kept, and one SentencePiece model for all languages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from babelmill.format import File, digest
from pipelines.dedup import Dedup
from pipelines.kept import kept_parts
from pipelines.stage import NotReady, Stage, usable
from transforms.disk import sha256_once
from transforms.journal import Kind, Record, Task, kind_of
from transforms.vocabulary import MakeVocabulary, SamplePart, role_of
from vocab.model_file import library_of, parse_model
from vocab.sampling import Quota, quotas, split, threshold


def texts_of(record: Record) -> list[tuple[str, str]]:
    """The columns of text in a record's part, and the language of each."""
    if kind_of(record.name) == "documents":
        return [("text", record.facts["language"])]
    return list(zip(("source", "target"), record.facts["languages"], strict=True))


class Sample(Stage):
    """One task a clean part: the documents that the sample may need."""

    name = "sample"
    title = "vocab"
    folder = "vocab/sample"
    owned = ("vocab/sample",)

    def parameters(self) -> dict[str, Any]:
        """How much of each language is wanted."""
        section = self.config.vocabulary
        chosen = section.model_dump(mode="json", include={"alpha", "unimax", "sample", "pairs"})
        return {**chosen, "seed": self.config.seed}

    def sizes(self) -> dict[Kind, dict[str, int]]:
        """Bytes that are kept of each language, of documents and in pairs, from the records of `dedup`."""
        found: dict[Kind, dict[str, int]] = {"documents": {}, "pairs": {}}
        for record in Dedup(self.config, self.work).succeeded():
            if kind_of(record.name) == "pairs":
                sides = dict(zip(record.facts["languages"], record.facts["sides"], strict=True))
            else:
                sides = {record.facts["language"]: sum(ledger.bytes for ledger in record.ledger.values())}
            of_kind = found[kind_of(record.name)]
            for language, size in sides.items():
                of_kind[language] = of_kind.get(language, 0) + size
        return found

    def quotas(self) -> dict[str, Quota]:
        """Bytes of each language that the sample should hold."""
        section, sizes = self.config.vocabulary, self.sizes()
        weighed = {language: int(section.pairs * size) for language, size in sizes["pairs"].items()}
        for language, size in sizes["documents"].items():
            weighed[language] = weighed.get(language, 0) + size
        there = {language: size for language, size in weighed.items() if size}
        return quotas(there, budget=section.sample, alpha=section.alpha, epochs=section.unimax)

    def quotas_by_kind(self) -> dict[Kind, dict[str, Quota]]:
        """The same, of documents and of pairs."""
        sizes, weight = self.sizes(), self.config.vocabulary.pairs
        found: dict[Kind, dict[str, Quota]] = {"documents": {}, "pairs": {}}
        for language, quota in self.quotas().items():
            documents, pairs = (sizes[kind].get(language, 0) for kind in found)
            parts = split(quota, documents=documents, pairs=pairs, weight=weight)
            found["documents"][language], found["pairs"][language] = parts
        return found

    def tasks(self) -> list[Task]:
        """One task a part, none where a model is given; a part's threshold follows from its language's quota."""
        if self.config.vocabulary.model_file:
            return []
        wanted = self.quotas_by_kind()
        found = []
        for record, files in kept_parts(self):
            of_kind = wanted[kind_of(record.name)]
            texts = [
                [column, language, threshold(of_kind[language]) if language in of_kind else 0]
                for column, language in texts_of(record)
            ]
            job = {"texts": texts, "files": {role: asdict(file) for role, file in files.items()}}
            drawn = [below for _, _, below in texts]
            below = {"below": drawn[0]} if len(drawn) == 1 else {"below": drawn}
            found.append(
                Task(
                    name=record.name,
                    parameters=digest({"version": self.version, "seed": self.config.seed, **below}),
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
    version = 4
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
            # The library loads a model without the interpreter, which reads it meanwhile.
            with usable("vocabulary.model_file"), ThreadPoolExecutor(1) as thread:
                path = Path(self.config.vocabulary.model_file)
                data = path.read_bytes()
                loading = thread.submit(library_of, data, name=str(path))
                parse_model(data, name=str(path))
                loading.result()

    @property
    def given_model(self) -> str | None:
        """Path of the SentencePiece model, where one is given."""
        return self.config.vocabulary.model_file

    def tasks(self) -> list[Task]:
        """The one task."""
        job = self._measured() if self.config.vocabulary.model_file else self._sampled()
        files = [File(**file) for *_, named in job["files"] for file in named.values()]
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
        files = [
            [language, column, {"part": asdict(record.files[role_of(column)])}]
            for record in sample.succeeded()
            for column, language in texts_of(record)
        ]
        granted = {
            kind: {language: quota.granted for language, quota in of_kind.items()}
            for kind, of_kind in sample.quotas_by_kind().items()
        }
        return {
            "files": files,
            "granted": granted,
            "quotas": {language: asdict(quota) for language, quota in sample.quotas().items()},
        }

    def _measured(self) -> dict[str, Any]:
        """A model that is given is only measured: the first part of each language, of documents if there are any."""
        first: dict[str, tuple[str, dict[str, File]]] = {}
        for record, files in sorted(kept_parts(self), key=lambda kept: kind_of(kept[0].name)):
            for column, language in texts_of(record):
                first.setdefault(language, (column, files))
        named = [
            [language, column, {role: asdict(file) for role, file in files.items()}]
            for language, (column, files) in sorted(first.items())
        ]
        return {"files": named, "quotas": {}}

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
