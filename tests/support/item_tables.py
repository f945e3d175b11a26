"""Items of test sets as a table, without files."""

import pyarrow as pa

from transforms.decontamination.items import ITEMS

ROWS = [
    ("one", "document", "de", "a", 0, "Hallo Welt"),
    ("one", "document", None, "a", 1, "in any language"),
    ("two", "paragraph", "zh", "b", 0, "你好"),
]


def items(rows=ROWS):
    """A table of schema `ITEMS`."""
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column).cast(field.type) for column, field in zip(columns, ITEMS, strict=True)]
    return pa.table(arrays, schema=ITEMS)


def publish(work, rows=ROWS):
    """Write them into a work directory; returns the file's description."""
    with work.write_arrow("items.arrow", ITEMS) as writer:
        writer.write(items(rows))
    return writer.file
