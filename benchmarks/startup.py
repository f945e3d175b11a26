"""How long Babelmill takes before it works: help, a run with nothing to do, and the first run ever.

    python -m benchmarks.startup

Processes are timed from their start to their end, on the sample that ships with the package (41 languages). For the
first run, which takes minutes and is done once, numba's cache is an empty folder, so every kernel is compiled; the run
after it finds them there.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks import inputs
from benchmarks.figures import Figure, report, write
from benchmarks.harness import BABELMILL, run_command

PACKAGES = ("apache-beam", "numba", "pyarrow")


def seconds(*arguments: str | Path, cache: Path) -> float:
    """Wall time of a `babelmill` command, with numba's cache in a folder."""
    return run_command([*BABELMILL, *arguments], environment={"NUMBA_CACHE_DIR": str(cache)}).seconds


def main() -> None:
    options = inputs.parse(inputs.parser("Start-up of babelmill."))
    with tempfile.TemporaryDirectory(dir=options.cache) as folder:
        scratch = Path(folder)
        cache, config = scratch / "cache", scratch / "warm/demo.yaml"
        cold, warm = (seconds("demo", "--into", scratch / name, cache=cache) for name in ("cold", "warm"))
        commands = {"help": ("--help",), "stage": ("clean", config), "run": ("run", config)}
        found: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(options.repetitions):
            for name, arguments in commands.items():
                found[name].append(seconds(*arguments, cache=cache))
    figures = [
        Figure(name="help", what="`babelmill --help`", unit="s", ours=found["help"], at_most=0.3),
        Figure(
            name="stage", what="a stage with nothing to do, `babelmill clean`", unit="s", ours=found["stage"], at_most=2
        ),
        Figure(name="run", what="a run with nothing to do, all stages, 41 languages", unit="s", ours=found["run"]),
        Figure(
            name="first",
            what="the demonstration, everything compiled, against the first run ever",
            unit="s",
            ours=[warm],
            peer="nothing compiled",
            theirs=[cold],
        ),
    ]
    write(
        report(
            "startup",
            "",
            figures,
            machine=options.machine,
            packages=PACKAGES,
            inputs={"sample": "babelmill/sample", "cores": len(os.sched_getaffinity(0))},
        ),
        options.results,
    )


if __name__ == "__main__":
    main()
