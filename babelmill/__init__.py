"""Babelmill for trainers: open shards and read tokens. Needs pyarrow and numpy only."""

from babelmill.format import FormatError
from babelmill.order import Permutation
from babelmill.reader import Batch, Pass, Row, ShardSet, open

__all__ = ["Batch", "FormatError", "Pass", "Permutation", "Row", "ShardSet", "open"]
