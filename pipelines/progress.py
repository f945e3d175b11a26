"""What a run says while it works: a bar on a terminal, plain lines in a log, JSON lines for machines.

Progress is read from the journal of the work directory, where every finished task leaves its record: it is right on any
runner, and needs nothing from the workers.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from transforms.journal import Journal, Task
from transforms.places import Stamp
from transforms.storage import WorkDirectoryError

if TYPE_CHECKING:
    from pipelines.execute import Outcome
    from pipelines.stage import Planned, Stage

SECONDS = {"bar": 0.5, "lines": 10.0, "json": 5.0}
"""How often each kind of progress speaks."""

QUIET = 60.0
"""Seconds for which a log may hear nothing."""


def megabytes(size: float) -> str:
    """A number of bytes in MB: one decimal, or two digits where that would say nothing."""
    return f"{size / 1e6:,.1f}" if size >= 10e6 or size == 0 else f"{size / 1e6:.2g}"


class Progress:
    """Reports on one stage at a time.

    Args:
        style: `bar`, `lines`, `json` or `quiet`.
        out: where to write.
    """

    def __init__(self, style: str = "quiet", out: TextIO | None = None):
        self.style = style
        self._out = out or sys.stderr
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None
        self._said = False

    def start(self, stage: Stage, planned: Planned) -> None:
        """A stage begins."""
        tasks = [task for task, _ in planned.todo]
        self._event("start", stage=stage.name, tasks=len(tasks), skipped=len(planned.done), bytes=_size(tasks))
        self._said = False
        if tasks and self.style in SECONDS:
            self._halt.clear()
            journal = Journal(stage.work, stage.name)
            self._thread = threading.Thread(target=self._watch, args=(journal, tasks, journal.stamps()), daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """The stage's work is over, well or not."""
        if self._thread is not None:
            self._halt.set()
            self._thread.join()
            self._thread = None
        if self.style == "bar" and self._said:
            self._out.write("\r\x1b[K")

    def end(self, outcome: Outcome) -> None:
        """The stage is finished."""
        self._event("end", **asdict(outcome))
        if self.style not in ("bar", "lines"):
            return
        if not outcome.done:
            line = f"{outcome.stage:<10} up to date ({outcome.skipped} parts)"
        else:
            rate = megabytes(outcome.bytes / max(outcome.seconds, 1e-3))
            line = f"{outcome.stage:<10} {outcome.done} parts in {outcome.seconds:.1f} s, {rate} MB/s"
            line += f", {outcome.skipped} were done" if outcome.skipped else ""
        line += f", {len(outcome.failures)} failed" if outcome.failures else ""
        print(line, file=self._out, flush=True)

    def _watch(self, journal: Journal, tasks: list[Task], before: dict[str, Stamp]) -> None:
        """Look at the journal until told to stop: a task is done when its record is not the one of before."""
        waiting, done, silent, began = list(tasks), 0, 0.0, time.monotonic()
        while not self._halt.wait(SECONDS[self.style]):
            try:
                now = journal.stamps()
            except WorkDirectoryError:
                # Whoever does the work will say so if it lasts.
                continue
            still = [task for task in waiting if now.get(task.name, before.get(task.name)) == before.get(task.name)]
            # A log is not told every time that nothing has changed.
            silent = silent + SECONDS[self.style] if len(still) == len(waiting) else QUIET
            done += _size(waiting) - _size(still)
            waiting = still
            if self.style == "lines" and silent < QUIET:
                continue
            silent = 0.0
            seconds = time.monotonic() - began
            self._say(journal.stage, len(tasks) - len(waiting), len(tasks), done, _size(tasks), seconds)

    def _say(self, stage: str, done: int, tasks: int, read: int, size: int, seconds: float) -> None:
        self._said = True
        rate = read / max(seconds, 1e-3)
        left = f"{(size - read) / rate:.0f} s left" if rate else "…"
        if self.style == "json":
            self._event("progress", stage=stage, done=done, tasks=tasks, bytes=read, seconds=round(seconds, 1))
            return
        text = f"{stage:<10} {done} of {tasks} parts, {megabytes(rate)} MB/s, {left}"
        if self.style == "bar":
            filled = 24 * read // max(size, 1)
            self._out.write(f"\r\x1b[K{text[:10]} {'█' * filled}{'░' * (24 - filled)} {text[11:]}")
            self._out.flush()
        else:
            print(text, file=self._out, flush=True)

    def _event(self, kind: str, **values: Any) -> None:
        if self.style == "json":
            print(json.dumps({"event": kind, **values}, sort_keys=True), file=self._out, flush=True)


def _size(tasks: list[Task]) -> int:
    return sum(task.size for task in tasks)
