"""`babelmill inspect`: rows of any part, shard, or list of rejects, token ids decoded."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import click
import pyarrow as pa
from rich.console import Console
from rich.markup import escape

from babelmill.format import FormatError
from pipelines import command
from pipelines.stage import usable
from transforms.sources import scheme_of
from transforms.storage import WorkDirectory
from vocab.encoding import load

WIDTH = 400
"""Characters of a text that are shown without `--full`."""


DECODED = {"input_ids": "text", "source_ids": "source", "target_ids": "target"}
"""Columns of token ids -> what their text is called."""

TEXTS = tuple(DECODED.values())
"""Columns of text, which people read below the others."""


class PathOrAddress(click.Path):
    """A path that exists, or an address, which nobody has looked at yet."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Leave addresses alone."""
        return value if scheme_of(value) != "file" else str(super().convert(value, param, ctx))


def arrow_files(path: str) -> list[str]:
    """The Arrow files that a path or an address names: itself, or all below it."""
    if scheme_of(path) != "file":
        work, name = _split(path)
        return sorted(work.address(found) for found in work.stamps(name, ".arrow"))
    local = Path(path)
    return [path] if local.is_file() else sorted(str(found) for found in local.glob("**/*.arrow"))


def _split(address: str) -> tuple[WorkDirectory, str]:
    folder, _, name = address.rstrip("/").rpartition("/")
    return WorkDirectory(folder), name


def _opened(path: str) -> pa.NativeFile:
    if scheme_of(path) == "file":
        return pa.memory_map(path)
    work, name = _split(path)
    return pa.BufferReader(work.read(name))


def rows_of(path: str, model: Path | None) -> Iterator[dict[str, Any]]:
    """The rows of an Arrow file as Python values, with texts decoded from token ids where a model is at hand."""
    with usable("--model"):
        encoder = load(model) if model is not None else None
    try:
        reader = pa.ipc.open_file(_opened(path))
    except pa.ArrowInvalid as error:
        raise FormatError(f"{path} is not an Arrow file ({error}); name a part, a shard or a folder") from error
    for number in range(reader.num_record_batches):
        batch = reader.get_batch(number)
        if encoder is not None:
            for ids, text in DECODED.items():
                if ids in batch.schema.names:
                    batch = batch.append_column(text, encoder.decode(batch.column(ids)))
        for row in batch.to_pylist():
            for text in TEXTS:
                if isinstance(row.get(text), bytes):
                    row[text] = row[text].decode("utf-8", "replace")
            yield row


def model_near(path: str) -> Path | None:
    """The vocabulary of the work directory that a path lies in; none for an address."""
    for folder in Path(path).resolve().parents if scheme_of(path) == "file" else ():
        if (folder / "vocab" / "spm.model").exists():
            return folder / "vocab" / "spm.model"
    return None


def language_of(path: str) -> str | None:
    """The language of a file below `documents/<split>/<language>/` or `<stage>/<corpus>/<language>/`."""
    return PurePosixPath(path).parent.name or None


@click.command()
@click.argument("path", type=PathOrAddress(exists=True))
@click.option("--language", help="Only this language (as in folder names or in the column).")
@click.option("--reason", help="Only rejects and removals with this reason.")
@click.option("-n", "--rows", default=10, show_default=True, help="How many rows.")
@click.option("--skip", default=0, help="Rows to pass over first.")
@click.option("--model", type=click.Path(exists=True, path_type=Path), help="SentencePiece model to decode ids with.")
@click.option("--full", is_flag=True, help="Whole texts and all ids.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a row.")
@command.reported
def inspect(
    path: str,
    language: str | None,
    reason: str | None,
    rows: int,
    skip: int,
    model: Path | None,
    full: bool,
    as_json: bool,
) -> None:
    """Show rows of PATH: a part, a shard, a list of rejects or removals, a folder of them, or a manifest.

    PATH may be an address, such as s3://bucket/work/shards; token ids are decoded there with --model.
    """
    if PurePosixPath(path).name == "manifest.json":
        work, name = _split(os.path.abspath(path) if scheme_of(path) == "file" else path)
        try:
            click.echo(json.dumps(work.read_manifest(name)["ledger"], indent=1))
        except FileNotFoundError as error:
            raise click.BadParameter(f"{path} does not exist.") from error
        return
    console, shown, passed = Console(soft_wrap=True), 0, 0
    for file in arrow_files(path):
        for number, row in enumerate(rows_of(file, model or model_near(file))):
            spoken = row.get("language") or language_of(file)
            if (language and language not in (spoken, language_of(file))) or (reason and row.get("reason") != reason):
                continue
            passed += 1
            if passed <= skip:
                continue
            if shown == rows:
                return
            shown += 1
            if as_json:
                click.echo(json.dumps({"file": file, "number": number, **_plain(row, full)}, ensure_ascii=False))
            else:
                _show(console, file, number, _plain(row, full))
    if not shown:
        click.echo("No rows match.", err=True)
        sys.exit(command.CONFIGURATION if not arrow_files(path) else 0)


def _plain(row: dict[str, Any], full: bool) -> dict[str, Any]:
    """Values as people read them, and as JSON has them: no bytes, long ones cut, None for what is not a number."""
    plain = {}
    for name, value in row.items():
        if isinstance(value, bytes):
            value = value.hex()
        elif isinstance(value, float) and math.isnan(value):
            value = None
        elif isinstance(value, str) and not full and len(value) > WIDTH:
            value = f"{value[:WIDTH]}… ({len(value):,} characters)"
        elif isinstance(value, list) and not full and len(value) > 16:
            value = f"{value[:16]}… ({len(value):,} in all)"
        plain[name] = value
    return plain


def _show(console: Console, file: str, number: int, row: dict[str, Any]) -> None:
    texts = [str(row.pop(name)) for name in TEXTS if row.get(name) is not None]
    console.print(f"[bold]{escape(file)}[/bold] row {number}")
    console.print(
        "  " + escape("  ".join(f"{name}={value}" for name, value in row.items())), style="dim", highlight=False
    )
    for text in texts:
        console.print("  " + escape(text).replace("\n", "\n  "), highlight=False)
