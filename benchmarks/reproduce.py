"""The same bytes whatever the workers, the order of the languages, or the moments at which a run is killed.

    python -m benchmarks.reproduce corpus.yaml                              # 1 worker, 2 workers, languages shuffled
    python -m benchmarks.reproduce corpus.yaml --kill 20 --set "corpora.0.languages=[de, el, hi, ja, km, vi]"

Every run is a process of its own with a work directory of its own below `--scratch`; `workdir` of the configuration is
left alone. All files of a run are compared but those of `.babelmill/`, byte by byte through their sha256. The first run
after an installation also compiles kernels, which takes a minute or two: for timings, run something before.

With `--kill N`, N runs get SIGKILL at moments drawn evenly from the time that an undisturbed run takes (a run that has
ended by then does not count), and the same command goes on with each. A part counts as finished when its record is in
the journal; it counts as done again when its record or one of its files is written anew afterwards, even with the same
bytes: another inode or modification time.

Of each run: wall time, MB of decoded text a second, and the peak memory of its process tree, sampled four times a
second. That is the sum of PSS (Linux's proportional set size: a page that n processes share counts 1/n in each), in all
and without the pages of mapped files, which the system may drop at any time.

Exits with 1 when a file differs or a part was done again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from babelmill.format import read_manifest
from benchmarks.figures import Figure, report, write
from benchmarks.harness import BABELMILL, ROOT, SAMPLING, machine, tree_memory
from pipelines.config_file import load
from transforms.storage import STATE, sha256_of

STRETCH = 1.3
"""Moments are drawn from this many times an undisturbed run's time: a machine that got busier is hit at the end too."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """`babelmill run` on a configuration, whatever its work directory.

    Attributes:
        config: the configuration file.
        settings: overrides, `key=value`.
        workers: threads of the local runner.
    """

    config: Path
    settings: Sequence[str] = ()
    workers: int = 2

    def start(self, work: Path) -> subprocess.Popen:
        """Start it apart from this process, so that it can be killed with all of its children."""
        settings = [word for setting in (*self.settings, f"workdir={work}") for word in ("--set", setting)]
        program = [*BABELMILL, "run", str(self.config), "-q"]
        arguments = [*program, *settings, "--", f"--direct_num_workers={self.workers}"]
        return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)


@dataclass(frozen=True)
class Measured:
    """What a run took.

    Attributes:
        seconds: wall time.
        megabytes: of decoded text.
        memory: peak of the process tree in bytes.
        anonymous: the same without the pages of mapped files.
    """

    seconds: float
    megabytes: float
    memory: int
    anonymous: int

    def __str__(self) -> str:
        speed = f"{self.seconds:.1f} s, {self.megabytes / self.seconds:.1f} MB/s"
        return f"{speed}, peak {self.memory / 1e6:,.0f} MB, {self.anonymous / 1e6:,.0f} MB without mapped files"


def run(command: Command, work: Path) -> Measured:
    """Run to the end, watching the memory.

    Raises:
        RuntimeError: the command failed.
    """
    start, peak = time.monotonic(), Counter[str]()
    process = command.start(work)
    while process.poll() is None:
        peak |= tree_memory(process.pid)
        time.sleep(SAMPLING)
    seconds = time.monotonic() - start
    if process.returncode:
        raise RuntimeError(f"the run of {command.config} in {work} ended with exit code {process.returncode}")
    ledger = read_manifest(work / "raw/manifest.json")["ledger"]
    megabytes = sum(counts["bytes"] for counts in ledger.values()) / 1e6
    return Measured(seconds, megabytes, peak["Pss"], peak["Pss_Anon"])


def hashes(work: Path) -> dict[str, str]:
    """sha256 of every file of a work directory by its path, but for what is not data."""
    paths = (path for path in sorted(work.rglob("*")) if path.is_file())
    names = ((path, path.relative_to(work).as_posix()) for path in paths)
    return {name: sha256_of(path) for path, name in names if not name.startswith(f"{STATE}/")}


def differences(found: dict[str, str], expected: dict[str, str]) -> list[str]:
    """Paths of the files that are different or only on one side."""
    return sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))


def by_folder(names: Iterable[str]) -> str:
    """How many of some paths, or of a journal's records, are in each folder: `clean 12, dedup 12`."""
    counts = Counter(name.split("/")[0] for name in names)
    return ", ".join(f"{folder} {count}" for folder, count in sorted(counts.items())) or "none"


def shuffled_languages(command: Command, work: Path) -> list[str]:
    """Settings that list the languages of each corpus of a finished run in another order."""
    settings = []
    for number, corpus in enumerate(load(command.config, command.settings).corpora):
        codes = sorted(path.name for path in (work / "raw" / corpus.name).iterdir())
        random.Random(number).shuffle(codes)
        settings.append(f"corpora.{number}.languages=[{', '.join(codes)}]")
    return settings


def compare_runs(command: Command, scratch: Path) -> tuple[int, Figure]:
    """Run with one worker, with two, and with the languages in another order; how many files differ."""
    first = scratch / "one-worker"
    print(f"1 worker: {run(Command(config=command.config, settings=command.settings, workers=1), first)}", flush=True)
    expected, differing = hashes(first), set[str]()
    print(f"  files: {by_folder(expected)}")
    for name, settings in (
        ("2 workers", []),
        ("2 workers, languages in another order", shuffled_languages(command, first)),
    ):
        again = Command(config=command.config, settings=[*command.settings, *settings], workers=2)
        work = scratch / "again"
        print(f"{name}: {run(again, work)}", flush=True)
        different = differences(hashes(work), expected)
        print(
            f"  {len(different)} of {len(expected)} files differ" + "".join(f"\n    {path}" for path in different[:10])
        )
        differing |= set(different)
        shutil.rmtree(work)
    what = "files that differ with one worker, with two, and with the languages in another order"
    return len(differing), Figure(name="workers", what=what, text=f"{len(differing):,} of {len(expected):,}")


def finished(work: Path) -> dict[str, dict[str, tuple[int, int]]]:
    """Inode and modification time of each finished part's record and files, by the record's path in the journal."""
    found, journal = {}, work / STATE / "journal"
    for path in sorted(journal.rglob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        # A task's record names its files by role; the note of a part of a source that is still being read names one.
        described = [record["file"]] if "file" in record else record["files"].values()
        files = [path, *(work / file["path"] for file in described)]
        found[path.relative_to(journal).as_posix()] = {str(file): _state(file) for file in files}
    return found


def _state(path: Path) -> tuple[int, int]:
    """Inode and modification time of a file; zeros where a record names one that is not there."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_ino, status.st_mtime_ns


def kill_at(command: Command, work: Path, moment: float) -> bool:
    """Start a run and kill it after so many seconds; False if it had ended by then."""
    process = command.start(work)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def kill_runs(command: Command, scratch: Path, *, kills: int, seed: int) -> tuple[int, Figure]:
    """Kill runs and go on with each; how many files differ, or are of finished parts that were done again."""
    undisturbed = scratch / "undisturbed"
    measured = run(command, undisturbed)
    print(f"undisturbed: {measured}", flush=True)
    expected, moments, wrong, killed = hashes(undisturbed), random.Random(seed), 0, 0
    while killed < kills:
        work, moment = scratch / "killed", moments.uniform(0, STRETCH * measured.seconds)
        if kill_at(command, work, moment):
            killed += 1
            before = finished(work) if work.exists() else {}
            again = run(command, work)
            after, different = finished(work), differences(hashes(work), expected)
            redone = [name for name, files in before.items() if after.get(name) != files]
            wrong += len(redone) + len(different)
            print(f"{killed:>3}. killed after {moment:.1f} s, finished by then: {by_folder(before)}")
            print(
                f"     went on for {again.seconds:.1f} s: {len(redone)} parts done again, {len(different)} files differ"
            )
            print("".join(f"       {name}\n" for name in (*redone, *different)[:10]), end="", flush=True)
        shutil.rmtree(work, ignore_errors=True)
    what = f"files that differ, or finished parts done again, after `kill -9` at {kills} random moments"
    return wrong, Figure(name="kills", what=what, text=f"{wrong:,}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Show that runs give the same bytes whatever happens to them.")
    parser.add_argument("config", type=Path, help="configuration file")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE", help="override")
    parser.add_argument("--kill", type=int, default=0, metavar="N", help="kill N runs, each at a random moment")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--scratch", type=Path, help="folder for the work directories; default: the system's")
    parser.add_argument("--results", type=Path, metavar="DIR", help="write the README's figures here")
    options, began = parser.parse_args(), machine()
    command = Command(config=options.config.resolve(), settings=options.settings)
    with tempfile.TemporaryDirectory(prefix="reproduce-", dir=options.scratch) as folder:
        scratch = Path(folder).resolve()
        if options.kill:
            wrong, figure = kill_runs(command, scratch, kills=options.kill, seed=options.seed)
        else:
            wrong, figure = compare_runs(command, scratch)
    if options.results:
        arguments = f"CONFIG --kill {options.kill}" if options.kill else "CONFIG"
        found = report("reproduce", arguments, [figure], machine=began)
        write(found, options.results, name="reproduce_killed" if options.kill else "reproduce")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
