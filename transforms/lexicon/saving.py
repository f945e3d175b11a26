"""Lexicons on disk, to be read by memory map.

A lexicon is a folder: the known words of both languages (`source.arrow`, `target.arrow`), the translations
(`table.arrow`), and `lexicon.json`, a manifest that names these files with their sha256 and holds everything else.
The same lexicon is the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import pyarrow as pa

from babelmill.format import File, FormatError, digest, sealed
from transforms.lexicon.model import Lexicon
from transforms.lexicon.scoring import Translations
from transforms.lexicon.word_list import WORDS, WordList
from transforms.parts import Part
from transforms.storage import WorkDirectory
from vocab.encoding import Encoder

VERSION = 1
"""Of the files and of what their numbers mean; a reader refuses any other."""

TRANSLATIONS = pa.schema(
    [("source", pa.int32()), ("target", pa.int32()), ("forward", pa.float32()), ("backward", pa.float32())]
)
"""The columns of `scoring.Translations`."""

MANIFEST = "lexicon.json"
_SCHEMAS = {"source": WORDS, "target": WORDS, "table": TRANSLATIONS}


def save(lexicon: Lexicon, work: WorkDirectory, name: str) -> dict[str, File]:
    """Write a lexicon; its manifest last.

    Args:
        lexicon: what to write.
        work: where to.
        name: of its folder there.

    Returns:
        The files: `source`, `target`, `table`, and `manifest`.
    """
    batches = {
        "source": lexicon.source.to_batch(),
        "target": lexicon.target.to_batch(),
        "table": pa.record_batch([pa.array(column) for column in lexicon.table], schema=TRANSLATIONS),
    }
    files = {}
    for role, batch in batches.items():
        with work.write_arrow(f"{name}/{role}.arrow", batch.schema) as writer:
            writer.write(batch)
        files[role] = writer.file
    body = {
        "lexicon": VERSION,
        # Relative to the folder, so that it may be moved.
        "files": {role: {**asdict(file), "path": f"{role}.arrow"} for role, file in files.items()},
        "languages": list(lexicon.languages),
        "totals": [lexicon.source.total, lexicon.target.total],
        "tension": list(lexicon.tension),
        "empty": lexicon.empty,
        "weights": list(lexicon.weights),
        "facts": lexicon.facts,
        "pieces": pieces_digest(lexicon.pieces),
    }
    content = json.dumps(sealed(body), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return {**files, "manifest": work.write_bytes(f"{name}/{MANIFEST}", content.encode())}


def load(work: WorkDirectory, name: str, *, pieces: Encoder | None = None) -> Lexicon:
    """Read a lexicon; its tables are mapped.

    Args:
        work: where it is.
        name: of its folder there.
        pieces: the vocabulary that it was learnt with, if it was.

    Raises:
        FileNotFoundError: there is none.
        FormatError: its manifest was changed, it is of another version, or it was learnt with another vocabulary.
        CorruptFile: a file is missing or differs from the manifest.
    """
    address = work.address(f"{name}/{MANIFEST}")
    body = work.read_manifest(f"{name}/{MANIFEST}")
    if body.get("lexicon") != VERSION:
        raise FormatError(
            f"{address} is of version {body.get('lexicon')!r}, expected {VERSION}: learn the lexicon again"
        )
    if body["pieces"] != pieces_digest(pieces):
        learnt, given = (
            f"the vocabulary {key[:12]}" if key else "no vocabulary" for key in (body["pieces"], pieces_digest(pieces))
        )
        raise FormatError(
            f"{address} was learnt with {learnt}, found {given}: a lexicon goes with the pieces that it was learnt "
            "from; give that vocabulary, or learn the lexicon again"
        )
    source, target, table = (_read(work, name, body["files"][role], schema) for role, schema in _SCHEMAS.items())
    first, second = body["languages"]
    return Lexicon(
        languages=(first, second),
        source=WordList.from_batch(source, total=body["totals"][0]),
        target=WordList.from_batch(target, total=body["totals"][1]),
        table=Translations(*(column.to_numpy() for column in table.columns)),
        tension=tuple(body["tension"]),
        empty=body["empty"],
        weights=tuple(body["weights"]),
        facts=body["facts"],
        pieces=pieces,
    )


def _read(work: WorkDirectory, name: str, values: dict[str, Any], schema: pa.Schema) -> pa.RecordBatch:
    """The one batch of a file, mapped."""
    (batch,) = Part.open(work, File(**{**values, "path": f"{name}/{values['path']}"})).batches()
    if batch.schema != schema:
        raise FormatError(
            f"{work.address(name)}/{values['path']} has columns {batch.schema.names}, expected {schema.names}: learn "
            "the lexicon again"
        )
    return batch


@lru_cache(maxsize=4)
def pieces_digest(pieces: Encoder | None) -> str | None:
    """What tells vocabularies apart: sha256 (hex) of all pieces; None for none."""
    return None if pieces is None else digest([[text, int(kind)] for text, _, kind in pieces.model.pieces])
