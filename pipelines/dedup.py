"""`babelmill dedup`: which documents repeat another one, exactly or nearly; one list of removals a part."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from babelmill.format import File, digest, total
from pipelines.clean import Clean
from pipelines.stage import Planned, Stage, with_job
from transforms.journal import Record, Task

BYTES_PER_PARTITION = 32 << 20
"""Hashes that one group of the shuffle may hold."""


@dataclass(frozen=True)
class Dedup(Stage):
    """One task a clean part; the parts of a language are done together or not at all."""

    name = "dedup"
    title = "dedup"
    folder = "dedup"
    owned = ("dedup",)

    def parameters(self) -> dict[str, Any]:
        """The section `dedup`."""
        return self.config.dedup.model_dump(mode="json")

    def tasks(self) -> list[Task]:
        """One task a part; its inputs are those of its whole group."""
        parts = Clean(self.config, self.work).succeeded()
        groups: dict[str, list[Record]] = {}
        for record in parts:
            groups.setdefault(self.group(record), []).append(record)
        inputs = {group: digest([_shas(record) for record in records]) for group, records in groups.items()}
        found = []
        for number, record in enumerate(parts):
            group = self.group(record)
            ledger = total([record.ledger])[record.facts["language"]]
            job = {
                "number": number,
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
        from transforms.dedup import Deduplicate
        from transforms.tasks import Plan

        section = self.config.dedup
        documents = sum(task.job["documents"] for task in Plan.read(self.work, plan).todo)
        return tasks | "Deduplicate" >> Deduplicate(
            stage=self.name,
            root=root,
            plan=plan,
            threshold=section.threshold,
            margin=section.margin,
            bands=section.bands if section.near else 0,
            rows=section.rows,
            shingle=section.shingle,
            partitions=max(8, 16 * (section.bands + 1) * documents // BYTES_PER_PARTITION),
            stop=stop,
        )


def _shas(record: Record) -> list[Any]:
    files: dict[str, File] = dict(record.files)
    return [record.name, *(files[role].sha256 if role in files else None for role in ("part", "signatures", "rejects"))]
