"""How the benchmarks measure: rounds in processes of their own, CPU time of kernels, wall time and memory of commands.

- Kernels: `rounds` starts a process for each round, so that every cache is cold at its start. In a round the sides take
  turns, and who begins changes from round to round. The process is bound to one core (`on_one_core`); what counts is
  its CPU time (`cpu_seconds`), threads of libraries included.
- Commands: `run_command` takes the wall time from the start of a process to its end, on so many cores. Memory is
  watched in runs of their own, since looking at it takes time.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psutil

ROOT = Path(__file__).resolve().parent.parent
PLAIN = ROOT / ".venv/plain/bin/python"
"""Of an environment with Babelmill and nothing else, as its users have; what peers bring along takes time to import."""

BABELMILL = (str(PLAIN) if PLAIN.exists() else sys.executable, "-c", "from pipelines.cli import main; main()")
"""The command `babelmill` of this checkout."""

REPETITIONS = 5
SAMPLING = 0.25
"""Seconds between two looks at the memory of a process tree."""

Result = TypeVar("Result")
Item = TypeVar("Item")


def machine() -> dict[str, Any]:
    """What the figures depend on: the processor, its cores that may be used, memory, system, and who else works."""
    processor = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), processor)
    return {
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "load": round(os.getloadavg()[0], 2),
    }


def rounds(function: Callable[..., Result], count: int, *arguments: Any) -> Iterator[Result]:
    """Call `function(number, *arguments)` for each round, every time in a process of its own.

    Args:
        function: of a module's top level; its result can be pickled.
        count: how many rounds.
        *arguments: can be pickled.
    """
    context = multiprocessing.get_context("spawn")
    for number in range(count):
        with context.Pool(1) as pool:
            yield pool.apply(function, (number, *arguments))


def in_turn(sides: Sequence[Item], number: int) -> list[Item]:
    """The sides in the order of a round: each comes first in turn."""
    first = number % len(sides)
    return [*sides[first:], *sides[:first]]


def on_one_core() -> None:
    """Bind this process, and the threads that it is going to start, to one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def cpu_seconds(function: Callable[..., Result], *arguments: Any) -> tuple[float, Result]:
    """CPU time that a call takes, in all threads of the process, and what it returns."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        result = function(*arguments)
        return time.process_time() - start, result
    finally:
        gc.enable()


class Finished(NamedTuple):
    """A command that came to its end.

    Attributes:
        seconds: wall time.
        output: what it wrote to standard output.
        memory: bytes, the peak of the process tree's PSS; 0 where nobody looked.
    """

    seconds: float
    output: str
    memory: int


def run_command(
    command: Sequence[str | Path],
    *,
    cores: int | None = None,
    environment: Mapping[str, str] | None = None,
    watch_memory: bool = False,
) -> Finished:
    """Run a command to its end, in the root of the repository.

    Args:
        command: program and arguments.
        cores: how many cores it may use; None: all.
        environment: variables to add.
        watch_memory: whether to look at its memory.

    Raises:
        RuntimeError: it failed; the message ends with what it said.
    """
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    # Where modules may not be kept compiled, as in some containers, each start would compile them.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command],
            stdout=out,
            stderr=err,
            cwd=ROOT,
            env={**inherited, **(environment or {})},
            preexec_fn=functools.partial(os.sched_setaffinity, 0, allowed),
        )
        with _watched(process.pid) if watch_memory else contextlib.nullcontext([0]) as peak:
            code = process.wait()
        seconds = time.perf_counter() - start
        out.seek(0)
        err.seek(0)
        if code:
            said = (out.read() + err.read())[-2000:]
            raise RuntimeError(f"{' '.join(map(str, command))} ended with exit code {code}:\n{said}")
        return Finished(seconds, out.read(), max(peak))


@contextlib.contextmanager
def _watched(pid: int) -> Iterator[list[int]]:
    """Look at the memory of a process tree until the block ends; gives the list of what was seen."""
    seen, halt = [0], threading.Event()

    def look() -> None:
        while not halt.wait(SAMPLING):
            seen.append(tree_memory(pid)["Pss"])

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        halt.set()
        thread.join()


def tree_memory(pid: int) -> Counter[str]:
    """Memory of a process and its children by kind, in bytes, as in /proc/<pid>/smaps_rollup.

    `Pss` is Linux's proportional set size: a page that n processes share counts 1/n in each of them, so that the sum is
    what the tree takes. `Pss_Anon` leaves out the pages of mapped files, which the system may drop at any time.
    """
    found: Counter[str] = Counter()
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
                found.update({line.split(":")[0]: 1024 * int(line.split()[1]) for line in lines})
    return found
