"""Babelmill for trainers: open shards and read tokens. Needs pyarrow and numpy only."""

from babelmill.format import FormatError
from babelmill.order import Permutation
from babelmill.reader import Pass, ShardSet, open
from babelmill.rows import Batch, PairBatch, PairRow, Row

__all__ = ["Batch", "FormatError", "PairBatch", "PairRow", "Pass", "Permutation", "Row", "ShardSet", "open"]
