"""`babelmill status`: what is done, what is to do and why."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from babelmill.format import FormatError
from pipelines import command
from pipelines.config import Config
from pipelines.progress import megabytes
from pipelines.stage import NotReady, Stage
from pipelines.stages import check, needed
from transforms.errors import InputError
from transforms.storage import WorkDirectory

SHOWN = 5
"""Parts of each stage that are named without `-v`."""


def status_of(stage: Stage) -> dict[str, Any]:
    """State of one stage: parts done and to do, documents and bytes done, and why each part to do must be done."""
    try:
        planned = stage.plan()
    except NotReady as error:
        return {"stage": stage.name, "state": "waiting", "why": str(error)}
    except (InputError, FormatError) as error:
        return {"stage": stage.name, "state": "blocked", "why": str(error)}
    files = [file for record in planned.done for file in record.files.values()]
    return {
        "stage": stage.name,
        "state": "to do" if planned.todo else "done",
        "done": len(planned.done),
        "todo": len(planned.todo),
        "documents": sum(counts.documents for record in planned.done for counts in record.ledger.values()),
        "bytes": sum(file.bytes for file in files),
        "because": dict(Counter(why for _, why in planned.todo)),
        "parts": {task.name: why for task, why in planned.todo},
    }


def all_statuses(config: Config, work: WorkDirectory) -> list[dict[str, Any]]:
    """State of every stage. A stage after one with work to do is judged by what lies there now, and may change."""
    return [status_of(stage) for stage in needed(config, work)]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Name every part, not the first few.")
@command.configured
def status(config: Config, as_json: bool, verbose: bool) -> None:
    """Tell, stage by stage, what is done, what is to do, and why anything will be done again."""
    work = command.work_directory(config)
    check(config, work)
    found = all_statuses(config, work)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("stage", "state", "done", "to do", "documents", "MB"):
        table.add_column(heading, justify="left" if heading in ("stage", "state") else "right")
    for row in found:
        numbers = [f"{row[key]:,}" if key in row else "" for key in ("done", "todo", "documents")]
        table.add_row(row["stage"], row["state"], *numbers, megabytes(row["bytes"]) if "bytes" in row else "")
    Console().print(table)
    for row in found:
        if "why" in row:
            click.echo(f"{row['stage']}: {row['why']}")
        parts = list(row.get("parts", {}).items())
        for name, why in parts if verbose else parts[:SHOWN]:
            click.echo(f"{row['stage']}: {name}: {why}")
        if len(parts) > SHOWN and not verbose:
            click.echo(f"{row['stage']}: … and {len(parts) - SHOWN} more (-v names them)")
