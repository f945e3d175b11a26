"""Columns of text as kernels read them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def text_buffers(texts: pa.StringArray | pa.BinaryArray) -> tuple[np.ndarray, np.ndarray]:
    """The bytes (uint8) and offsets (int32, rows + 1) of a column, without a copy; a slice keeps its parent's bytes.

    Both are read-only, as those of mapped memory are, so that kernels are compiled once for either.
    """
    _, offsets, data = texts.buffers()
    views = (
        np.frombuffer(data or b"", np.uint8),
        np.frombuffer(offsets or bytes(4), np.int32)[texts.offset : texts.offset + len(texts) + 1],
    )
    for view in views:
        view.flags.writeable = False
    return views
