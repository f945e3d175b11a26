"""Read shards as a trainer does: a pass in random order, cut off and resumed, and (where it is installed) PyTorch.

babelmill demo
python examples/read_shards.py babelmill-demo/work
"""

from __future__ import annotations

import argparse
import json

import numpy as np

import babelmill

PAD = 3
"""Id of `<pad>` in the vocabularies that Babelmill trains."""


def padded(batch: babelmill.Batch, *, length: int, pad: int = PAD) -> tuple[np.ndarray, np.ndarray]:
    """A batch as rectangles: ids int32[rows, length] and attention mask bool[rows, length]; longer rows are cut."""
    lengths = np.minimum(np.diff(batch.offsets), length)
    mask = np.arange(length) < lengths[:, None]
    ids = np.full(mask.shape, pad, np.int32)
    column = np.arange(len(batch.input_ids)) - np.repeat(batch.offsets[:-1], np.diff(batch.offsets))
    ids[mask] = batch.input_ids[column < length]
    return ids, mask


def with_torch(shards: babelmill.ShardSet) -> None:
    """A set is a map-style dataset: PyTorch draws the row numbers, worker processes map the same files."""
    try:
        import torch
        from torch.utils.data import DataLoader
    except ImportError:
        print("PyTorch is not installed; the rest needs only numpy")
        return

    def collate(rows: list[babelmill.Row]) -> torch.Tensor:
        ids = [torch.tensor(row["input_ids"]) for row in rows]
        return torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=PAD)

    for batch in DataLoader(shards, batch_size=8, shuffle=True, collate_fn=collate, num_workers=0):
        print("PyTorch:", tuple(batch.shape), batch.dtype)
        break


def main() -> None:
    parser = argparse.ArgumentParser(description="Read shards as a trainer does.")
    parser.add_argument("path", help="a work directory, or its folder of shards")
    path = parser.parse_args().path

    shards = babelmill.open(path)
    print(shards)
    print("row 0:", {**shards[0], "input_ids": shards[0]["input_ids"][:8]})

    # Every row once, in an order of its own for each seed and epoch.
    running = shards.iterate(seed=1, epoch=0, batch_size=8)
    for _, batch in zip(range(3), running, strict=False):
        ids, mask = padded(batch, length=128)
        print("batch:", ids.shape, f"{mask.mean():.0%} filled,", ", ".join(batch.languages))

    # The state is a small JSON object: keep it with the model's weights. What follows are the rows not seen yet.
    state = json.dumps(running.state())
    print("state:", state)
    rest = shards.iterate(state=json.loads(state), batch_size=8)
    print("rows left:", sum(len(batch) for batch in rest))

    with_torch(shards)


if __name__ == "__main__":
    main()
