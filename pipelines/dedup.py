"""`babelmill dedup`: which documents repeat another one, exactly or nearly; one list of removals a part."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from babelmill.format import File, digest, total
from pipelines.clean import Clean
from pipelines.stage import Planned, Stage, with_job
from transforms import scratch
from transforms.journal import Record, Task

BYTES_PER_PARTITION = 32 << 20
"""Hashes that one group of the shuffle may hold."""

COPIES = 4
"""How often Beam's local runner has what is shuffled in memory while it groups it."""


@dataclass(frozen=True)
class Dedup(Stage):
    """One task a clean part; the parts of a language are done together or not at all."""

    name = "dedup"
    title = "dedup"
    folder = "dedup"
    owned = ("dedup",)

    def parameters(self) -> dict[str, Any]:
        """The section `dedup` but for `memory`, on which no byte depends."""
        return self.config.dedup.model_dump(mode="json", exclude={"memory"})

    def tasks(self) -> list[Task]:
        """One task a part; its inputs are those of its whole group."""
        parts = Clean(self.config, self.work).succeeded()
        groups: dict[str, list[Record]] = {}
        for record in parts:
            groups.setdefault(self.group(record), []).append(record)
        inputs = {group: digest([_shas(record) for record in records]) for group, records in groups.items()}
        found = []
        for record in parts:
            group = self.group(record)
            ledger = total([record.ledger])[record.facts["language"]]
            job = {
                "group": group,
                "language": record.facts["language"],
                "documents": ledger.kept,
                "bytes": ledger.bytes,
                "files": {role: asdict(file) for role, file in record.files.items()},
            }
            found.append(
                Task(
                    name=record.name,
                    parameters=self.digest(group=group),
                    inputs=inputs[group],
                    size=record.files["signatures"].bytes,
                    job=job,
                )
            )
        return found

    def group(self, record: Record) -> str:
        """The group of a part: documents are compared within it."""
        return record.facts["language"] if self.config.dedup.across == "language" else "all"

    def plan(self) -> Planned:
        """As `Stage.plan`, but a group with a part to do is done whole; finished parts of it are not written again."""
        planned = super().plan()
        tasks = {task.name: task for task in self.tasks()}
        groups = {task.job["group"] for task, _ in planned.todo}
        again = [record for record in planned.done if tasks[record.name].job["group"] in groups]
        kept = tuple(record for record in planned.done if tasks[record.name].job["group"] not in groups)
        finished = [
            (with_job(tasks[record.name], finished=record.to_json()), "another part of its group is new or changed")
            for record in again
        ]
        return replace(planned, todo=(*planned.todo, *finished), done=kept)

    def function(self):
        """Nothing is done a part at a time; see `expand`."""
        raise NotImplementedError("dedup compares parts with each other")

    def expand(self, tasks: Any, root: str, plan: str, stop: bool) -> Any:
        """The graph of `transforms.dedup`."""
        from pipelines.runner import is_local, lanes
        from transforms.dedup import Deduplicate
        from transforms.lsh import ENTRY
        from transforms.matching import SIGNED, WINDOW, Likeness
        from transforms.tasks import Plan

        section, options = self.config.dedup, tasks.pipeline.options
        likeness = Likeness(threshold=section.threshold, margin=section.margin, rows=section.rows)
        documents = sum(task.job["documents"] for task in Plan.read(self.work, plan).todo)
        size, workers = documents * ENTRY.itemsize * (section.bands if section.near else 1), lanes(options)
        passes = -(-size * COPIES // (section.memory // 2)) if is_local(options) else 1
        return tasks | "Deduplicate" >> Deduplicate(
            stage=self.name,
            root=root,
            plan=plan,
            likeness=likeness if section.near else None,
            bands=section.bands,
            shingle=section.shingle,
            passes=max(passes, 1),
            partitions=max(workers, -(-size // (max(passes, 1) * BYTES_PER_PARTITION))),
            piece=max(WINDOW, section.memory // (4 * workers * SIGNED)),
            stop=stop,
        )

    def finish(self) -> None:
        """Remove the files of the last run."""
        scratch.clear(self.work)


def _shas(record: Record) -> list[Any]:
    files: dict[str, File] = dict(record.files)
    return [record.name, *(files[role].sha256 if role in files else None for role in ("part", "signatures", "rejects"))]
