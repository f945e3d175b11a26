"""`babelmill verify`: every file is what its manifest says, and every document is accounted for from stage to stage."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import pairwise

import click

from babelmill.format import FormatError, Ledger, total
from pipelines import command
from pipelines.config import Config
from pipelines.stage import NotReady, Stage
from pipelines.stages import needed
from transforms.journal import Kind, kind_of
from transforms.storage import CorruptFile, WorkDirectory

CHAINS: dict[Kind, tuple[str, ...]] = {
    "documents": ("download", "clean", "dedup", "tokens", "order", "shards"),
    "pairs": ("download", "clean", "filter", "dedup", "tokens", "order", "shards"),
    "pseudo": ("translate", "sift", "tokens", "order", "shards"),
}
"""Stages through which documents and pairs pass: what one keeps is what the next one gets."""


def problems(config: Config, work: WorkDirectory) -> Iterator[str]:
    """Everything that is wrong with a work directory, one message each."""
    kept: dict[Kind, dict[str, dict[str, Ledger]]] = {kind: {} for kind in CHAINS}
    for stage in needed(config, work):
        try:
            records = stage.records()
        except (NotReady, FormatError) as error:
            yield f"{stage.name}: {error}"
            continue
        for record in records:
            if record.failure is not None:
                yield f"{stage.name}: {record.name} failed: {record.failure}"
            for file in record.files.values():
                try:
                    work.check(file)
                except CorruptFile as error:
                    yield f"{stage.name}: {error}"
        for data in kept:
            ledgers = total(record.ledger for record in records if kind_of(record.name) == data)
            kept[data][stage.name] = ledgers
            yield from _unbalanced(stage, ledgers)
    for data, by_stage in kept.items():
        yield from _broken_chain(data, by_stage)


def _unbalanced(stage: Stage, ledgers: dict[str, Ledger]) -> Iterator[str]:
    for language, ledger in ledgers.items():
        if not ledger.balances:
            yield (
                f"{stage.name}: the ledger of {language} does not balance: {ledger.documents:,} documents in, "
                f"{ledger.kept:,} kept, {sum(ledger.dropped.values()):,} dropped"
            )


def _broken_chain(kind: Kind, kept: dict[str, dict[str, Ledger]]) -> Iterator[str]:
    for before, after in pairwise(CHAINS[kind]):
        if before not in kept or after not in kept:
            continue
        for language in sorted(kept[before].keys() | kept[after].keys()):
            out = kept[before].get(language, Ledger()).kept
            into = kept[after].get(language, Ledger()).documents
            if out != into:
                yield f"{language}: {before} kept {out:,} {kind}, {after} got {into:,}: run `babelmill run` again"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@command.configured
def verify(config: Config, as_json: bool) -> None:
    """Check every sha256 and every ledger of a work directory."""
    work = command.work_directory(config)
    found = list(problems(config, work))
    if as_json:
        click.echo(json.dumps({"problems": found}, indent=1))
    else:
        for problem in found:
            click.echo(problem)
        if not found:
            files = sum(len(record.files) for stage in needed(config, work) for record in stage.records())
            click.echo(f"{files:,} files are what their manifests say, and every ledger balances.")
    if found:
        sys.exit(command.DIFFERENT)
