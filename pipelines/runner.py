"""How Beam is started: which runner, how many workers, and what it may say on the terminal."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator, Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions

LOCAL = {"", "DirectRunner", "FnApiRunner"}


def pipeline_options(arguments: Sequence[str]) -> PipelineOptions:
    """Beam's options from what follows `--` on the command line.

    `DirectRunner`, the default, means FnApiRunner in this process with as many threads as cores: Beam's own choice
    would first try to download another runner. Kernels release the GIL, so threads do.
    """
    options = PipelineOptions(list(arguments))
    if (options.view_as(StandardOptions).runner or "") in LOCAL:
        options.view_as(StandardOptions).runner = "FnApiRunner"
        direct = options.view_as(DirectOptions)
        named = any(argument.startswith("--direct_num_workers") for argument in arguments)
        if not named or direct.direct_num_workers == 0:
            direct.direct_num_workers = os.cpu_count() or 1
        if not any(argument.startswith("--direct_running_mode") for argument in arguments):
            direct.direct_running_mode = "in_memory" if direct.direct_num_workers == 1 else "multi_threading"
    return options


def lanes(options: PipelineOptions) -> int:
    """To how many workers tasks are dealt: the local runner's threads, else as many as a cluster may have."""
    if options.view_as(StandardOptions).runner == "FnApiRunner":
        return options.view_as(DirectOptions).direct_num_workers
    return 1


def run_to_end(pipeline: beam.Pipeline) -> None:
    """Run a pipeline. Its workers log and print an error's traceback before they raise it; here it is only raised."""
    with _quiet("", "apache_beam"), contextlib.redirect_stderr(io.StringIO()) as said:
        pipeline.run().wait_until_finish()
    sys.stderr.write(said.getvalue())


@contextlib.contextmanager
def _quiet(*loggers: str) -> Iterator[None]:
    """Let loggers say nothing for a while."""
    levels = {name: logging.getLogger(name).level for name in loggers}
    try:
        for name in loggers:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
