"""`babelmill shard`: token ids of what is kept, an order drawn from the seed, and the shards."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from typing import Any

from babelmill.format import File, digest
from pipelines.kept import kept_parts
from pipelines.sift import pseudo_parts
from pipelines.stage import Stage
from pipelines.vocabulary import Vocabulary
from transforms.journal import Record, Task, corpus_of, kind_of
from transforms.shards import GatherShard, OrderLanguage
from transforms.tokens import EncodePart


def languages_of(record: Record) -> dict[str, Any]:
    """The language of a record, and of pairs both."""
    return {name: record.facts[name] for name in ("language", "languages") if name in record.facts}


def origin_of(record: Record) -> dict[str, Any]:
    """Of pseudo pairs who made which side."""
    return {name: record.facts[name] for name in ("origin", "synthetic") if name in record.facts}


def text_kept(stage: Stage) -> dict[str, bool]:
    """Whether the text is kept; where it is not, nothing is said of it, as before it could be."""
    return {"text": True} if stage.config.shards.text else {}


class Tokens(Stage):
    """One task a clean part."""

    name = "tokens"
    title = "shard"
    folder = "tokens"
    owned = ("tokens",)

    def parameters(self) -> dict[str, Any]:
        """The vocabulary's content, and whether the text is kept."""
        return {"model_sha256": self.model.sha256, **text_kept(self)}

    @property
    def model(self) -> File:
        """The SentencePiece model that the stage `vocab` wrote."""
        return Vocabulary(self.config, self.work).model()

    def tasks(self) -> list[Task]:
        """One task a part."""
        found, parameters = [], self.digest()
        for record, files in kept_parts(self):
            job = {**languages_of(record), "files": {role: asdict(file) for role, file in files.items()}}
            inputs = digest({role: file.sha256 for role, file in files.items()})
            size = files["part"].bytes
            found.append(Task(name=record.name, parameters=parameters, inputs=inputs, size=size, job=job))
        return found + self._pseudo()

    def _pseudo(self) -> list[Task]:
        """One task a translated part."""
        found, mark = [], self.config.backtranslation.mark
        for record, files in pseudo_parts(self):
            origin = {"origin": record.facts["engine"]["engine"], "synthetic": record.facts["synthetic"]}
            job = {**languages_of(record), **origin, "files": {role: asdict(file) for role, file in files.items()}}
            found.append(
                Task(
                    name=record.name,
                    parameters=self.digest(mark=mark),
                    inputs=digest({role: file.sha256 for role, file in files.items()}),
                    size=files["part"].bytes,
                    job=job | ({"mark": mark} if mark else {}),
                )
            )
        return found

    def function(self) -> EncodePart:
        """Tokenizes one part."""
        return EncodePart(model=self.model, text=self.config.shards.text)


class Order(Stage):
    """One task a language."""

    name = "order"
    title = "shard"
    folder = "order"
    owned = ("order",)

    def parameters(self) -> dict[str, Any]:
        """The section `shards` but for `text`, and the seed."""
        return {**self.config.shards.model_dump(mode="json", exclude={"text"}), "seed": self.config.seed}

    def tasks(self) -> list[Task]:
        """One task a language or pair of languages, of all corpora together."""
        parts: dict[str, list[tuple[Any, ...]]] = {}
        languages: dict[str, dict[str, Any]] = {}
        for record in Tokens(self.config, self.work).succeeded():
            kind, name = kind_of(record.name), record.facts["language"]
            name = name if kind == "documents" else f"{kind}/{name}"
            languages[name] = languages_of(record)
            made = tuple(origin_of(record).values())
            parts.setdefault(name, []).append((corpus_of(record.name), record.files["part"], *made))
        return [
            Task(
                name=name,
                parameters=self.digest(),
                inputs=digest([(corpus, file.path, file.sha256, *made) for corpus, file, *made in members]),
                size=sum(file.bytes for _, file, *_ in members),
                job={**languages[name], "parts": [[corpus, asdict(file), *made] for corpus, file, *made in members]},
            )
            for name, members in sorted(parts.items())
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
        about = {"seed": self.config.seed, "vocabulary": vocabulary.model().sha256, **vocabulary.size()}
        return {**about, **text_kept(self)}

    def tasks(self) -> list[Task]:
        """Cuts each language's order where its record says."""
        found, parameters = [], self.digest()
        for record in Order(self.config, self.work).succeeded():
            kind, language, order = kind_of(record.name), record.facts["language"], record.files["order"]
            tokens = sum(counts.tokens for counts in record.ledger.values())
            shards = sum(len(cuts) - 1 for cuts in record.facts["cuts"].values())
            for split, cuts in record.facts["cuts"].items():
                for number, (start, stop) in enumerate(pairwise(cuts)):
                    found.append(
                        Task(
                            name=f"{kind}/{split}/{language}/{number:05d}-of-{len(cuts) - 1:05d}",
                            parameters=parameters,
                            inputs=digest([order.sha256, start, stop]),
                            size=4 * tokens // shards,
                            job={
                                **languages_of(record),
                                "order": asdict(order),
                                "start": start,
                                "stop": stop,
                            },
                        )
                    )
        return found

    def function(self) -> GatherShard:
        """Gathers one shard."""
        return GatherShard(text=self.config.shards.text)
