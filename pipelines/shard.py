"""`babelmill shard`: token ids of what is kept, an order drawn from the seed, and the shards."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from typing import Any

from babelmill.format import File, digest
from pipelines.kept import kept_parts
from pipelines.stage import Stage
from pipelines.vocabulary import Vocabulary
from transforms.journal import Task
from transforms.shards import EncodePart, GatherShard, OrderLanguage


class Tokens(Stage):
    """One task a clean part."""

    name = "tokens"
    title = "shard"
    folder = "tokens"
    owned = ("tokens",)

    def parameters(self) -> dict[str, Any]:
        """The vocabulary's content."""
        return {"model_sha256": self.model.sha256}

    @property
    def model(self) -> File:
        """The SentencePiece model that the stage `vocab` wrote."""
        return Vocabulary(self.config, self.work).model()

    def tasks(self) -> list[Task]:
        """One task a part."""
        found, parameters = [], self.digest()
        for record, files in kept_parts(self):
            job = {"language": record.facts["language"], "files": {role: asdict(file) for role, file in files.items()}}
            inputs = digest({role: file.sha256 for role, file in files.items()})
            size = files["part"].bytes
            found.append(Task(name=record.name, parameters=parameters, inputs=inputs, size=size, job=job))
        return found

    def function(self) -> EncodePart:
        """Tokenizes one part."""
        return EncodePart(model=self.model)


class Order(Stage):
    """One task a language."""

    name = "order"
    title = "shard"
    folder = "order"
    owned = ("order",)

    def parameters(self) -> dict[str, Any]:
        """The section `shards` and the seed."""
        return {**self.config.shards.model_dump(mode="json"), "seed": self.config.seed}

    def tasks(self) -> list[Task]:
        """One task a language, of all corpora together."""
        parts: dict[str, list[tuple[str, File]]] = {}
        for record in Tokens(self.config, self.work).succeeded():
            corpus = record.name.split("/")[0]
            parts.setdefault(record.facts["language"], []).append((corpus, record.files["part"]))
        return [
            Task(
                name=language,
                parameters=self.digest(),
                inputs=digest([(corpus, file.path, file.sha256) for corpus, file in members]),
                size=sum(file.bytes for _, file in members),
                job={"language": language, "parts": [[corpus, asdict(file)] for corpus, file in members]},
            )
            for language, members in sorted(parts.items())
        ]

    def function(self) -> OrderLanguage:
        """Draws one language's order."""
        section = self.config.shards
        return OrderLanguage(seed=self.config.seed, tokens=section.tokens, validation=section.validation)


class Shards(Stage):
    """One task a shard."""

    name = "shards"
    version = 2
    title = "shard"
    folder = "shards"
    owned = ("shards",)

    def parameters(self) -> dict[str, Any]:
        """What a reader of the shards may want to know."""
        vocabulary = Vocabulary(self.config, self.work)
        return {"seed": self.config.seed, "vocabulary": vocabulary.model().sha256, **vocabulary.size()}

    def tasks(self) -> list[Task]:
        """Cuts each language's order where its record says."""
        found, parameters = [], self.digest()
        for record in Order(self.config, self.work).succeeded():
            order = record.files["order"]
            tokens = sum(counts.tokens for counts in record.ledger.values())
            shards = sum(len(cuts) - 1 for cuts in record.facts["cuts"].values())
            for split, cuts in record.facts["cuts"].items():
                for number, (start, stop) in enumerate(pairwise(cuts)):
                    found.append(
                        Task(
                            name=f"documents/{split}/{record.name}/{number:05d}-of-{len(cuts) - 1:05d}",
                            parameters=parameters,
                            inputs=digest([order.sha256, start, stop]),
                            size=4 * tokens // shards,
                            job={
                                "language": record.facts["language"],
                                "order": asdict(order),
                                "start": start,
                                "stop": stop,
                            },
                        )
                    )
        return found

    def function(self) -> GatherShard:
        """Gathers one shard."""
        return GatherShard()
