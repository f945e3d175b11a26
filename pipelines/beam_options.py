"""Whether Beam will take the options that it is given: it ignores those that it does not know, here they are refused.

Looking imports Beam, which takes a second; without options there is nothing to look at.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipelines.config_yaml import ConfigError
from pipelines.jobs import NoJobServer, job_server

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions

BRINGS_ITS_OWN = {
    "FlinkRunner": "flink_job_server_jar",
    "SparkRunner": "spark_job_server_jar",
    "PrismRunner": "prism_location",
}
"""Runners that download what they start, unless an option names a file."""

LOSES_ELEMENTS = (
    "found --direct_running_mode=multi_threading, expected in_memory. In Beam 2.77 its buffers are "
    "emptied every second by a thread of their own, without a lock, and what is written meanwhile is lost. Leave the "
    "option out: in_memory, the default, has as many threads as --direct_num_workers says"
)


def check(arguments: Sequence[str]) -> None:
    """See that Beam understands options, that its runner is there, and that it will download nothing.

    Raises:
        ConfigError: something is wrong; the message says what, and what to do.
    """
    if not arguments:
        return
    from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions

    from pipelines.runner import is_local

    unknown: list[str] = []
    known: list[str] = []

    def look(parser: argparse.ArgumentParser) -> None:
        _add_options_of_the_job_server(parser, arguments)
        unknown.extend(parser.parse_known_args(list(arguments))[1])
        known.extend(option for option in parser._option_string_actions if option.startswith("--"))

    options = PipelineOptions(list(arguments))
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            options.get_all_options(add_extra_args_fn=look)
        except SystemExit:
            reason = said.getvalue().strip().rpartition("error: ")[2]
            raise ConfigError(f"options of Beam: {reason}") from None
    runner = options.view_as(StandardOptions).runner or ""
    # A runner that starts a job server of its own learns only then which options that has.
    if unknown and runner not in BRINGS_ITS_OWN:
        raise ConfigError("\n".join(_unknown(option, known) for option in unknown))
    if not is_local(options):
        _check_runner(runner, options)
    elif options.view_as(DirectOptions).direct_running_mode == "multi_threading":
        raise ConfigError(f"options of Beam: {LOSES_ELEMENTS}")


def _unknown(option: str, known: Sequence[str]) -> str:
    """A message about an option that nobody knows."""
    name = option.partition("=")[0]
    if not name.startswith("--"):
        return f"options of Beam: found {option!r}, expected --NAME=VALUE"
    close = difflib.get_close_matches(name, known, n=1)
    return f"options of Beam: {name} is unknown" + (f"; did you mean {close[0]}?" if close else "")


def _add_options_of_the_job_server(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """Add what a job server knows besides; it alone can tell."""
    endpoint = parser.parse_known_args(list(arguments))[0].job_endpoint
    if not endpoint or endpoint == "embed":
        return
    from apache_beam.portability.api import beam_job_api_pb2

    try:
        server = job_server(endpoint)
    except NoJobServer as error:
        raise ConfigError(str(error)) from None
    described = server.DescribePipelineOptions(beam_job_api_pb2.DescribePipelineOptionsRequest())
    for option in described.options:
        kind: dict[str, Any] = {}
        if option.type == beam_job_api_pb2.PipelineOptionType.BOOLEAN:
            kind["action"] = "store_true"
        # Options that Beam's Python knows too are described again.
        with contextlib.suppress(argparse.ArgumentError):
            parser.add_argument(f"--{option.name}", **kind)


def _check_runner(runner: str, options: PipelineOptions) -> None:
    """See that a runner can be had, and what it misses."""
    from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
    from apache_beam.runners.runner import create_runner

    file = BRINGS_ITS_OWN.get(runner)
    if file and not options.get_all_options().get(file):
        raise ConfigError(f"--runner={runner} would download what it starts; name a file with --{file}=PATH")
    try:
        made = create_runner(runner)
    except ImportError:
        raise ConfigError(f"--runner={runner} needs more packages: pip install 'babelmill[gcp]'") from None
    except ValueError as error:
        raise ConfigError(f"--runner={runner}: {error}") from None
    problems = PipelineOptionsValidator(options, made).validate()
    if problems:
        raise ConfigError("\n".join(f"options of Beam: {' '.join(problem.split())}" for problem in problems))
