"""What lies on disk: the schemas of parts and shards, and the manifest that accounts for them.

Every data file is an Arrow IPC *file*, uncompressed, so that a reader maps it and touches only what it needs. A
folder of data files has a `manifest.json`, written last, that names every file with its rows, bytes and sha256, and
holds the ledger: per language, documents in = kept + dropped by reason. A manifest carries a checksum of itself, so
an edit by hand shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

FORMAT = 1
"""Version of everything in this module; a reader refuses any other."""

PERMUTATIONS = 128
"""MinHash values a document."""

_NAME = pa.dictionary(pa.int16(), pa.string())

RAW = pa.schema([("document", pa.int64()), ("text", pa.binary())])
CLEAN = pa.schema(
    [
        ("document", pa.int64()),
        ("text", pa.string()),
        ("characters", pa.int32()),
        ("replaced", pa.int32()),
        ("script", pa.float32()),
        ("label", _NAME),
        ("score", pa.float32()),
        ("own", pa.float32()),
    ]
)
SIGNATURES = pa.schema(
    [
        ("hash", pa.binary(16)),
        ("minhash", pa.list_(pa.uint32(), PERMUTATIONS)),
        ("shingles", pa.int32()),
        ("characters", pa.int32()),
        ("score", pa.float32()),
    ]
)
REJECTS = pa.schema(
    [
        ("row", pa.int32()),
        ("document", pa.int64()),
        ("reason", _NAME),
        ("value", pa.float32()),
        ("text", pa.string()),
    ]
)
REMOVALS = pa.schema([("row", pa.int32()), ("reason", _NAME), ("survivor", pa.string())])
SAMPLE = pa.schema([("key", pa.uint64()), ("language", _NAME), ("text", pa.string())])
TOKENS = pa.schema(
    [("row", pa.int32()), ("document", pa.int64()), ("key", pa.uint64()), ("input_ids", pa.list_(pa.int32()))]
)
DOCUMENTS = pa.schema(
    [("input_ids", pa.list_(pa.int32())), ("language", _NAME), ("corpus", _NAME), ("document", pa.int64())]
)

FOUND_ITEMS = pa.schema(
    [
        ("row", pa.int32()),
        ("document", pa.int64()),
        ("column", _NAME),
        ("paragraph", pa.int32()),
        ("test_set", _NAME),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("text", pa.string()),
    ]
)
"""Which items of test sets were found where: the column and the paragraph in it (from 0) with its text; of the item the
test set, the file's name below the test set's location, and the line in it, from 0."""

CLEAN_PAIRS = pa.schema(
    [("document", pa.int64()), ("source", pa.string()), ("target", pa.string()), ("score", pa.float32())]
)
"""The first columns of a clean part of pairs; its filters' measurements follow."""

PAIR_SIGNATURES = pa.schema(
    [
        ("hash", pa.binary(16)),
        ("characters", pa.int32()),
        ("other", pa.uint64()),
    ]
)
"""As `SIGNATURES`, of what is compared of a pair; `other`: of the side that is not, 64 bits of its hash. MinHash values
are no column: they would take four times the room of the text that they come from."""

SCORES = pa.schema([("score", pa.float32())])
PAIR_REJECTS = pa.schema(
    [
        ("row", pa.int32()),
        ("document", pa.int64()),
        ("reason", _NAME),
        ("value", pa.float32()),
        ("source", pa.string()),
        ("target", pa.string()),
    ]
)
PAIR_TOKENS = pa.schema(
    [
        ("row", pa.int32()),
        ("document", pa.int64()),
        ("key", pa.uint64()),
        ("score", pa.float32()),
        ("source_ids", pa.list_(pa.int32())),
        ("target_ids", pa.list_(pa.int32())),
    ]
)
PAIRS = pa.schema(
    [
        ("source_ids", pa.list_(pa.int32())),
        ("target_ids", pa.list_(pa.int32())),
        ("source_language", _NAME),
        ("target_language", _NAME),
        ("score", pa.float32()),
        ("origin", _NAME),
        ("corpus", _NAME),
        ("document", pa.int64()),
    ]
)

SENTENCES = pa.schema([("document", pa.int64()), ("sentence", pa.int32()), ("key", pa.uint64()), ("text", pa.string())])
"""Sentences of documents that may be translated: number of the document in its source file, of the sentence in the
document, and a key by which sentences are drawn."""

TRANSLATED = pa.schema(
    [
        ("document", pa.int64()),
        ("sentence", pa.int32()),
        ("key", pa.uint64()),
        ("source", pa.string()),
        ("target", pa.string()),
        ("score", pa.float32()),
    ]
)
"""The first columns of a translated part; its filters' measurements follow."""

UNTRANSLATED = pa.schema(
    [
        ("document", pa.int64()),
        ("sentence", pa.int32()),
        ("reason", _NAME),
        ("message", pa.string()),
        ("text", pa.string()),
    ]
)
"""Sentences that an engine gave up, and what it said."""

BACK = pa.schema([("text", pa.string()), ("round_trip", pa.float32())])
"""Row by row a translated part: what a machine made, translated back; and its chrF against the sentence. Null and NaN
where the engine failed."""

PSEUDO_TOKENS = pa.schema([*PAIR_TOKENS, ("sentence", pa.int32())])
PSEUDO = pa.schema([*PAIRS, ("synthetic", _NAME), ("sentence", pa.int32())])


TEXTS = {"input_ids": "text", "source_ids": "source", "target_ids": "target"}
"""Column of token ids -> the column of text that they stand for."""


def with_text(schema: pa.Schema) -> pa.Schema:
    """A schema of tokens or shards, with the text beside the ids."""
    return pa.schema([*schema, *((TEXTS[name], pa.string()) for name in schema.names if name in TEXTS)])


class FormatError(ValueError):
    """A file of a work directory is not what its manifest or its schema says."""


@dataclass
class Ledger:
    """Documents of one language through one stage: `documents` = `kept` + the sum of `dropped`.

    Attributes:
        documents: documents that came in.
        kept: documents that went out.
        dropped: reason -> documents.
        bytes: UTF-8 bytes of text that went out.
        tokens: token ids that went out, where the stage makes any.
    """

    documents: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    tokens: int = 0

    def __add__(self, other: Ledger) -> Ledger:
        reasons = sorted(self.dropped.keys() | other.dropped.keys())
        return Ledger(
            documents=self.documents + other.documents,
            kept=self.kept + other.kept,
            dropped={reason: self.dropped.get(reason, 0) + other.dropped.get(reason, 0) for reason in reasons},
            bytes=self.bytes + other.bytes,
            tokens=self.tokens + other.tokens,
        )

    @property
    def balances(self) -> bool:
        """Whether every document that came in is accounted for."""
        return self.documents == self.kept + sum(self.dropped.values())


@dataclass(frozen=True)
class File:
    """One file of a stage: its path under the work directory, rows, size in bytes, and sha256 (hex)."""

    path: str
    rows: int
    bytes: int
    sha256: str


def total(ledgers: Iterable[Mapping[str, Ledger]]) -> dict[str, Ledger]:
    """Add up ledgers by language, languages sorted."""
    sums: dict[str, Ledger] = {}
    for ledger in ledgers:
        for language, counts in ledger.items():
            sums[language] = sums.get(language, Ledger()) + counts
    return dict(sorted(sums.items()))


def digest(value: Any) -> str:
    """sha256 (hex) of a JSON value in canonical form: keys sorted, no spaces."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def sealed(body: Mapping[str, Any]) -> dict[str, Any]:
    """`body` with the format's version and a checksum of all of it, as a manifest is written."""
    body = {"format": FORMAT, **body}
    return {**body, "checksum": digest(body)}


def unseal(manifest: Any, name: str | Path) -> dict[str, Any]:
    """Check a manifest's version and checksum and return its body.

    Raises:
        FormatError: it is of another version, or was changed since it was written.
    """
    if not isinstance(manifest, dict) or "checksum" not in manifest:
        raise FormatError(f"{name} is not a manifest of Babelmill: it has no checksum; delete it and run again")
    body = {key: value for key, value in manifest.items() if key != "checksum"}
    if body.get("format") != FORMAT:
        raise FormatError(f"{name} has format {body.get('format')!r}, this version of Babelmill reads {FORMAT}")
    if digest(body) != manifest["checksum"]:
        raise FormatError(
            f"{name} was changed since Babelmill wrote it: its checksum is {str(manifest['checksum'])[:12]}, its "
            f"content gives {digest(body)[:12]}; delete it and run again, finished parts are kept"
        )
    return body


def read_manifest(path: str | Path) -> dict[str, Any]:
    """Read and check a `manifest.json` on the local disk.

    Raises:
        FileNotFoundError: there is none.
        FormatError: it is not JSON, of another version, or was changed.
    """
    return parse_manifest(Path(path).read_bytes(), path)


def parse_manifest(content: bytes, name: str | Path) -> dict[str, Any]:
    """Check the content of a `manifest.json` and return its body.

    Args:
        content: the file's bytes.
        name: what messages call it.

    Raises:
        FormatError: it is not JSON, of another version, or was changed.
    """
    try:
        manifest = json.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FormatError(f"{name} is not JSON ({error}); delete it and run again, finished parts are kept") from error
    return unseal(manifest, name)


def ledger_to_json(ledger: Mapping[str, Ledger]) -> dict[str, Any]:
    """A ledger by language as JSON values."""
    return {language: asdict(counts) for language, counts in ledger.items()}


def ledger_from_json(values: Mapping[str, Any]) -> dict[str, Ledger]:
    """The inverse of `ledger_to_json`."""
    return {language: Ledger(**counts) for language, counts in values.items()}
