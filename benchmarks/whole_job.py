"""The whole job, from .xz to shards with a given vocabulary, on two cores, against what one would do instead.

    python -m benchmarks.whole_job CORPORA

Whole commands are timed, from the start of the process to its end: `babelmill run`, on two cores and on one; the script
that a good engineer would write with the fastest libraries (`peers/handrolled.py`); and datatrove
(`peers/datatrove_job.py`), on a subset of eight languages, since it would take a quarter of an hour for the whole. They
take turns. MB are those of the decoded files, before anything is rejected, for all of them.

Babelmill's shards are the same bytes in every run, on one core and on two, and `babelmill verify` checks the last one.
Babelmill's kernels are compiled before the clock runs; what a first run costs is in `startup.py`.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks import inputs
from benchmarks.figures import Figure, report, version, write
from benchmarks.harness import in_turn
from benchmarks.jobs import Jobs, Ran, subset

PACKAGES = (
    "apache-beam",
    "datatrove",
    "fasttext-numpy2",
    "numba",
    "numpy",
    "pyarrow",
    "rensa",
    "sentencepiece",
    "tokenizers",
)
CORES = 2
VOCABULARY = 64_000
SUBSET = ("cs", "de", "el", "fi", "fr", "ru", "tr", "vi")
"""Languages of datatrove's subset: all of them put spaces between words, and have labels in lid.176."""

SUBSET_MEGABYTES = 8.0


class Measured(NamedTuple):
    """What the rounds gave, a list for each contender, in the order of the rounds; and MB of the texts."""

    two_cores: list[Ran]
    one_core: list[Ran]
    handrolled: list[Ran]
    datatrove: list[Ran]
    on_subset: list[Ran]
    megabytes: float
    subset_megabytes: float


def measure(whole: Jobs, part: Jobs, repetitions: int, sizes: tuple[float, float]) -> Measured:
    """All rounds; `whole` has all texts and `part` datatrove's, of so many MB."""
    sides = {
        "two_cores": lambda: whole.babelmill(cores=CORES),
        "handrolled": lambda: whole.handrolled(cores=CORES),
        "one_core": lambda: whole.babelmill(cores=1),
        "datatrove": lambda: part.datatrove(cores=CORES),
        "on_subset": lambda: part.babelmill(cores=CORES),
    }
    part.babelmill(cores=CORES)  # what is not compiled yet is compiled now
    found: dict[str, list[Ran]] = {side: [] for side in sides}
    for number in range(repetitions):
        for side in in_turn(list(sides), number):
            found[side].append(sides[side]())
            print(f"round {number + 1}, {side}: {found[side][-1].seconds:.1f} s", flush=True)
    whole.babelmill(cores=CORES)
    whole.verify()
    return Measured(**found, megabytes=sizes[0], subset_megabytes=sizes[1])


def rates(ran: list[Ran], megabytes: float) -> list[float]:
    """MB/s of some runs."""
    return [megabytes / one.seconds for one in ran]


def figures(found: Measured) -> list[Figure]:
    """The rows for the table."""
    ours, datatrove = rates(found.two_cores, found.megabytes), f"datatrove {version('datatrove')}"
    theirs = rates(found.datatrove, found.subset_megabytes)
    digests = {one.digest for one in (*found.two_cores, *found.one_core)}
    return [
        Figure(
            name="handrolled",
            what="the whole job, .xz to shards, two cores",
            unit="MB/s",
            ours=ours,
            peer="hand-rolled script",
            theirs=rates(found.handrolled, found.megabytes),
            at_least=4,
        ),
        Figure(
            name="datatrove",
            what=f"the whole job, two cores; datatrove on {found.subset_megabytes:.0f} MB of it",
            unit="MB/s",
            ours=ours,
            peer=datatrove,
            theirs=theirs,
            at_least=50,
        ),
        Figure(
            name="subset",
            what=f"the whole job on those {found.subset_megabytes:.0f} MB, which is mostly start-up",
            unit="MB/s",
            ours=rates(found.on_subset, found.subset_megabytes),
            peer=datatrove,
            theirs=theirs,
        ),
        Figure(
            name="cores",
            what="the whole job, two cores against one",
            unit="times",
            ours=[one.seconds / two.seconds for one, two in zip(found.one_core, found.two_cores, strict=True)],
            at_least=1.75,
        ),
        Figure(name="stages", what="time by stage, two cores", text=stages(found.two_cores)),
        Figure(
            name="same",
            what=f"different shards in {len(found.two_cores)} runs on two cores and {len(found.one_core)} on one",
            text=f"{len(digests) - 1}",
        ),
    ]


def stages(ran: list[Ran]) -> str:
    """Median seconds of each stage, and of what is none: Python, imports, the summary."""
    names = list(ran[0].said["stages"])
    medians = {name: statistics.median(one.said["stages"][name]["seconds"] for one in ran) for name in names}
    rest = statistics.median(
        one.seconds - sum(stage["seconds"] for stage in one.said["stages"].values()) for one in ran
    )
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in {**medians, "start and end": rest}.items())


def kept(found: Measured) -> dict[str, dict[str, int]]:
    """Documents and tokens that came out, so that one can see that the same job was done."""
    every = next(row for row in found.two_cores[-1].said["rows"] if row["language"] == "all")
    theirs = found.handrolled[-1].said
    return {
        "babelmill": {"documents": every["documents"], "kept": every["kept"], "tokens": every["tokens"]},
        "handrolled": {key: theirs[key] for key in ("documents", "kept", "tokens")},
    }


def prepare(options: argparse.Namespace, scratch: Path) -> tuple[Jobs, Jobs, tuple[float, float]]:
    """The jobs over all texts and over the subset, and their sizes in MB."""
    sources = inputs.files(options.corpora, options.languages)
    some = {code: path for code, path in sources.items() if code in SUBSET} or sources
    model = (options.model or inputs.vocabulary(options, size=VOCABULARY)).resolve()
    part = subset(some, scratch / "subset", options.megabytes if options.quick else SUBSET_MEGABYTES)
    whole = part if options.quick else scratch / "texts"
    if not options.quick:
        whole.mkdir()
        for path in sources.values():
            (whole / path.name).symlink_to(path.resolve())
    sizes = [sum(inputs.decoded_megabytes(path) for path in inputs.files(folder).values()) for folder in (whole, part)]
    jobs = [
        Jobs(texts=folder, model=model, scratch=scratch / name) for folder, name in ((whole, "all"), (part, "part"))
    ]
    return jobs[0], jobs[1], (sizes[0], sizes[1])


def main() -> None:
    parser = inputs.parser("The whole job against a hand-rolled script and datatrove.")
    parser.add_argument("corpora", type=Path, help="folder with xx.txt.xz")
    parser.add_argument("--model", type=Path, help="SentencePiece model; by default one is trained")
    options = inputs.parse(parser)
    scratch = Path(tempfile.mkdtemp(prefix="whole-job-", dir=options.cache))
    try:
        whole, part, sizes = prepare(options, scratch)
        found = measure(whole, part, options.repetitions, sizes)
        write(
            report(
                "whole_job",
                "CORPORA",
                figures(found),
                machine=options.machine,
                packages=PACKAGES,
                inputs={"MB": round(found.megabytes, 1), "datatrove_MB": round(found.subset_megabytes, 1)},
                details={"came out": kept(found)},
            ),
            options.results,
        )
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
