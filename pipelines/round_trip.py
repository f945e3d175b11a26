"""`babelmill backtranslate`, if asked for: translations are translated back, to see whether they lead home."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from babelmill.format import digest
from pipelines.engines import Chooser, engine_of
from pipelines.translate import EngineStage, Translate, Translating
from transforms.journal import Task
from transforms.round_trip import TranslateBack


class Back(EngineStage):
    """One task a translated part; a part whose way back nobody serves is a task that fails."""

    name = "back"
    folder = "back"
    owned = ("back",)

    def wanted(self) -> bool:
        """Whether the way back is asked for."""
        return super().wanted() and self.section.filters.round_trip is not None

    def parameters(self) -> dict[str, Any]:
        """The seed."""
        return {"seed": self.config.seed}

    def tasks(self) -> list[Task]:
        """One task a translated part."""
        if not self.wanted():
            return []
        chooser, found = Chooser(self), []
        for record in Translate(self.config, self.work).succeeded():
            (first, second), part = record.facts["languages"], record.files["part"]
            source, target = (first, second) if record.facts["synthetic"] == "target" else (second, first)
            choice = chooser.choose(target, source)
            choice = replace(choice, problem=f"`filters.round_trip` is asked for, but {choice.problem}")
            job = {"source": source, "target": target, "part": asdict(part), **self.asked(choice)}
            found.append(
                Task(
                    name=record.name,
                    parameters=self.digest(tag=choice.tag, batching=job.get("batching")),
                    inputs=digest([part.sha256]),
                    size=part.bytes,
                    job=job,
                )
            )
        return found

    def function(self) -> Translating:
        """Translates one part back."""
        return Translating(TranslateBack(seed=self.config.seed, engine=engine_of))
