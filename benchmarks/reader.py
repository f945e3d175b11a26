"""How fast `babelmill.open` reads: tokens a second in a seeded global order, and microseconds a row.

python benchmarks/reader.py                  # 50 million tokens in rows of about 500, in a temporary folder
python benchmarks/reader.py --length 30      # short rows
python benchmarks/reader.py --path work      # shards that exist
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa

import babelmill
from babelmill.format import DOCUMENTS, sealed

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


def measure(path: Path) -> None:
    """Print the rates of three passes by batches and by rows."""
    start = time.perf_counter()
    shards = babelmill.open(path)
    print(f"{shards}: opened in {1e3 * (time.perf_counter() - start):.0f} ms")
    for batch_size in (64, 1024, None):
        rates = []
        for epoch in range(3):
            start = time.perf_counter()
            for _ in shards.iterate(seed=1, epoch=epoch, batch_size=batch_size):
                pass
            rates.append(shards.tokens / (time.perf_counter() - start))
        name = f"batches of {batch_size}" if batch_size else "single rows"
        row = 1e6 * shards.tokens / max(rates) / len(shards)
        print(f"{name}: {', '.join(f'{rate / 1e6:.0f}' for rate in rates)} million tokens/s; {row:.1f} µs a row")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure reading of shards.")
    parser.add_argument("--path", type=Path, help="shards that exist; otherwise random ones are made")
    parser.add_argument("--tokens", type=int, default=50_000_000)
    parser.add_argument("--length", type=int, default=500, help="mean length of a row in tokens")
    arguments = parser.parse_args()
    if arguments.path:
        measure(arguments.path)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_shards(Path(folder), tokens=arguments.tokens, length=arguments.length)
        measure(Path(folder))


if __name__ == "__main__":
    main()
