"""How Beam is started: which runner, how many workers, what is sent to them, and what it may say on the terminal."""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    DirectOptions,
    FlinkRunnerOptions,
    PipelineOptions,
    PortableOptions,
    SetupOptions,
    StandardOptions,
)

from pipelines import jobs
from pipelines.package import package
from transforms.storage import WorkDirectory

LOCAL = {"", "DirectRunner", "FnApiRunner"}

View = TypeVar("View", bound=PipelineOptions)

INSTALLED = {"EXTERNAL", "LOOPBACK"}
"""Environments whose workers install nothing: Babelmill is on them already."""


class Options(PipelineOptions):
    """Beam's options, with each view of them made once; else a job parses its command line a hundred times.

    A pipeline would work on a copy, and make all views again. What a pipeline changes in its options is the same for
    each of a run.
    """

    def view_as(self, cls: type[View]) -> View:
        """As in Beam: a view of some options, which changes with them."""
        views = self.__dict__.setdefault("views", {})
        if cls not in views:
            views[cls] = super().view_as(cls)
        return views[cls]

    def __deepcopy__(self, memo: dict[int, Any]) -> Options:
        """These options."""
        return self


def pipeline_options(arguments: Sequence[str]) -> PipelineOptions:
    """Beam's options from arguments as on a command line.

    `DirectRunner`, the default, means FnApiRunner in this process with as many threads as cores: Beam's own choice
    would first try to download another runner. Kernels release the GIL, so threads do; Beam's default `in_memory`
    has them too, whatever it warns of. Workers that are made for the job get Babelmill as a package, unless the
    arguments name packages.
    """
    options = _shared(tuple(arguments))
    if is_local(options):
        options.view_as(StandardOptions).runner = "FnApiRunner"
        direct = options.view_as(DirectOptions)
        named = any(argument.startswith("--direct_num_workers") for argument in arguments)
        if not named or direct.direct_num_workers == 0:
            direct.direct_num_workers = os.cpu_count() or 1
        return options
    # Of a job that goes elsewhere Beam writes down in its options what it was; they are for that job alone.
    options = Options(list(arguments))
    if (options.view_as(PortableOptions).environment_type or "DOCKER") not in INSTALLED:
        setup = options.view_as(SetupOptions)
        if not (setup.setup_file or setup.extra_packages or setup.requirements_file):
            setup.extra_packages = [str(package())]
    return options


@functools.lru_cache(maxsize=1)
def _shared(arguments: tuple[str, ...]) -> Options:
    """Options for all local jobs of a run: to parse them takes as long as to make the rest of a graph."""
    return Options(list(arguments))


def is_local(options: PipelineOptions) -> bool:
    """Whether the work is done by this process."""
    return (options.view_as(StandardOptions).runner or "") in LOCAL


def in_threads(options: PipelineOptions) -> bool:
    """Whether it is done by threads of this process."""
    return is_local(options) and options.view_as(DirectOptions).direct_running_mode == "in_memory"


def lanes(options: PipelineOptions) -> int:
    """To how many workers tasks are dealt: threads of the local runner, task slots of Flink; 1 where nobody knows."""
    if is_local(options):
        return options.view_as(DirectOptions).direct_num_workers
    return max(1, options.view_as(FlinkRunnerOptions).parallelism)


def run_to_end(pipeline: beam.Pipeline, *, stage: str, work: WorkDirectory) -> None:
    """Run a pipeline. Its workers log and print an error's traceback before they raise it; here it is only raised.

    Args:
        pipeline: the graph, with its options.
        stage: what it does; a job on a cluster is named after it.
        work: the work directory.
    """
    options = pipeline.options
    job = contextlib.nullcontext() if is_local(options) else jobs.noted(work, stage, options)
    with job, _quiet("", "apache_beam"), contextlib.redirect_stderr(io.StringIO()) as said:
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
