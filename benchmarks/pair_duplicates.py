"""What deduplication of pairs finds, in its three modes, of duplicates that are known.

    python -m benchmarks.noise_pairs corpora/opus NOISE
    python -m benchmarks.pair_duplicates NOISE OUT                     # five minutes; Markdown
    python -m benchmarks.pair_duplicates NOISE OUT --pairs de-en --by source

`NOISE` is what `noise_pairs` made, with pairs that stand in it twice, or with one side a little different. For each
mode `babelmill download`, `clean` and `dedup` run over it, in a folder of `OUT`. What is compared is what the mode
compares, both sides or one, of the pairs that the filters kept:

1. Planted duplicates of each kind that are as alike as the mode asks (folded and equal, or of a Jaccard similarity at
   the threshold): how many are in one cluster with the pair that they were made of. A word that moved in a short
   sentence makes another sentence of it, so some of the planted ones are not that alike.
2. All pairs of texts, by brute force: those that are that alike, and in one cluster. Nothing here comes from
   signatures.
3. Of the pairs removed, how many are that alike to another one of their cluster.

Exits with 1 when fewer than 99 % of the alike are found, or fewer than 99 % of the removals are right.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from babelmill.format import read_manifest
from benchmarks.harness import BABELMILL, run_command
from benchmarks.noise_pairs import DUPLICATES
from benchmarks.noisy import BAR, Documents, Row, exact_duplicates, markdown, near_duplicates
from transforms.jaccard import jaccard
from transforms.journal import Record
from transforms.manifest import records_of
from transforms.parts import By, compared
from transforms.storage import WorkDirectory

MODES: tuple[By, ...] = ("pair", "source", "target")


def run(noise: Path, folder: Path, by: By, *, corpus: str, pairs: Sequence[str]) -> WorkDirectory:
    """Deduplicate the archives in one mode, from nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source = {"name": corpus, "format": "opus", "location": str((noise / "opus").resolve())}
    if pairs:
        source["pairs"] = [name.split("-", 1) for name in pairs]
    config = folder / "pairs.json"
    config.write_text(json.dumps({"workdir": "work", "corpora": [source], "pairs": {"dedup": {"by": by}}}))
    for command in ("download", "clean", "dedup"):
        run_command([*BABELMILL, command, config, "--quiet"])
    return WorkDirectory(folder / "work")


def read(work: WorkDirectory, record: Record, truth: Path, by: By, *, words: int) -> Documents:
    """What became of one archive.

    Args:
        work: the work directory.
        record: of `clean`, of its only part.
        truth: its truth file.
        by: what was compared.
        words: tokens in a shingle.
    """
    table = work.map_arrow(record.files["part"]).read_all().combine_chunks()
    (batch,) = table.to_batches()
    reason, cluster = np.full(batch.num_rows, "", object), np.arange(batch.num_rows)
    for judged in records_of(work, "filter/manifest.json"):
        if judged.name == record.name and "rejects" in judged.files:
            rejects = work.map_arrow(judged.files["rejects"]).read_all()
            reason[rejects.column("row").to_numpy()] = rejects.column("reason").to_pylist()
    for removed in records_of(work, "dedup/manifest.json"):
        if removed.name == record.name:
            removals = work.map_arrow(removed.files["removals"]).read_all()
            survivors = [int(name.rpartition("#")[2]) for name in removals.column("survivor").to_pylist()]
            cluster[removals.column("row").to_numpy()] = survivors
    lines = truth.read_text(encoding="utf-8").splitlines()
    return Documents(
        words=words,
        texts=compared(batch, by),
        own=np.full(batch.num_rows, np.nan),
        reason=reason,
        cluster=cluster,
        truth=[json.loads(lines[number]) for number in batch.column("document").to_pylist()],
    )


def planted(pairs: Documents, threshold: float) -> Row:
    """Planted duplicates by kind, where the filters kept both: how many, how many alike, how many of these joined."""
    original = {truth["of"]: number for number, truth in enumerate(pairs.truth) if truth["kind"] == "true"}
    row: Row = {}
    for kind in DUPLICATES:
        copies = np.flatnonzero(pairs.kept & pairs.of_kind(kind)).tolist()
        found = [(number, original[pairs.truth[number]["of"]]) for number in copies]
        left, right = np.array([pair for pair in found if pairs.kept[pair[1]]], np.int64).reshape(-1, 2).T
        alike = jaccard(*pairs.shingle_sets, left, right) >= threshold
        joined = pairs.cluster[left] == pairs.cluster[right]
        name = kind.removeprefix("duplicate_")
        row |= {f"same_{name}": left.size, f"same_{name}_alike": int(alike.sum())}
        row |= {f"same_{name}_joined": int((alike & joined).sum())}
    return row


def evaluate(work: WorkDirectory, truth: Path, by: By) -> dict[str, list[Row]]:
    """Both tables: a row an archive, and one for all."""
    parameters = read_manifest(work.path("dedup/manifest.json"))["parameters"]["pairs"]
    tables: dict[str, list[Row]] = {"planted": [], "all pairs of texts": []}
    for record in records_of(work, "clean/manifest.json"):
        name = record.name.split("/")[2]
        pairs = read(work, record, truth / f"{name}.jsonl", by, words=parameters["shingle"])
        head = {"pair": name, "kept": int(pairs.kept.sum())}
        near = near_duplicates(pairs, parameters["threshold"])
        tables["planted"].append({**head, **planted(pairs, parameters["threshold"])})
        tables["all pairs of texts"].append({**head, **exact_duplicates(pairs), **near})
    return {name: [*rows, total(rows)] for name, rows in tables.items()}


def total(rows: Sequence[Row]) -> Row:
    """A row for all archives."""
    return {key: "all" if key == "pair" else sum(row[key] for row in rows) for key in rows[0]}


def missed(row: Row) -> list[str]:
    """What is under the bar in a row of either table, in words."""
    shares = [(name.replace("alike", "joined"), name) for name in row if name.endswith("_alike")]
    shares += [("pairs_joined", "pairs"), ("removed_rightly", "removed")]
    found = [(part, row[part], row[whole]) for part, whole in shares if whole in row]
    return [f"{part} {count} of {of}, under {BAR:.0%}" for part, count, of in found if count < BAR * of]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Deduplication of pairs judged by known duplicates.")
    parser.add_argument("noise", type=Path, help="what noise_pairs made")
    parser.add_argument("out", type=Path, help="folder for the work directories, one a mode")
    parser.add_argument("--corpus", default="LibreOffice")
    parser.add_argument("--pairs", nargs="+", default=[], help="names of archives; all by default")
    parser.add_argument("--by", nargs="+", choices=MODES, default=MODES, help="modes; all by default")
    options = parser.parse_args(arguments)
    found = []
    for by in options.by:
        work = run(options.noise, options.out / by, by, corpus=options.corpus, pairs=options.pairs)
        for name, rows in evaluate(work, options.noise / "truth", by).items():
            print(f"### By {by}: {name}\n\n{markdown(rows)}\n", flush=True)
            found += [f"by {by}: {words}" for words in missed(rows[-1])]
    print("\n".join(found), file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
