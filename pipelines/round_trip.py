"""`babelmill backtranslate`, if asked for: translations are translated back, to see whether they lead home."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from babelmill.format import digest
from pipelines.backtranslate import BacktranslationStage
from pipelines.engines import Chooser, engine_of
from pipelines.translate import Translate, batching_of
from transforms.journal import Task
from transforms.round_trip import TranslateBack


class Back(BacktranslationStage):
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
            job: dict[str, Any] = {"source": source, "target": target, "part": asdict(part)}
            if choice.spec:
                job |= {"engine": choice.spec, "batching": batching_of(self.section, choice.spec["name"])}
            else:
                job |= {"problem": f"`filters.round_trip` is asked for, but {choice.problem}"}
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

    def function(self) -> TranslateBack:
        """Translates one part back."""
        return TranslateBack(seed=self.config.seed, engine=engine_of)

    def expand(self, tasks: Any, root: str, plan: str, stop: bool) -> Any:
        """As the way there."""
        from transforms.inference import TranslateTasks

        return tasks | "Translate" >> TranslateTasks(stage=self.name, root=root, function=self.function(), stop=stop)
