"""What every command that works on a configuration shares: options, the work directory and its lock, exit codes."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import click

from babelmill.format import FormatError
from pipelines.config import Config
from pipelines.config_file import ConfigError, load
from pipelines.execute import RunError
from pipelines.jobs import end_former
from pipelines.stage import NotReady
from transforms.errors import InputError
from transforms.storage import WorkDirectory, WorkDirectoryError, writing

CONFIGURATION, REJECTED, DIFFERENT, STOPPED, BUSY = 2, 3, 4, 5, 75
"""Exit codes; `babelmill --help` explains them."""


class Busy(RuntimeError):
    """Another run has the work directory."""


def reported(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the errors that are the user's business into a message and an exit code."""

    @functools.wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        codes = {
            ConfigError: CONFIGURATION,
            NotReady: CONFIGURATION,
            Busy: BUSY,
            RunError: STOPPED,
            WorkDirectoryError: STOPPED,
            InputError: STOPPED,
            FormatError: STOPPED,
        }
        try:
            return command(*args, **kwargs)
        except tuple(codes) as error:
            text = error.strerror if isinstance(error, WorkDirectoryError) else str(error)
            click.echo(f"babelmill: {text}", err=True)
            sys.exit(next(code for kind, code in codes.items() if isinstance(error, kind)))

    return wrapper


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument CONFIG and `--set`; it gets the loaded `config`."""

    @click.argument("config_file", metavar="CONFIG", type=click.Path(dir_okay=False, path_type=Path))
    @click.option(
        "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override, as in shards.tokens=1000000."
    )
    @functools.wraps(command)
    @reported
    def wrapper(config_file: Path, overrides: tuple[str, ...], **kwargs: Any) -> Any:
        return command(config=load(config_file, overrides), **kwargs)

    return wrapper


def work_directory(config: Config) -> WorkDirectory:
    """The work directory that a configuration names."""
    return WorkDirectory(config.workdir)


@contextlib.contextmanager
def locked(work: WorkDirectory) -> Iterator[None]:
    """Hold the work directory alone; the lock ends with the process, however that ends.

    Raises:
        Busy: another run holds it.
        WorkDirectoryError: it cannot be written.
    """
    work.create()
    path = work.place.scratch / "lock"
    with writing(path):
        file = path.open("ab+", buffering=0)
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(
                f"{work.root} is in use by process {_holder(file)}: wait for it to end, or name another `workdir`"
            ) from None
        with writing(path):
            file.truncate(0)
            file.write(str(os.getpid()).encode())
            end_former(work)
            work.clear_temporary()
        yield


def _holder(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().strip() or "unknown"
