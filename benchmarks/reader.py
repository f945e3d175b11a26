"""Reading shards in a seeded global order, against Hugging Face `datasets` on the same files.

    python -m benchmarks.reader                  # 20 million tokens in rows of about 500, made for it
    python -m benchmarks.reader --length 30      # short rows
    python -m benchmarks.reader --path work      # shards that exist

All give batches of 64 rows. Babelmill's are arrays, ids and offsets, gathered from mapped memory. `datasets` opens the
same folder, shuffles it by a seed, and iterates in two formats: `arrow`, its fastest, whose batches are tables (the
arrays are taken out as cheaply as can be); and `numpy`, which gives an array a row. Rows by number, one by one, stand
against `datasets` in the format `numpy` too.

A round is a process bound to one core; the sides take turns. Each goes over all rows twice, in two orders: at the first
pass the system maps the files' pages, which Babelmill, as it does little else, feels; it is a figure of its own.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa

import babelmill
from babelmill.format import DOCUMENTS, sealed
from benchmarks import inputs
from benchmarks.figures import Figure, report, version, write
from benchmarks.harness import cpu_seconds, in_turn, on_one_core, rounds

PACKAGES = ("datasets", "numpy", "pyarrow")
TOKENS, LENGTH = 20_000_000, 500
ROWS = 64
"""Rows of a batch."""

SINGLE = 5_000
"""Rows that are read one by one."""

SHARD_TOKENS = 4_000_000
BATCH_TOKENS = 1 << 18


def write_shards(root: Path, *, tokens: int, length: int) -> None:
    """Shards of random ids; the rows' lengths are uniform from 1 to twice `length`."""
    rng = np.random.default_rng(0)
    entries = []
    shards = max(1, tokens // SHARD_TOKENS)
    for number in range(shards):
        where = f"documents/train/xx/{number:05}-of-{shards:05}.arrow"
        path = root / where
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = 0
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, DOCUMENTS) as writer:
            for _ in range(tokens // shards // BATCH_TOKENS):
                lengths = rng.integers(1, 2 * length, size=BATCH_TOKENS // length)
                offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
                ids = rng.integers(0, 64_000, size=offsets[-1], dtype=np.int32)
                codes = pa.array(np.zeros(len(lengths), np.int16))
                columns = [
                    pa.ListArray.from_arrays(pa.array(offsets), pa.array(ids)),
                    pa.DictionaryArray.from_arrays(codes, ["xx"]),
                    pa.DictionaryArray.from_arrays(codes, ["random"]),
                    pa.array(np.arange(rows, rows + len(lengths))),
                ]
                writer.write_batch(pa.record_batch(columns, schema=DOCUMENTS))
                rows += len(lengths)
        content = path.read_bytes()
        checksum = sha256(content).hexdigest()
        entries.append({"path": where, "rows": rows, "bytes": len(content), "sha256": checksum})
    (root / "manifest.json").write_text(json.dumps(sealed({"files": entries})))


def measure(number: int, path: Path, cache: Path) -> dict[str, float]:
    """One round: units a second by side, tokens for batches and rows for `row` and `row_datasets`.

    Those of a first pass are called `first_` and so on.
    """
    on_one_core()
    datasets.disable_progress_bars()
    shards = babelmill.open(path)
    loaded = datasets.load_dataset(str(shards.root / "documents"), cache_dir=str(cache / "datasets"))["train"]
    order = np.random.default_rng(number).permutation(len(shards))[:SINGLE].tolist()
    sides: dict[str, Callable[[int], int]] = {
        "ours": lambda seed: sum(batch.input_ids.size for batch in shards.iterate(seed=seed, batch_size=ROWS)),
        "arrow": lambda seed: by_tables(loaded.shuffle(seed=seed).with_format("arrow")),
        "numpy": lambda seed: by_arrays(loaded.shuffle(seed=seed).with_format("numpy")),
        "row": lambda _: len([shards[row]["input_ids"] for row in order]),
        "row_datasets": lambda _: len([rows[row]["input_ids"] for row in order]),
    }
    rows = loaded.with_format("numpy")
    rates = {}
    for side in in_turn(list(sides), number):
        for which, seed in (("first_", 2 * number), ("", 2 * number + 1)):
            seconds, units = cpu_seconds(sides[side], seed)
            rates[which + side] = units / seconds
    return rates


def by_tables(loaded: datasets.Dataset) -> int:
    """Iterate in the format `arrow`; the number of tokens."""
    tokens = 0
    for table in loaded.iter(batch_size=ROWS):
        ids = table.column("input_ids").combine_chunks()
        offsets, values = ids.offsets.to_numpy(), ids.values.to_numpy()
        tokens += values[offsets[0] : offsets[-1]].size
    return tokens


def by_arrays(loaded: datasets.Dataset) -> int:
    """Iterate in the format `numpy`; the number of tokens."""
    return sum(ids.size for batch in loaded.iter(batch_size=ROWS) for ids in batch["input_ids"])


def figures(found: list[dict[str, float]], length: float) -> list[Figure]:
    """The rows for the table."""
    peer = f"datasets {version('datasets')}"

    def figure(name: str, what: str, unit: str, ours: str, theirs: str, at_least: float | None = None) -> Figure:
        return Figure(
            name=name,
            what=what,
            unit=unit,
            ours=[one[ours] for one in found],
            peer=f"{peer}, {'arrow' if theirs.endswith('arrow') else 'numpy'}",
            theirs=[one[theirs] for one in found],
            at_least=at_least,
        )

    reading = f"reading batches of {ROWS} rows of {length:.0f} tokens in seeded global order"
    what = f"{reading}, the second pass"
    return [
        Figure(name="rate", what=what, unit="tokens/s", ours=[one["ours"] for one in found], at_least=50e6),
        figure("arrow", what, "tokens/s", "ours", "arrow", at_least=10),
        figure("first", f"{reading}, the first pass", "tokens/s", "first_ours", "first_arrow"),
        figure("numpy", what, "tokens/s", "ours", "numpy"),
        figure("rows", "reading rows by number, one by one", "rows/s", "row", "row_datasets"),
    ]


def made(options: argparse.Namespace) -> Path:
    """The shards to read."""
    if options.path:
        return options.path
    root = options.cache / f"shards-{options.tokens}-{options.length}"
    if not (root / "manifest.json").exists():
        write_shards(root, tokens=options.tokens, length=options.length)
    return root


def main() -> None:
    parser = inputs.parser("Reading shards, against Hugging Face datasets.")
    parser.add_argument("--path", type=Path, help="shards that exist; otherwise random ones are made")
    parser.add_argument("--tokens", type=int, default=TOKENS)
    parser.add_argument("--length", type=int, default=LENGTH, help="mean length of a row in tokens")
    options = inputs.parse(parser)
    path = made(options)
    shards = babelmill.open(path)
    found = list(rounds(measure, options.repetitions, path, options.cache))
    write(
        report(
            "reader",
            "",
            figures(found, shards.tokens / len(shards)),
            machine=options.machine,
            packages=PACKAGES,
            inputs={"rows": len(shards), "tokens": shards.tokens},
        ),
        options.results,
    )


if __name__ == "__main__":
    main()
