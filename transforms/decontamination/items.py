"""One table of what is in the test sets: each text once, and where it stands. Workers find it in the work directory."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from transforms.decontamination.formats import Texts, read
from transforms.decontamination.sets import TestFile, TestSet, all_files
from transforms.minhash import text_hashes
from transforms.normalise import Form, normalise

_NAME = pa.dictionary(pa.int16(), pa.string())

ITEMS = pa.schema(
    [
        ("test_set", _NAME),
        ("drop", _NAME),
        ("language", pa.string()),
        ("file", pa.dictionary(pa.int32(), pa.string())),
        ("line", pa.int64()),
        ("text", pa.string()),
    ]
)
"""An item: the test set, what goes where it is found, its BCP 47 tag (null: none stated), where it stands (the file's
name below the location of the test set, the line from 0), and the normalised text."""


def collect(sets: Iterable[TestSet], form: Form) -> pa.Table:
    """The items of test sets, of schema `ITEMS`, in the order of sets, files and lines.

    A text that is in a test set twice in one language, by its folded tokens, is one item, the first.

    Args:
        sets: which.
        form: Unicode normalisation form of the texts that they are compared with.

    Raises:
        SourceError: a file is missing or cannot be read.
    """
    tables = [ITEMS.empty_table()]
    for one, files in all_files(sets):
        batches = [_batch(one, file, texts, form) for file in files for texts in read(one, file)]
        if batches:
            tables.append(_distinct(pa.Table.from_batches(batches)))
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _batch(test_set: TestSet, file: TestFile, texts: Texts, form: Form) -> pa.RecordBatch:
    rows = len(texts.texts)
    values = (test_set.name, test_set.drop, texts.language, file.name)
    columns = [pa.repeat(pa.scalar(value, pa.string()), rows) for value in values]
    columns += [pa.array(texts.lines, pa.int64()), normalise(texts.texts, form=form).texts]
    return pa.record_batch(
        [column.cast(field.type) for column, field in zip(columns, ITEMS, strict=True)], schema=ITEMS
    )


def _distinct(items: pa.Table) -> pa.Table:
    """The first of all items that fold alike and are of one language, the rest in its order."""
    items = items.unify_dictionaries().combine_chunks()
    # A dictionary has its values as they came, so the index of a file is its number.
    languages = items.column("language").combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy()
    order = np.lexsort((items.column("line").to_numpy(), items.column("file").combine_chunks().indices.to_numpy()))
    keys = np.column_stack([text_hashes(items.column("text").combine_chunks()), languages.astype(np.uint64)])[order]
    _, first = np.unique(keys, axis=0, return_index=True)
    return items.take(pa.array(order[np.sort(first)]))
