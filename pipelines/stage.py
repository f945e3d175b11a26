"""A stage: which tasks it has, which of them need doing and why, and how they are done.

Planning reads manifests and the journal and never needs Beam; a stage with nothing to do starts no pipeline.
"""

from __future__ import annotations

import abc
import contextlib
import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from babelmill.format import File, digest
from pipelines.config import Config
from pipelines.config_file import ConfigError
from transforms.disk import sha256_once
from transforms.journal import Journal, Record, Task, why_again
from transforms.manifest import manifest_of, records_of
from transforms.storage import STATE, WorkDirectory

DATA = (".arrow", "/lexicon.json", ".model")
"""Ends of the names of files that are results; `manifest.json` is none."""


class NotReady(RuntimeError):
    """An earlier stage has not been run."""


@dataclass(frozen=True)
class Planned:
    """A stage's tasks, judged against the journal.

    Attributes:
        todo: tasks to do, each with the reason.
        done: records of the tasks that are finished.
    """

    todo: tuple[tuple[Task, str], ...]
    done: tuple[Record, ...]


@dataclass(frozen=True)
class Stage(abc.ABC):
    """One stage of the pipeline for one configuration and work directory.

    Attributes:
        config: the whole configuration.
        work: the work directory.
        name: what it is called; its manifest is `<name>/manifest.json` unless `folder` says otherwise.
        version: raised whenever the same input and configuration would give other bytes.
        owned: folders in which every Arrow file is this stage's.
    """

    config: Config
    work: WorkDirectory

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[int] = 1
    owned: ClassVar[tuple[str, ...]]
    folder: ClassVar[str]

    @abc.abstractmethod
    def parameters(self) -> dict[str, Any]:
        """The configuration that the stage's results depend on, as JSON values."""

    def settings(self) -> dict[str, Any]:
        """What the manifest says that it ran with: the parameters, and what holds for some of its tasks."""
        return self.parameters()

    def needed(self) -> bool:
        """Whether the configuration has work for it; or had in a former run, whose results are to be removed."""
        return self.wanted() or self.work.stamp(self.manifest) is not None

    def wanted(self) -> bool:
        """Whether the configuration has work for it."""
        return True

    @abc.abstractmethod
    def tasks(self) -> list[Task]:
        """Every task of the stage, done or not.

        Raises:
            NotReady: an earlier stage has not been run.
            InputError: what the configuration names is not there.
        """

    @abc.abstractmethod
    def function(self) -> Callable[[WorkDirectory, Task], Record]:
        """What does one task; it is sent to the workers."""

    def expand(self, tasks: Any, root: str, plan: str, stop: bool) -> Any:
        """The stage's graph from tasks to records; most stages do a task at a time."""
        from pipelines.runner import in_threads
        from transforms.tasks import Queue, RunTasks

        queue = Queue(plan) if in_threads(tasks.pipeline.options) else None
        return tasks | "Run" >> RunTasks(self.name, root, self.function(), stop, queue)

    def weights(self, tasks: Sequence[Task], options: Any) -> dict[str, int]:
        """How much work each task is for the worker that it is dealt to, by name: its bytes, as a rule.

        Args:
            tasks: those to do.
            options: Beam's.
        """
        return {task.name: task.size for task in tasks}

    def refine(self, task: Task, record: Record | None, has: Callable[[File], bool]) -> Task:
        """A task that must be done, with what its last record can spare it; `has` is as `WorkDirectory.has`."""
        return task

    @property
    def given_model(self) -> str | None:
        """Path on this machine of the model that the configuration names; None for most stages."""
        return None

    @property
    def model_file(self) -> File | None:
        """Where in the work directory the workers find it."""
        if self.given_model is None:
            return None
        path = Path(self.given_model)
        sha256 = sha256_once(path)
        return File(f"{self._models}/{sha256}", 0, path.stat().st_size, sha256)

    @property
    def _models(self) -> str:
        return f"{STATE}/models/{self.name}"

    def prepare(self) -> None:
        """Bring the model into the work directory, unless it is there: workers may not see this machine's disk."""
        file = self.model_file
        for name in self.work.stamps(self._models, ""):
            if file is None or name != file.path:
                self.work.remove(name)
        if file is not None and not self.work.has(file):
            self.work.copy(Path(self.given_model or ""), file.path)

    def finish(self) -> None:  # noqa: B027
        """What is left to do when the manifest is written; for most stages nothing."""

    def check(self) -> None:  # noqa: B027
        """See that the models which the configuration names can be used, before any work is done.

        Raises:
            ConfigError: one cannot.
        """

    @property
    def manifest(self) -> str:
        """Name of the stage's manifest in the work directory."""
        return posixpath.join(self.folder, "manifest.json")

    def digest(self, **more: Any) -> str:
        """Digest of the stage's version, parameters and whatever else a task's result depends on."""
        return digest({"stage": self.name, "version": self.version, **self.parameters(), **more})

    def plan(self) -> Planned:
        """Judge every task against the journal; see `Journal.why`."""
        tasks, records, has = self.tasks(), Journal(self.work, self.name).records(), self.work.listed(*self.owned)
        todo, done = [], []
        for task in tasks:
            record = records.get(task.name)
            why = why_again(task, record, has)
            if why is None and record is not None:
                done.append(record)
            else:
                todo.append((self.refine(task, record, has), why or "new"))
        return Planned(tuple(todo), tuple(done))

    def records(self) -> list[Record]:
        """What the stage made, from its manifest.

        Raises:
            NotReady: there is no manifest.
            FormatError: the manifest was changed by hand, or is of another version.
        """
        try:
            return records_of(self.work, self.manifest)
        except FileNotFoundError:
            raise NotReady(
                f"{self.work.address(self.manifest)} does not exist: run `babelmill {self.title}` first"
            ) from None

    def succeeded(self) -> list[Record]:
        """The records of the tasks that did not fail."""
        return [record for record in self.records() if record.failure is None]

    def check_manifest(self) -> None:
        """See that a manifest of a former run, if there is one, was not changed by hand.

        Raises:
            FormatError: it was, or it is of another version.
        """
        with contextlib.suppress(FileNotFoundError):
            self.work.read_manifest(self.manifest)

    def write_manifest(self, records: Sequence[Record]) -> None:
        """Write the manifest from finished records alone, unless it says the same already."""
        body = manifest_of(self.name, self.settings(), records, folder=self.folder)
        try:
            if {**self.work.read_manifest(self.manifest), "checksum": body["checksum"]} == body:
                return
        except FileNotFoundError:
            pass
        self.work.write_json(self.manifest, body)

    def prune(self, records: Sequence[Record]) -> list[str]:
        """Remove data files that the manifest does not name, and records of tasks that are no more.

        Args:
            records: those of the manifest.

        Returns:
            The names of the files.
        """
        named = {file.path for record in records for file in record.files.values()}
        removed = []
        for folder in self.owned:
            for name in sorted(self.work.stamps(folder, "")):
                if name not in named and name.endswith(DATA):
                    self.work.remove(name)
                    removed.append(name)
        journal = Journal(self.work, self.name)
        for task in journal.stamps().keys() - {record.name for record in records}:
            journal.forget(task)
        journal.sum_up(records)
        return removed


def with_job(task: Task, **more: Any) -> Task:
    """A task whose job says more."""
    return replace(task, job={**task.job, **more})


@contextlib.contextmanager
def usable(key: str) -> Iterator[None]:
    """Turn an error of reading the file that a key of the configuration names into one of the configuration."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{key}: {error.filename} cannot be read: {error.strerror}; correct the path") from error
    except ValueError as error:
        raise ConfigError(f"{key}: {error}") from error
