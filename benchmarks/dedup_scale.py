"""Deduplication of millions of documents whose clusters are known, through the same command and the same graph.

    python -m benchmarks.dedup_scale --millions 1 2 5 10

Makes clean parts with their signatures, as `clean` would leave them, and runs `babelmill dedup` on them: time, peak
memory, and whether the clusters come out as they were made. Of the documents 70 % are alone. The others are of clusters
of 2 up to a hundredth of all documents (100,000 of ten million), in which each document is the cluster's text of 150
words with none, one or two of them replaced: two such documents have a similarity between 0.76 and 1, each of them has
at least 0.87 with the text itself, and the threshold is 0.8. One in fifty documents of a cluster is a decoy, with four
words replaced: 0.76 to the text and less to all others, so that it must not be joined. One in 100,000 may be: two texts
may have got the same word at the same place, and an estimate from 128 values may be off by more than `dedup.margin`.

Ten million take 10 GB of disk space, and three quarters of an hour on two busy cores.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from babelmill.format import CLEAN, SIGNATURES, Ledger, digest
from benchmarks.figures import RESULTS, Figure, report, write
from benchmarks.harness import BABELMILL, ROOT, machine, run_command
from transforms.journal import Record
from transforms.manifest import manifest_of, records_of
from transforms.minhash import sign
from transforms.parts import constant
from transforms.storage import WorkDirectory

PACKAGES = ("apache-beam", "numba", "numpy", "pyarrow")

CLUSTERS = ((0.01, None), (0.02, 1000), (0.05, 100), (0.10, 10), (0.12, 2))
"""Shares of all documents, and sizes of the clusters that they are in; None: one cluster."""

WORDS, ALONE = 150, 12
"""In a text of a cluster, and in one that is alone."""

CHANGED = np.array([0, 1, 1, 2, 2])
"""Words that are replaced in documents of a cluster, which take turns."""

DECOY = (50, 4)
"""Every how many-th document of a cluster is a decoy, and how many words are replaced in it."""

PART, BATCH, SIGNATURE_BATCH = 50_000, 2_000, 4096
"""Documents in a part, in a record batch of texts, and in one of signatures."""

CONFIG = """\
workdir: work
seed: 1
corpora: [{name: synthetic, format: cc100, location: nowhere}]
"""


class Planted(NamedTuple):
    """The documents, in the order of the parts.

    Attributes:
        cluster: int32 (n,), number of its cluster; -1: it is alone.
        changed: int8 (n,), words of the cluster's text that are replaced.
    """

    cluster: np.ndarray
    changed: np.ndarray

    @property
    def decoy(self) -> np.ndarray:
        """bool (n,)."""
        return self.changed == DECOY[1]


def plant(documents: int) -> Planted:
    """Clusters of the sizes of `CLUSTERS`, scattered over all documents."""
    cluster, changed = np.full(documents, -1, np.int32), np.zeros(documents, np.int8)
    start = number = 0
    for share, size in CLUSTERS:
        count = int(share * documents)
        members = np.arange(count)
        size = size or count
        cluster[start : start + count] = number + members // size
        changed[start : start + count] = CHANGED[members % size % CHANGED.size]
        # The first of a cluster is its text.
        decoys = members % size % DECOY[0] == DECOY[0] - 1
        changed[start : start + count][decoys] = DECOY[1]
        start, number = start + count, number + -(-count // size)
    order = np.random.default_rng(0).permutation(documents)
    return Planted(cluster[order], changed[order])


def mixed(values: np.ndarray) -> np.ndarray:
    """uint64 spread over all bits (SplitMix64)."""
    values = (values ^ values >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ values >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return values ^ values >> np.uint64(31)


def word_table() -> np.ndarray:
    """65,536 words of six letters and a space, uint8 (65536, 7)."""
    letters = mixed(np.arange(6 * 65536, dtype=np.uint64)) % np.uint64(26)
    return np.concatenate([letters.reshape(-1, 6) + ord("a"), np.full((65536, 1), ord(" "))], axis=1).astype(np.uint8)


def texts(numbers: np.ndarray, planted: Planted, table: np.ndarray) -> pa.StringArray:
    """The texts of documents, by number."""
    cluster, changed = planted.cluster[numbers], planted.changed[numbers]
    alone = cluster < 0
    found = [
        strings(drawn(numbers[alone] + (1 << 40), ALONE), table),
        strings(edited(drawn(cluster[~alone], WORDS), numbers[~alone], changed[~alone]), table),
    ]
    place = np.empty(numbers.size, np.int64)
    place[np.concatenate([np.flatnonzero(alone), np.flatnonzero(~alone)])] = np.arange(numbers.size)
    return pa.concat_arrays(found).take(pa.array(place))


def drawn(seeds: np.ndarray, words: int) -> np.ndarray:
    """Numbers of words, uint64 (n, words), drawn from a seed for each text."""
    places = seeds.astype(np.uint64)[:, None] * np.uint64(1 << 20) + np.arange(words, dtype=np.uint64)
    return mixed(places) & np.uint64(0xFFFF)


def edited(words: np.ndarray, numbers: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Replace some words of each text by others, never two of one window of five, so that each costs five shingles."""
    stretch = WORDS // DECOY[1]
    for change in range(DECOY[1]):
        random = mixed(numbers.astype(np.uint64) * np.uint64(8) + np.uint64(change + (1 << 50)))
        which = np.flatnonzero(changed > change)
        place = (change + numbers[which]) % DECOY[1] * stretch + (random[which] % np.uint64(stretch - 8)).astype(int)
        other = random[which] % np.uint64(0xFFFF) + np.uint64(1)
        words[which, place + 4] = words[which, place + 4] + other & np.uint64(0xFFFF)
    return words


def strings(words: np.ndarray, table: np.ndarray) -> pa.StringArray:
    """Texts of as many words each, from numbers of words."""
    size = 7 * words.shape[1]
    offsets = np.arange(words.shape[0] + 1, dtype=np.int32) * np.int32(size)
    data = table[words].tobytes()
    return pa.StringArray.from_buffers(words.shape[0], pa.py_buffer(offsets), pa.py_buffer(data))


def make(work: WorkDirectory, planted: Planted) -> None:
    """Write the parts, their signatures and the manifest of `clean`."""
    table, records = word_table(), []
    for start in range(0, planted.cluster.size, PART):
        numbers = np.arange(start, min(start + PART, planted.cluster.size))
        records.append(make_part(work, f"synthetic/en/part-{start // PART:05d}", numbers, planted, table))
    work.write_json("clean/manifest.json", manifest_of("clean", {}, records, folder="clean"))


def make_part(work: WorkDirectory, name: str, numbers: np.ndarray, planted: Planted, table: np.ndarray) -> Record:
    """Write a part and its signatures."""
    part = work.write_arrow(f"clean/{name}.arrow", CLEAN)
    signatures = work.write_arrow(f"signatures/{name}.arrow", SIGNATURES)
    size, pending = 0, []
    with part, signatures:
        for start in range(0, numbers.size, BATCH):
            batch = texts(numbers[start : start + BATCH], planted, table)
            size += batch.nbytes
            part.write(clean_batch(numbers[start : start + BATCH], batch))
            pending.append(signature_batch(batch))
        signed = pa.Table.from_batches(pending).combine_chunks()
        for start in range(0, numbers.size, SIGNATURE_BATCH):
            signatures.write(signed.slice(start, SIGNATURE_BATCH).combine_chunks())
    return Record(
        name=name,
        parameters="synthetic",
        inputs=digest(name),
        files={"part": part.file, "signatures": signatures.file},
        ledger={"en": Ledger(documents=numbers.size, kept=numbers.size, bytes=size)},
        facts={"language": "en"},
    )


def clean_batch(numbers: np.ndarray, batch: pa.StringArray) -> pa.RecordBatch:
    """Texts as `clean` writes them, all of the same score."""
    rows = len(batch)
    same = [np.zeros(rows, np.int32), np.ones(rows, np.float32), constant("en", rows), *2 * [np.ones(rows, np.float32)]]
    return pa.record_batch([pa.array(numbers), batch, pa.compute.utf8_length(batch), *same], schema=CLEAN)


def signature_batch(batch: pa.StringArray) -> pa.RecordBatch:
    """The signatures of texts."""
    signed = sign(batch)
    columns = [
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(batch), [None, pa.py_buffer(signed.hash)]),
        pa.FixedSizeListArray.from_arrays(pa.array(signed.minhash.reshape(-1)), signed.minhash.shape[1]),
        pa.array(signed.shingles),
        pa.compute.utf8_length(batch),
        pa.array(np.ones(len(batch), np.float32)),
    ]
    return pa.record_batch(columns, schema=SIGNATURES)


def judge(work: WorkDirectory, planted: Planted) -> dict[str, int]:
    """How the clusters came out.

    Returns:
        documents: all; expected: those that should go; removed: those that went; wrong: those that went for a document
        of another cluster, or are decoys; apart: those that stayed, and should have gone.
    """
    survivor = np.arange(planted.cluster.size)
    for record in records_of(work, "dedup/manifest.json"):
        removals = work.map_arrow(record.files["removals"]).read_all()
        first = int(record.name[-5:]) * PART
        names = removals.column("survivor").to_pylist()
        kept = [int(name[name.index("#") - 5 : name.index("#")]) * PART + int(name.split("#")[1]) for name in names]
        survivor[first + removals.column("row").to_numpy()] = kept
    gone = survivor != np.arange(survivor.size)
    clusters = int(planted.cluster.max()) + 1
    members = np.bincount(planted.cluster[(planted.cluster >= 0) & ~planted.decoy], minlength=clusters)
    wrong = gone & (planted.decoy | planted.decoy[survivor] | (planted.cluster != planted.cluster[survivor]))
    left = np.bincount(planted.cluster[(planted.cluster >= 0) & ~planted.decoy & ~gone], minlength=clusters)
    return {
        "documents": survivor.size,
        "expected": int((members - 1).sum()),
        "removed": int(gone.sum()),
        "wrong": int(wrong.sum()),
        "apart": int((left - 1).sum()),
        "largest": int(members.max()),
    }


def measure(folder: Path, millions: float, settings: list[str], cores: int) -> dict[str, Any]:
    """Make so many documents unless they are there, deduplicate them, and judge the result."""
    work = WorkDirectory((folder / f"{millions:g}" / "work").absolute())
    planted = plant(round(millions * 1_000_000))
    if not work.path("clean/manifest.json").exists():
        make(work, planted)
    config = work.root.parent / "scale.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    for done in (work.path("dedup"), work.path(".babelmill")):
        shutil.rmtree(done, ignore_errors=True)
    overrides = [word for setting in settings for word in ("--set", setting)]
    command = [*BABELMILL, "dedup", config, "--json", *overrides, "--", f"--direct_num_workers={cores}"]
    done = run_command(command, watch_memory=True)
    return {"seconds": done.seconds, "memory": done.memory, **judge(work, planted)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Deduplicate millions of documents whose clusters are known.")
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 2, 5, 10], help="documents; 1 2 5 10")
    parser.add_argument("--cores", type=int, default=2, help="workers; 2")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as of babelmill")
    parser.add_argument("--scratch", type=Path, default=ROOT / "build/benchmarks/scale", help="keeps the documents")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where figures go; benchmarks/results")
    options = parser.parse_args()
    begun, figures, details = machine(), [], {}
    measure(options.scratch, 0.01, options.set, options.cores)  # what is not compiled yet is compiled now
    for millions in options.millions:
        found = details[f"{millions:g}"] = measure(options.scratch, millions, options.set, options.cores)
        print(f"{millions:g} million: {json.dumps(found)}", flush=True)
        what = f"Deduplication of {millions:g} million documents"
        figures += [
            Figure(name=f"seconds_{millions:g}", what=what, unit="s", ours=[found["seconds"]]),
            Figure(name=f"memory_{millions:g}", what=f"{what}: peak memory", unit="MB", ours=[found["memory"] / 1e6]),
        ]
    arguments = " ".join(sys.argv[1:])
    write(report("dedup_scale", arguments, figures, machine=begun, packages=PACKAGES, details=details), options.results)
    wrong = [found for found in details.values() if max(found["wrong"], found["apart"]) > found["expected"] / 100_000]
    sys.exit(f"clusters came out wrong: {wrong}" if wrong else 0)


if __name__ == "__main__":
    main()
