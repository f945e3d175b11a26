"""The same bytes on this machine's threads and on a Flink cluster, also when the cluster or the command is killed.

    python -m benchmarks.runners corpus.yaml --set "corpora.0.languages=[de, el, hi, ja, km, ko, ru, vi]"

Runs `babelmill run` with one worker, with two, and on a Flink cluster of two TaskManagers that it starts here (Java and
Maven needed). Then, on Flink: `kill -9` of a TaskManager when half of `clean`, of `dedup` and of `tokens` is done, and
a new one started; and `kill -9` of the command itself at the same moments, and the command given again. Every run has a
work directory of its own below `--scratch`; all files but those of `.babelmill/` are compared through their sha256.

Of each run on Flink, the tasks that each worker did are counted: a TaskManager has one slot here, and a slot one Python
process. Exits with 1 when a file differs, when a finished part was done again after the command was killed, or when in
the undisturbed run a worker did more than 70 % of a stage with more than eight parts.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import BABELMILL, ROOT
from benchmarks.reproduce import by_folder, differences, finished, hashes
from tests.flink.cluster import FlinkCluster
from transforms.storage import STATE

STAGES = ("download", "clean", "learn", "filter", "dedup", "sample", "vocab", "tokens", "order", "shards")
KILLED_IN = ("clean", "dedup", "tokens")
MOST = 0.7
"""Largest share of a stage's tasks that a worker of two may do."""


@dataclass(frozen=True)
class Run:
    """A run of a configuration in a work directory of its own.

    Attributes:
        config: the configuration file.
        settings: overrides, `key=value`.
        work: the work directory.
        options: Beam's.
    """

    config: Path
    settings: Sequence[str]
    work: Path
    options: Sequence[str]

    def start(self) -> subprocess.Popen:
        """Start `babelmill run`."""
        settings = [word for setting in (*self.settings, f"workdir={self.work}") for word in ("--set", setting)]
        command = [*BABELMILL, "run", str(self.config), "-q", *settings, "--", *self.options]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)

    def finish(self, process: subprocess.Popen | None = None) -> float:
        """Run to the end; returns the seconds that it took.

        Raises:
            RuntimeError: it failed.
        """
        begin = time.monotonic()
        if code := (process or self.start()).wait():
            raise RuntimeError(f"the run in {self.work} ended with exit code {code}")
        return time.monotonic() - begin

    def wait_for_half(self, stage: str, process: subprocess.Popen) -> None:
        """Wait until a stage has done half of its tasks.

        Raises:
            RuntimeError: the run ended before.
        """
        plan = self.work / STATE / f"plans/{stage}.json"
        while not plan.exists() or 2 * self.workers(stage).total() < len(json.loads(plan.read_text())["todo"]):
            if process.poll() is not None:
                raise RuntimeError(f"the run in {self.work} ended before half of {stage} was done")
            time.sleep(0.05)

    def workers(self, stage: str) -> Counter[str]:
        """How many tasks of a stage each worker did."""
        paths = (self.work / STATE / "journal" / stage).rglob("*.json")
        return Counter(json.loads(path.read_text(encoding="utf-8"))["worker"] for path in paths)


def judged(name: str, run: Run, seconds: float, expected: dict[str, str]) -> bool:
    """Compare a run's files with those of the first one, and say so; whether they are the same."""
    different = differences(hashes(run.work), expected)
    print(f"{name}: {seconds:.0f} s, {len(different)} of {len(expected)} files differ", flush=True)
    print("".join(f"    {path}\n" for path in different[:10]), end="")
    return not different


def dealt(run: Run) -> bool:
    """Say how a stage's tasks were dealt out; whether no worker did too much."""
    fair = True
    for stage in STAGES:
        counts = sorted(run.workers(stage).values(), reverse=True)
        print(f"    {stage:<9} {' + '.join(map(str, counts))}")
        fair &= sum(counts) <= 8 or counts[0] <= MOST * sum(counts)
    return fair


def disturbed(run: Run, cluster: FlinkCluster, expected: dict[str, str]) -> bool:
    """Kill a TaskManager in three stages of a run."""
    begin, process = time.monotonic(), run.start()
    for stage in KILLED_IN:
        run.wait_for_half(stage, process)
        print(f"  killing a TaskManager in {stage}, {run.workers(stage).total()} tasks done", flush=True)
        cluster.kill_task_manager()
        cluster.start_task_manager()
    run.finish(process)
    return judged("Flink, a TaskManager killed three times", run, time.monotonic() - begin, expected)


def resumed(run: Run, expected: dict[str, str]) -> bool:
    """Kill the command in three stages, each time give it again; whether nothing finished is done twice."""
    begin, before, redone = time.monotonic(), {}, []

    def look() -> dict[str, dict[str, tuple[int, int]]]:
        after = finished(run.work)
        redone.extend(name for name, files in before.items() if after.get(name) != files)
        return after

    for stage in KILLED_IN:
        process = run.start()
        run.wait_for_half(stage, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        before = look()
        print(f"  killed in {stage}, finished by then: {by_folder(before)}", flush=True)
    run.finish()
    look()
    print("".join(f"    done again: {name}\n" for name in redone[:10]), end="")
    same = judged("Flink, the command killed three times", run, time.monotonic() - begin, expected)
    return same and not redone


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare runs on threads and on a Flink cluster by the byte.")
    parser.add_argument("config", type=Path, help="configuration file")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE", help="override")
    parser.add_argument("--scratch", type=Path, help="folder for the work directories; default: the system's")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="runners-", dir=options.scratch) as folder:
        scratch = Path(folder).resolve()

        def new(name: str, beam_options: Sequence[str]) -> Run:
            return Run(options.config.resolve(), options.settings, scratch / name, beam_options)

        first = new("one-worker", ["--direct_num_workers=1"])
        print(f"1 worker: {first.finish():.0f} s", flush=True)
        expected = hashes(first.work)
        print(f"    files: {by_folder(expected)}")
        second = new("two-workers", ["--direct_num_workers=2"])
        right = judged("2 workers", second, second.finish(), expected)
        with FlinkCluster(task_managers=2) as cluster:
            flink = new("flink", cluster.beam_options)
            right &= judged("Flink, 2 TaskManagers", flink, flink.finish(), expected) and dealt(flink)
            right &= disturbed(new("killed-task-manager", cluster.beam_options), cluster, expected)
            right &= resumed(new("killed-command", cluster.beam_options), expected)
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
