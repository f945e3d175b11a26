"""The `babelmill` command. Commands are imported when they are called, so that `--help` answers at once."""

from __future__ import annotations

import importlib
import logging
import os
import sys

import click

from pipelines.imports import importing
from pipelines.kernels import keep_kernels

COMMANDS = {
    "init": ("pipelines.starting", "Write a commented configuration into a folder."),
    "demo": ("pipelines.starting", "Run everything on the embedded sample."),
    "run": ("pipelines.running", "Run all stages; what is done is skipped."),
    "download": ("pipelines.running", "Fetch sources and decode them into parts."),
    "clean": ("pipelines.running", "Normalise, measure and judge documents and pairs."),
    "dedup": ("pipelines.running", "Find exact and near duplicates."),
    "backtranslate": ("pipelines.running", "Translate sentences of documents, to make pseudo pairs."),
    "vocab": ("pipelines.running", "Draw a sample and train the vocabulary."),
    "shard": ("pipelines.running", "Tokenize what is kept and write shards."),
    "corpora": ("pipelines.corpora", "List what OPUS has for some languages."),
    "models": ("pipelines.models", "Convert translation models for back-translation."),
    "status": ("pipelines.status", "Tell what is done, what is to do, and why."),
    "inspect": ("pipelines.inspect", "Show rows of a part, a shard or rejects."),
    "verify": ("pipelines.verify", "Check every sha256 and every ledger."),
}

EXIT_CODES = """
Exit codes: 0 all is well; 1 a defect of Babelmill, or interrupted; 2 the command line or the configuration is wrong;
3 finished, but some input was rejected whole; 4 `verify` found a difference; 5 the run stopped before its end; 75
another run has the work directory.
"""


class LazyGroup(click.Group):
    """A group whose commands live in modules that are imported on call."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a command."""
        if name not in COMMANDS:
            return None
        with importing():
            return getattr(importlib.import_module(COMMANDS[name][0]), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, epilog=EXIT_CODES)
@click.version_option(package_name="babelmill")
def babelmill() -> None:
    """Turn raw multilingual text into training shards: CC-100 and OPUS in, tokenized Arrow out."""


def main(arguments: list[str] | None = None) -> None:
    """Entry point; an error that is the user's business comes out as a message and an exit code."""
    # Beam warns on import of cloud libraries that nobody asked for.
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    keep_kernels(os.environ)
    try:
        babelmill.main(args=arguments, prog_name="babelmill", standalone_mode=True)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
