"""`babelmill init` and `babelmill demo`: a first configuration, a first run."""

from __future__ import annotations

import json
import sys
from importlib import resources
from pathlib import Path

import click

import babelmill
from pipelines import command
from pipelines.config_file import load, template
from pipelines.running import work_through
from pipelines.stages import STAGES
from transforms.storage import writing

DEMO = """\
# The demonstration: the Universal Declaration of Human Rights, from the sample that ships with Babelmill.
workdir: work
seed: 1
corpora:
  - name: udhr
    format: cc100
    location: {sample}
vocabulary: {{size: 4000, model: unigram, alpha: 0.3}}
shards: {{tokens: 4000000, validation: 3}}
"""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@command.reported
def init(folder: Path) -> None:
    """Write a commented configuration, corpus.yaml, into DIR."""
    path = folder / "corpus.yaml"
    if path.exists():
        click.echo(f"babelmill: {path} exists already; remove it, or name another folder", err=True)
        sys.exit(command.CONFIGURATION)
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(template(), encoding="utf-8")
    click.echo(f"Wrote {path}. Edit it, then: babelmill run {path}")


@click.command()
@click.option(
    "--into",
    "folder",
    metavar="DIR",
    default="babelmill-demo",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write.",
)
@click.argument("beam_options", nargs=-1, type=click.UNPROCESSED)
@command.reported
def demo(folder: Path, beam_options: tuple[str, ...]) -> None:
    """Run everything on the embedded sample. Beam's own options follow `--`."""
    path = folder / "demo.yaml"
    sample = resources.files(babelmill) / "sample" / "cc-100"
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(DEMO.format(sample=json.dumps(str(sample), ensure_ascii=False)), encoding="utf-8")
    click.echo("Some forty languages of the Universal Declaration of Human Rights.")
    work_through([stage.name for stage in STAGES], load(path), beam_options)
    click.echo(f"\nLook at it:  babelmill inspect {folder}/work/shards/documents/train/de\nConfiguration: {path}")
