"""Translation by Beam's RunInference: the model are the engines of a worker, and an element is a part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import ModelHandler, RunInference

from transforms.journal import Record, Task
from transforms.storage import WorkDirectory
from transforms.tasks import do


class Worker:
    """What RunInference takes for a model. Engines load what they need when they are first asked for a pair."""


class TranslateHandler(ModelHandler[str, str, Worker]):
    """Does tasks of `translate`.

    A part is the unit: the batches in it are cut by length and by a budget (`transforms.translating`), which knows
    more than Beam could of what an engine likes, and can be halved.

    Args:
        stage: the stage's name.
        root: the work directory.
        function: does one task.
        stop: end the run at the first task that fails.
    """

    def __init__(self, stage: str, root: str, function: Callable[[WorkDirectory, Task], Record], stop: bool):
        super().__init__()
        self._stage, self._root, self._function, self._stop = stage, root, function, stop

    def load_model(self) -> Worker:
        """Nothing yet: which engines it takes is known when a part comes."""
        return Worker()

    def run_inference(
        self, batch: Sequence[str], model: Worker, inference_args: dict[str, Any] | None = None
    ) -> Iterable[str]:
        """Do the tasks of a batch, each to its record."""
        for text in batch:
            work, task = WorkDirectory(self._root), Task.from_json(text)
            yield do(self._stage, work, task, self._function, stop=self._stop).to_json()

    def get_num_bytes(self, batch: Sequence[str]) -> int:
        """Of the tasks; the default would pickle them."""
        return sum(map(len, batch))

    def get_metrics_namespace(self) -> str:
        """Where Beam counts parts and their latency."""
        return "babelmill_translate"


@dataclass
class TranslateTasks(beam.PTransform):
    """Does tasks of `translate` and notes each in the journal.

    Args:
        stage: the stage's name.
        root: the work directory.
        function: does one task.
        stop: end the run at the first task that fails.

    Expands a PCollection[str] of tasks to a PCollection[str] of records.
    """

    stage: str
    root: str
    function: Callable[[WorkDirectory, Task], Record]
    stop: bool = False

    def expand(self, tasks):
        """One task, one record."""
        handler = TranslateHandler(self.stage, self.root, self.function, self.stop).with_no_batching()
        return (
            tasks
            | "Alone" >> beam.Map(_alone).with_output_types(list[str])
            | "Run" >> RunInference(handler, model_identifier=f"babelmill-{self.stage}").with_output_types(str)
        )


def _alone(task: str) -> list[str]:
    return [task]
