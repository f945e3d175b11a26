"""`babelmill corpora`: what OPUS has for some languages, with sizes and licences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from pipelines import command
from pipelines.progress import megabytes
from transforms.parallel.licences import refusal
from transforms.parallel.opus_api import API, Release
from transforms.parallel.opus_api import corpora as published

UNKNOWN = "?"
"""What OPUS does not say."""


def rows_of(releases: Sequence[Release]) -> list[dict[str, Any]]:
    """A row a file as JSON values, with what speaks against the corpus."""
    return [
        {**asdict(release), "languages": release.languages, "refused": refusal(release.corpus)} for release in releases
    ]


@click.command()
@click.argument("languages", nargs=-1, required=True)
@click.option("--corpus", help="Only this corpus.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a file.")
@click.option("--api", default=API, show_default=True, help="Where OPUS answers.")
@command.reported
def corpora(languages: tuple[str, ...], corpus: str | None, as_json: bool, api: str) -> None:
    """List what OPUS has in every two of LANGUAGES, or of one with every other.

    Sizes are those of the archives. A corpus without a licence comes with that of its sources, whatever it is.
    """
    found = [release for release in published(languages, api=api) if corpus in (None, release.corpus)]
    if as_json:
        for row in rows_of(found):
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("corpus", "version", "languages", "pairs", "MB", "licence"):
        table.add_column(heading, justify="right" if heading in ("pairs", "MB") else "left")
    for release in found:
        table.add_row(
            release.corpus,
            release.version,
            "-".join(release.languages),
            f"{release.pairs:,}" if release.pairs is not None else UNKNOWN,
            megabytes(release.size) if release.size is not None else UNKNOWN,
            refusal(release.corpus) or release.licence or UNKNOWN,
        )
    Console(soft_wrap=True).print(table)
    size = sum(release.size or 0 for release in found)
    click.echo(f"{len(found):,} files, {megabytes(size)} MB or more")
