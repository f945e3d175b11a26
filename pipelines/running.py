"""`babelmill run` and a command for each stage."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from pipelines import command
from pipelines.allocation import end_at_once, return_large_blocks
from pipelines.beam_options import check as check_options
from pipelines.config import Config
from pipelines.config_runner import PROFILES
from pipelines.execute import Outcome, run_stage
from pipelines.imports import importing
from pipelines.kernels import compilation_told
from pipelines.progress import Progress
from pipelines.stages import STAGES, check, needed, stages_of
from pipelines.summary import print_summary


def working(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options of the commands that do work."""
    for option in (
        click.argument("beam_options", nargs=-1, type=click.UNPROCESSED),
        click.option(
            "--json", "as_json", is_flag=True, help="Events and the summary as JSON lines on standard output."
        ),
        click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors and the summary."),
        click.option(
            "--profile", type=click.Choice(PROFILES), help="Where to work: a profile of the section `runner` of CONFIG."
        ),
        click.option("-v", "--verbose", is_flag=True, help="Name every part that will be done, and why."),
    ):
        function = option(function)
    return command.configured(function)


def progress_of(as_json: bool, quiet: bool) -> Progress:
    """JSON lines, silence, a bar on a terminal, or plain lines."""
    if as_json:
        return Progress("json", sys.stdout)
    if quiet:
        return Progress("quiet")
    return Progress("bar" if sys.stderr.isatty() else "lines")


def work_through(
    names: Sequence[str],
    config: Config,
    beam_options: Sequence[str],
    *,
    profile: str | None = None,
    as_json: bool = False,
    quiet: bool = False,
    verbose: bool = False,
) -> None:
    """Run stages and say what came of it; exits with `command.REJECTED` if some input was rejected whole."""
    return_large_blocks()
    end_at_once()
    work, progress = command.work_directory(config), progress_of(as_json, quiet)
    named = any(option.startswith("--runner") for option in beam_options)
    arguments = [*([] if named else config.runner.arguments(profile)), *beam_options]
    with importing():
        check_options(arguments)
    outcomes: list[Outcome] = []
    check(config, work)
    with command.locked(work), compilation_told(silent=quiet or as_json):
        for stage in needed(config, work, names):
            if verbose:
                for task, why in stage.plan().todo:
                    click.echo(f"{stage.name:<10} {task.name}: {why}", err=True)
            outcomes.append(run_stage(stage, arguments=arguments, progress=progress))
    print_summary(config, work, outcomes, as_json=as_json)
    for one in outcomes:
        for name, text in one.notes.items():
            click.echo(f"note: {one.stage} {name}: {text}", err=True)
        for name, why in one.failures.items():
            click.echo(f"failed: {one.stage} {name}: {why}", err=True)
    if any(one.failures for one in outcomes):
        sys.exit(command.REJECTED)


@click.command()
@working
def run(config: Config, beam_options: tuple[str, ...], **style: Any) -> None:
    """Run all stages of CONFIG. What is done and has not changed is skipped.

    Beam's own options follow `--`, as in `babelmill run corpus.yaml -- --direct_num_workers=4`; they are added to those
    of the profile, and win. With `--runner=` among them, no profile is used.
    """
    work_through([stage.name for stage in STAGES], config, beam_options, **style)


def _command(title: str, text: str) -> click.Command:
    @click.command(title, help=text)
    @working
    def one(config: Config, beam_options: tuple[str, ...], **style: Any) -> None:
        work_through(stages_of(title), config, beam_options, **style)

    return one


download = _command("download", "Fetch the sources of CONFIG and decode them into parts.")
clean = _command("clean", "Normalise, measure and judge documents, and sign them.")
dedup = _command("dedup", "Find exact and near duplicates and list what goes.")
backtranslate = _command("backtranslate", "Translate sentences of documents, to make pseudo pairs.")
vocab = _command("vocab", "Draw a sample of what is kept and train the vocabulary.")
shard = _command("shard", "Tokenize what is kept, draw the order and write shards.")
