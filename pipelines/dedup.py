"""`babelmill dedup`: which documents repeat another one, exactly or nearly; one list of removals a part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from babelmill.format import File, digest, total
from pipelines.filter import judged
from pipelines.stage import Planned, Stage, with_job
from transforms import scratch
from transforms.journal import Kind, Record, Task, kind_of

if TYPE_CHECKING:
    from transforms.dedup_parts import Group

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

    def pair_parameters(self) -> dict[str, Any]:
        """The same for pairs: the section `pairs.dedup`, and what it takes from `dedup`."""
        shared = self.config.dedup.model_dump(mode="json", include={"margin", "shingle"})
        return {**shared, **self.config.pairs.dedup.model_dump(mode="json")}

    def settings(self) -> dict[str, Any]:
        """Those of documents, and those of pairs where there are any."""
        return {**self.parameters(), **({"pairs": self.pair_parameters()} if self.config.parallel else {})}

    def tasks(self) -> list[Task]:
        """One task a part; its inputs are those of its whole group."""
        parts = judged(self)
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
            parameters = self.digest(group=group)
            if kind_of(record.name) == "pairs":
                job |= {"languages": record.facts["languages"], "sides": record.facts["sides"]}
                parameters = digest({"version": self.version, **self.pair_parameters(), "group": group})
            found.append(
                Task(
                    name=record.name,
                    parameters=parameters,
                    inputs=inputs[group],
                    size=record.files["signatures"].bytes,
                    job=job,
                )
            )
        return found

    def group(self, record: Record) -> str:
        """The group of a part: documents are compared within it, and the pairs of two languages."""
        alone = kind_of(record.name) == "pairs" or self.config.dedup.across == "language"
        return record.facts["language"] if alone else "all"

    def plan(self) -> Planned:
        """As `Stage.plan`, but a group with a part to do is done whole; finished parts of it are not written again."""
        planned = super().plan()
        tasks = {task.name: task for task in self.tasks()}
        groups = {_group(task) for task, _ in planned.todo}
        again = [record for record in planned.done if _group(tasks[record.name]) in groups]
        kept = tuple(record for record in planned.done if _group(tasks[record.name]) not in groups)
        finished = [
            (with_job(tasks[record.name], finished=record.to_json()), "another part of its group is new or changed")
            for record in again
        ]
        return replace(planned, todo=(*planned.todo, *finished), done=kept)

    def function(self):
        """Nothing is done a part at a time; see `expand`."""
        raise NotImplementedError("dedup compares parts with each other")

    def expand(self, tasks: Any, root: str, plan: str, stop: bool) -> Any:
        """The graphs of `transforms.dedup_groups` and `transforms.dedup`, of each kind of part, side by side."""
        import apache_beam as beam

        from transforms.dedup_groups import DeduplicateGroups, OfGroups
        from transforms.tasks import Plan

        options = tasks.pipeline.options
        found, memory, largest = self._groups(Plan.read(self.work, plan).todo, options)
        records = []
        for kind, groups in sorted(found.items()):
            large = [task for group in groups if group.rows > largest for task in group.tasks]
            count = sum(task.job["documents"] for task in large)
            spread = self.deduplicate(kind, count, memory, options)(root=root, plan=plan, stop=stop)
            graphs = {"small": DeduplicateGroups(spread)} if any(group.rows <= largest for group in groups) else {}
            graphs |= {"large": spread} if large else {}
            for size, graph in graphs.items():
                chosen = OfGroups(root=root, plan=plan, kind=kind, largest=largest, small=size == "small")
                name = f"{size} groups of {kind}"
                records.append(tasks | f"Of {name}" >> chosen | f"Deduplicate {name}" >> graph)
        return records | "All" >> beam.Flatten()

    def weights(self, tasks: Sequence[Task], options: Any) -> dict[str, int]:
        """As of `Stage`: whoever has a small group's first part does all of it."""
        found, _, largest = self._groups(tasks, options)
        weights = super().weights(tasks, options)
        for group in (group for groups in found.values() for group in groups if group.rows <= largest):
            whole = sum(task.size for task in group.tasks)
            weights |= {task.name: 0 for task in group.tasks} | {group.tasks[0].name: whole}
        return weights

    def _groups(self, tasks: Iterable[Task], options: Any) -> tuple[dict[Kind, list[Group]], int, int]:
        """The groups of each kind, the memory that each kind may take, and the documents of the largest small group."""
        from transforms.dedup_parts import groups_of

        found: dict[Kind, list[Task]] = {}
        for task in tasks:
            found.setdefault(kind_of(task.name), []).append(task)
        memory = self.config.dedup.memory // max(len(found), 1)
        groups = {kind: list(groups_of(of_kind).values()) for kind, of_kind in found.items()}
        return groups, memory, self._piece(memory, options)

    @staticmethod
    def _piece(memory: int, options: Any) -> int:
        """Documents whose signatures a worker may have in memory at a time."""
        from pipelines.runner import lanes
        from transforms.matching import SIGNED, WINDOW

        return max(WINDOW, memory // (4 * lanes(options) * SIGNED))

    def deduplicate(self, kind: Kind, documents: int, memory: int, options: Any) -> Callable[..., Any]:
        """The graph of one kind; what it is still to be told is where it works."""
        from pipelines.runner import is_local, lanes
        from transforms.dedup import Deduplicate
        from transforms.lsh import ENTRY
        from transforms.matching import Likeness

        section, pairs = self.config.dedup, self.config.pairs.dedup
        asked = pairs if kind == "pairs" else section
        likeness = Likeness(threshold=asked.threshold, margin=section.margin, rows=asked.rows)
        size, workers = documents * ENTRY.itemsize * (asked.bands if asked.near else 1), lanes(options)
        passes = max(-(-size * COPIES // (memory // 2)) if is_local(options) else 1, 1)
        return partial(
            Deduplicate,
            stage=self.name,
            likeness=likeness if asked.near else None,
            bands=asked.bands,
            shingle=section.shingle,
            passes=passes,
            partitions=max(workers, -(-size // (passes * BYTES_PER_PARTITION))),
            piece=self._piece(memory, options),
            by=pairs.by if kind == "pairs" else None,
            keep=pairs.keep if kind == "pairs" else 1,
        )

    def finish(self) -> None:
        """Remove the files of the last run."""
        scratch.clear(self.work)


def _group(task: Task) -> tuple[Kind, str]:
    return kind_of(task.name), task.job["group"]


def _shas(record: Record) -> list[Any]:
    files: dict[str, File] = dict(record.files)
    roles = ["part", "signatures", "rejects", *(["scores"] if "scores" in files else [])]
    return [record.name, *(files[role].sha256 if role in files else None for role in roles)]
