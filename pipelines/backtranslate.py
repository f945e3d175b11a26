"""The first half of `babelmill backtranslate`: which sentences are translated, and into which languages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from itertools import accumulate
from typing import Any

from babelmill.format import File, digest
from pipelines.config_backtranslation import Backtranslation
from pipelines.dedup import Dedup
from pipelines.engines import Chooser, tagged
from pipelines.kept import kept_parts
from pipelines.stage import Stage
from transforms.drawing import CutSentences, DrawSentences
from transforms.journal import Record, Task, kind_of
from vocab.sampling import shares

SENTENCE_BYTES = 60
"""A short sentence, on average, in UTF-8: so many bytes of text hold one at least."""

SPREAD = 4
"""Sentences that are cut for each that is drawn: a document gives a quarter of its own, so more documents speak."""


class BacktranslationStage(Stage):
    """What the stages of back-translation share."""

    title = "backtranslate"

    @property
    def section(self) -> Backtranslation:
        """The section `backtranslation`."""
        return self.config.backtranslation

    def wanted(self) -> bool:
        """Whether anything is to be translated."""
        return bool(self.section.pairs)

    def targets(self) -> dict[str, list[str]]:
        """Language -> the languages that its sentences are translated into, as BCP 47 tags, sorted."""
        found: dict[str, set[str]] = {}
        for source, target in self._pairs():
            found.setdefault(source, set()).add(target)
        return {source: sorted(targets) for source, targets in sorted(found.items())}

    def _pairs(self) -> Iterable[tuple[str, str]]:
        """From which languages to which, as tags."""
        pairs = self.section.pairs
        if pairs == "auto":
            return Chooser(self).automatic(sorted(self.sizes()))
        return [(tagged(source), tagged(target)) for source, target in pairs]

    def sizes(self) -> dict[str, int]:
        """Bytes of text that are kept of each language, of documents."""
        found: dict[str, int] = {}
        for record in Dedup(self.config, self.work).succeeded():
            if kind_of(record.name) == "documents":
                size = sum(ledger.bytes for ledger in record.ledger.values())
                found[record.facts["language"]] = found.get(record.facts["language"], 0) + size
        return found


class Sentences(BacktranslationStage):
    """One task a clean part of a language that is translated."""

    name = "sentences"
    folder = "sentences"
    version = 2
    owned = ("sentences",)

    def parameters(self) -> dict[str, Any]:
        """How long a sentence is, and the seed."""
        bounds = self.section.model_dump(mode="json", include={"min_characters", "max_characters"})
        return {**bounds, "seed": self.config.seed}

    def tasks(self) -> list[Task]:
        """One task a part; the key below which its documents are drawn follows from the size of the language."""
        targets = self.targets()
        if not targets:
            return []
        sizes, wanted, found = self.sizes(), SPREAD * SENTENCE_BYTES * self.section.per_language, []
        for record, files in kept_parts(self):
            spoken = record.facts["language"]
            if kind_of(record.name) != "documents" or spoken not in targets:
                continue
            below = min(int(2**64 * wanted / max(sizes[spoken], 1)), 2**64 - 1)
            found.append(
                Task(
                    name=record.name,
                    parameters=self.digest(below=below),
                    inputs=digest({role: file.sha256 for role, file in files.items()}),
                    size=files["part"].bytes,
                    job={
                        "language": spoken,
                        "code": record.name.split("/")[1],
                        "files": {role: asdict(file) for role, file in files.items()},
                        "below": below,
                    },
                )
            )
        return found

    def function(self) -> CutSentences:
        """Cuts one part's documents."""
        section = self.section
        return CutSentences(seed=self.config.seed, shortest=section.min_characters, longest=section.max_characters)


class Draw(BacktranslationStage):
    """One task a language."""

    name = "draw"
    folder = "sentences/drawn"
    owned = ()

    def parameters(self) -> dict[str, Any]:
        """How many sentences are wanted."""
        return {"per_language": self.section.per_language}

    def tasks(self) -> list[Task]:
        """One task a language."""
        parts: dict[str, list[File]] = {}
        for record in Sentences(self.config, self.work).succeeded():
            parts.setdefault(record.facts["language"], []).append(record.files["part"])
        return [
            Task(
                name=spoken,
                parameters=self.digest(),
                inputs=digest([file.sha256 for file in files]),
                size=sum(file.bytes for file in files),
                job={"language": spoken, "parts": [asdict(file) for file in files]},
            )
            for spoken, files in sorted(parts.items())
        ]

    def function(self) -> DrawSentences:
        """Finds one language's key."""
        return DrawSentences(count=self.section.per_language)


def dealt(targets: list[str], sizes: dict[str, int], *, alpha: float, below: int) -> dict[str, tuple[int, int]]:
    """Deal the keys below a bound out to the languages that sentences are translated into.

    Args:
        targets: the languages, sorted.
        sizes: of the text of each; one without text counts as much as the smallest.
        alpha: a language's share is its size to this power.
        below: all keys are smaller.

    Returns:
        Language -> the first key that is its own, and the first that is not.
    """
    least = min((sizes[target] for target in targets if sizes.get(target)), default=1)
    weights = shares({target: sizes.get(target) or least for target in targets}, alpha=alpha)
    ends = [round(below * end) for end in accumulate(weights[target] for target in targets)]
    ends[-1] = below
    return {target: (start, end) for target, start, end in zip(targets, [0, *ends], ends, strict=False)}


def sentences_of(stage: BacktranslationStage) -> list[tuple[Record, int]]:
    """The files of sentences, and the key below which they are drawn."""
    below = {record.facts["language"]: record.facts["below"] for record in Draw(stage.config, stage.work).succeeded()}
    found = []
    for record in Sentences(stage.config, stage.work).succeeded():
        found.append((record, below[record.facts["language"]]))
    return found
