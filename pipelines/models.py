"""`babelmill models`: translation models for the engine `ctranslate2`."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from pipelines import command
from transforms.engines.converting import QUANTIZATIONS, Quantization, release_of
from transforms.engines.converting import convert as converted
from transforms.engines.neural import family_of, language_tokens


@click.group()
def models() -> None:
    """Translation models for back-translation."""


@models.command()
@click.argument("model")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--quantization",
    type=click.Choice(QUANTIZATIONS),
    default="int8",
    show_default=True,
    help="How weights are written.",
)
@command.reported
def convert(model: str, out: Path, quantization: str) -> None:
    """Convert MODEL to a folder OUT that the engine `ctranslate2` reads.

    MODEL is a folder with an OPUS-MT release, or with a Hugging Face model of OPUS-MT, NLLB-200 or M2M-100; or the name
    of one on the hub, such as Helsinki-NLP/opus-mt-en-es.
    """
    converted(release_of(model), out, quantization=cast(Quantization, quantization))
    family, languages = family_of(out), len(language_tokens(out))
    megabytes = sum(file.stat().st_size for file in out.iterdir()) / 1e6
    click.echo(f"{out}: {family}, {f'{languages} languages, ' if languages else ''}{megabytes:.1f} MB, {quantization}")
    click.echo(f"use it with\n\nbacktranslation:\n  engines:\n    - {entry(out, alone=not languages)}")


def entry(model: Path, *, alone: bool) -> str:
    """The line of a configuration that takes a model, which may be one of two languages alone."""
    if alone:
        return f"{{name: ctranslate2, model: {model}, pairs: [[en, es]]}}   # from its language to the other"
    return f"{{name: ctranslate2, model: {model}}}"
