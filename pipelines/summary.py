"""The table at the end of a run: documents in, kept, dropped by reason, tokens, by language."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from babelmill.format import FormatError, Ledger, ledger_to_json, total
from pipelines.config import Config
from pipelines.decontamination import Decontamination
from pipelines.execute import Outcome
from pipelines.progress import megabytes
from pipelines.stage import NotReady
from pipelines.stages import STAGES
from transforms.storage import WorkDirectory

WIDTH = 240
"""Columns of a log, which does not wrap."""

DROPPING = ("download", "clean", "filter", "dedup")


def ledgers(config: Config, work: WorkDirectory) -> dict[str, dict[str, Ledger]]:
    """The ledger of every stage that has one, by stage and language."""
    found = {}
    for stage in (kind(config, work) for kind in STAGES):
        try:
            if stage.wanted():
                found[stage.name] = total(record.ledger for record in stage.records())
        except (NotReady, FormatError):
            continue
    return found


def summary_rows(by_stage: dict[str, dict[str, Ledger]]) -> list[dict[str, Any]]:
    """A row a language, and one for all: documents in and kept, dropped by reason, tokens."""
    languages = sorted(by_stage.get("download", {}))
    rows = [_row(code, by_stage) for code in languages]
    return [*rows, _sum("all", rows)]


def _sum(name: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    total = {key: sum(row[key] for row in rows) for key in ("documents", "kept", "bytes", "tokens")}
    dropped = sum((Ledger(dropped=row["dropped"]) for row in rows), Ledger()).dropped
    return {"language": name, **total, "dropped": dropped}


def _row(code: str, by_stage: dict[str, dict[str, Ledger]]) -> dict[str, Any]:
    """The row of a language, or of a pair of languages."""

    def of(stage: str) -> Ledger:
        return by_stage.get(stage, {}).get(code, Ledger())

    # Documents skip `filter`; what the last stage that knows the language kept is what there is.
    last = next((stage for stage in reversed(DROPPING) if code in by_stage.get(stage, {})), "download")
    dropped = sum((Ledger(dropped=of(stage).dropped) for stage in DROPPING), Ledger()).dropped
    return {
        "language": code,
        "documents": of("download").documents,
        "kept": of(last).kept,
        "dropped": {reason: count for reason, count in dropped.items() if count},
        "bytes": of(last).bytes,
        "tokens": of("shards").tokens,
    }


def print_summary(config: Config, work: WorkDirectory, outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    """Print the table, or one JSON line."""
    by_stage = ledgers(config, work)
    rows = summary_rows(by_stage)
    seconds = sum(one.seconds for one in outcomes)
    if as_json:
        values = {stage: ledger_to_json(ledger) for stage, ledger in by_stage.items()}
        stages = {one.stage: {"seconds": round(one.seconds, 3), "done": one.done} for one in outcomes}
        test_sets = Decontamination(config, work).summary.get("test_sets", {})
        event = {"event": "summary", "rows": rows, "ledgers": values, "stages": stages, "test_sets": test_sets}
        click.echo(json.dumps(event, sort_keys=True))
        return
    reasons = sorted({reason for row in rows for reason in row["dropped"]})
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("language")
    for heading in ("documents", "kept", *(reason.replace("_", " ") for reason in reasons), "MB kept", "tokens"):
        table.add_column(heading, justify="right")
    for row in rows:
        counts = [row["documents"], row["kept"], *(row["dropped"].get(reason, 0) for reason in reasons)]
        cells = [f"{count:,}" for count in counts]
        style = "bold" if row["language"] == "all" else None
        table.add_row(row["language"], *cells, megabytes(row["bytes"]), f"{row['tokens']:,}", style=style)
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    console.print(table)
    for line in Decontamination(config, work).told():
        click.echo(line)
    text = by_stage.get("download", {})
    size = sum(ledger.bytes for ledger in text.values())
    if any(one.done for one in outcomes):
        whole = (outcomes[0].stage, outcomes[-1].stage) == (STAGES[0].name, STAGES[-1].name)
        rate = f", {megabytes(size / seconds)} MB/s" if whole else ""
        click.echo(f"{megabytes(size)} MB of text in {seconds:.1f} s{rate}: {work.root}")
    else:
        click.echo(f"Nothing to do: {work.root} is up to date.")
