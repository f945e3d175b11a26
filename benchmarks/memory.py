"""Memory and time against size: texts of several sizes, one enormous document, one enormous cluster of duplicates.

    python -m benchmarks.memory STRESS

STRESS is a folder that `stress.py` made. In it `100MB`, `300MB` and `1GB`, and `document` and `cluster` (which are
`100MB` and what they are named after), hold texts laid out as CC-100's; those that are not there are passed over.

Memory is the peak of the process tree: the sum of PSS (Linux's proportional set size: a page that n processes share
counts 1/n in each), looked at four times a second. `babelmill run` has two cores, and a given vocabulary. How fast it
is at each size, on two cores and on one, is seen in runs of their own, in which nobody looks.

What grows with the corpus shows between the sizes. What a document or a cluster costs shows beside the same corpus
without it: `share` is how many times as large the corpus is with it, and what time and memory may grow by.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import inputs
from benchmarks.figures import Figure, report, write
from benchmarks.jobs import Jobs, Ran

PACKAGES = ("apache-beam", "numba", "numpy", "pyarrow", "sentencepiece")
CORES = 2
VOCABULARY = 64_000
SIZES = ("100MB", "300MB", "1GB")
ROUNDS = 3
"""Runs on two cores and on one, of each size."""

PLAIN = "100MB"
"""The corpus that the others are added to."""

ADDED = {"document": "a document of 100 MB", "cluster": "a cluster of 50,000 near duplicates"}
LARGEST_DOCUMENT = "download.max_document_bytes=256MiB"
"""So that the enormous document is not left out."""


class Sized(NamedTuple):
    """A run over a folder whose memory was looked at, the MB that it read; of a size, runs on two cores and on one."""

    ran: Ran
    megabytes: float
    cores: Sequence[tuple[Ran, Ran]] = ()

    @property
    def memory(self) -> float:
        """Peak of the process tree in MB."""
        return self.ran.memory / 1e6


def measure(folder: Path, model: Path, scratch: Path, rounds: int) -> dict[str, Sized]:
    """Run over each folder that is there, after one run that compiles what is not compiled yet."""
    found = {}
    Jobs(texts=(folder / PLAIN).resolve(), model=model, scratch=scratch).babelmill(cores=CORES)
    for name in (*SIZES, *ADDED):
        texts = folder / name
        if texts.is_dir():
            jobs = Jobs(texts=texts.resolve(), model=model, scratch=scratch)
            ran = jobs.babelmill(cores=CORES, watch_memory=True, settings=[LARGEST_DOCUMENT])
            megabytes = sum(inputs.decoded_megabytes(path) for path in inputs.files(texts).values())
            timed = range(rounds if name in SIZES else 0)
            cores = [(jobs.babelmill(cores=CORES), jobs.babelmill(cores=1)) for _ in timed]
            found[name] = Sized(ran, megabytes, cores)
            print(f"{name}: {megabytes:.0f} MB in {ran.seconds:.1f} s, peak {ran.memory / 1e6:.0f} MB", flush=True)
    return found


def figures(found: dict[str, Sized]) -> list[Figure]:
    """The rows for the table."""
    sizes = {name: found[name] for name in SIZES if name in found}
    rows = [
        Figure(
            name=f"memory_{name}",
            what=f"peak memory of the process tree, {one.megabytes:,.0f} MB of text, two cores",
            unit="MB",
            ours=[one.memory],
            at_most=1500,
        )
        for name, one in sizes.items()
    ]
    if len(sizes) > 1:
        peaks = [one.memory for one in sizes.values()]
        rows.append(
            Figure(
                name="growth",
                what="largest of these peaks against the smallest",
                unit="times",
                ours=[max(peaks) / min(peaks)],
                at_most=1.15,
            )
        )
    for name, one in sizes.items():
        rows += speed(name, one)
    for name, what in ADDED.items():
        if name in found and PLAIN in found:
            rows += added(name, what, found[name], found[PLAIN])
    return rows


def speed(name: str, sized: Sized) -> list[Figure]:
    """How fast a size is on two cores, and how much faster than on one."""
    what = f"the whole job, {sized.megabytes:,.0f} MB of text, two cores"
    rates = [sized.megabytes / two.seconds for two, _ in sized.cores]
    gains = [one.seconds / two.seconds for two, one in sized.cores]
    return [
        Figure(name=f"speed_{name}", what=what, unit="MB/s", ours=rates),
        Figure(name=f"cores_{name}", what=f"{what} against one", unit="times", ours=gains),
    ]


def added(name: str, what: str, there: Sized, plain: Sized) -> list[Figure]:
    """What something costs that is added to a corpus: time and memory against those without."""
    share = there.megabytes / plain.megabytes
    pairs = (("time", there.ran.seconds / plain.ran.seconds), ("memory", there.memory / plain.memory))
    return [
        Figure(
            name=f"{name}_{kind}",
            what=f"{kind} with {what}, {share:.2f} times the text, against {kind} without",
            unit="times",
            ours=[ratio],
            at_most=round(share, 2),
        )
        for kind, ratio in pairs
    ]


def main() -> None:
    parser = inputs.parser("Memory and time against size.")
    parser.add_argument("stress", type=Path, help="folder that stress.py made")
    parser.add_argument("--model", type=Path, help="SentencePiece model; by default one is trained")
    options = inputs.parse(parser)
    options.corpora = options.stress / PLAIN
    model = (options.model or inputs.vocabulary(options, size=VOCABULARY)).resolve()
    scratch = Path(tempfile.mkdtemp(prefix="memory-", dir=options.cache))
    try:
        found = measure(options.stress, model, scratch, min(ROUNDS, options.repetitions))
    finally:
        shutil.rmtree(scratch)
    write(
        report(
            "memory",
            "STRESS",
            figures(found),
            machine=options.machine,
            packages=PACKAGES,
            inputs={name: round(one.megabytes, 1) for name, one in found.items()},
            details={"seconds": {name: round(one.ran.seconds, 1) for name, one in found.items()}},
        ),
        options.results,
    )


if __name__ == "__main__":
    main()
