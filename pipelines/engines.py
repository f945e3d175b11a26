"""From the section `backtranslation.engines` to engines: which serves two languages, and how a worker makes it."""

from __future__ import annotations

import functools
import json
import posixpath
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from babelmill.format import File
from pipelines.config_backtranslation import Engine as Section
from pipelines.learn import Learn
from pipelines.stage import NotReady, Stage
from transforms.engines.apertium import Apertium
from transforms.engines.command import Command
from transforms.engines.engine import Engine
from transforms.engines.lexical import Lexical
from transforms.engines.neural import CTranslate2, Decoding, Device, family_of
from transforms.journal import Task
from transforms.languages import language
from transforms.storage import WorkDirectory

Spec = dict[str, Any]
"""An engine in JSON values, as a task carries it: the section's, and the files of lexicons."""


@dataclass(frozen=True)
class Choice:
    """Who translates a pair of languages.

    Attributes:
        spec: what `made` makes the engine of; None: nobody serves the pair.
        tag: what the translations depend on, see `Engine.tag`.
        problem: why nobody does.
    """

    spec: Spec | None
    tag: dict[str, Any] | None = None
    problem: str = ""


def tagged(code: str) -> str:
    """The BCP 47 tag of a code."""
    return language(code, strict=False).bcp47


def lexicons(stage: Stage) -> dict[tuple[str, ...], dict[str, File]]:
    """The files of each lexicon that was learnt, by its languages, sorted."""
    try:
        records = Learn(stage.config, stage.work).succeeded()
    except NotReady:
        return {}
    return {tuple(record.facts["languages"]): dict(record.files) for record in records if "manifest" in record.files}


class Chooser:
    """Finds the engine of each pair of languages: the first of the configuration that serves it.

    Args:
        stage: whose configuration and work directory.
    """

    def __init__(self, stage: Stage):
        self._work, self._lexicons = stage.work, lexicons(stage)
        self._sections = stage.config.backtranslation.engines

    def choose(self, source: str, target: str) -> Choice:
        """Who translates from one language to another."""
        for section in self._sections:
            if section.pairs is not None and [source, target] not in [
                list(map(tagged, pair)) for pair in section.pairs
            ]:
                continue
            spec = self._spec(section, source, target)
            engine = made(json.dumps(spec, sort_keys=True), str(self._work.root))
            if engine.serves(source, target):
                return Choice(spec, engine.tag(source, target))
        names = ", ".join(section.name for section in self._sections)
        return Choice(
            None,
            problem=f"no engine translates from {source} to {target}, asked were {names}: add one that does, give "
            "pairs of both languages for `lexical` to learn from, or take the pair out of `backtranslation.pairs`",
        )

    def automatic(self, spoken: list[str]) -> Iterator[tuple[str, str]]:
        """Every pair of languages that an engine serves, from a language that there is text of.

        Args:
            spoken: the languages that there are documents of, as tags.
        """
        others = {*spoken, *(tag for pair in self._lexicons for tag in pair)}
        for section in self._sections:
            others |= {tagged(pair[1]) for pair in section.pairs or ()}
        for source in sorted(spoken):
            for target in sorted(others - {source}):
                if self.choose(source, target).spec is not None:
                    yield source, target

    def _spec(self, section: Section, source: str, target: str) -> Spec:
        spec = section.model_dump(mode="json")
        if section.name == "lexical":
            files = self._lexicons.get(tuple(sorted((source, target))), {})
            spec |= {"files": {role: asdict(file) for role, file in files.items()}}
            spec |= {"languages": sorted((source, target))}
        return spec


@functools.lru_cache(maxsize=64)
def made(spec: str, root: str) -> Engine:
    """The engine of a spec, one for all threads of a process."""
    values = json.loads(spec)
    pairs = [(tagged(source), tagged(target)) for source, target in values["pairs"]] if values["pairs"] else None
    if values["name"] == "lexical":
        files = {role: File(**file) for role, file in values["files"].items()}
        folders = {tuple(values["languages"]): posixpath.dirname(files["manifest"].path)} if files else {}
        return Lexical(work=WorkDirectory(root), lexicons=folders, pieces=files.get("pieces"))
    if values["name"] == "apertium":
        return Apertium(seconds=values["timeout"])
    if values["name"] == "command":
        return Command(command=values["program"], pairs=pairs, seconds=values["timeout"])
    folder = Path(values["model"])
    sampled = values["top_k"] is not None
    return CTranslate2(
        folder=folder,
        family=family_of(folder),
        pairs=pairs,
        decoding=Decoding(
            beam_size=1 if sampled else values["beam"],
            sampling_topk=values["top_k"] or 1,
            sampling_temperature=values["temperature"],
        ),
        device=Device(values["device"], values["compute"], 1, values["threads"]),
    )


def engine_of(work: WorkDirectory, task: Task) -> Engine:
    """The engine of a task of `translate`."""
    return made(json.dumps(task.job["engine"], sort_keys=True), str(work.root))
