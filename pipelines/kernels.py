"""Compiled kernels: where they are kept, and telling a person when they are being compiled."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator, MutableMapping
from pathlib import Path

import click

CACHE_DIR = "NUMBA_CACHE_DIR"


def keep_kernels(environment: MutableMapping[str, str]) -> None:
    """See that compiled kernels can be kept; to be called before any kernel is imported.

    numba keeps them beside the code or, where that is read-only, in the user's cache folder. Without a home that can
    be written it would refuse to start; a folder of the machine's temporary files serves then.

    Args:
        environment: of the process; `NUMBA_CACHE_DIR` is set where it is needed and not there.
    """
    beside_the_code = Path(__file__).parent
    home = Path(environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME", "/")) / ".cache")
    if CACHE_DIR not in environment and not any(map(_writable, (beside_the_code, home))):
        environment[CACHE_DIR] = str(Path(tempfile.gettempdir()) / f"babelmill-kernels-{os.getuid()}")


def _writable(folder: Path) -> bool:
    """Whether files can be made in a folder, or in the nearest one above it that exists."""
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK)


@contextlib.contextmanager
def compilation_told(*, silent: bool = False) -> Iterator[None]:
    """While this is open, say on standard error when a kernel is compiled for the first time, and what it came to."""
    from numba.core import event

    class Told(event.Listener):
        """Counts seconds in which any thread compiles."""

        def __init__(self) -> None:
            self.seconds, self.depth, self.began = 0.0, 0, 0.0
            self.lock = threading.Lock()

        def on_start(self, event: event.Event) -> None:
            with self.lock:
                if self.depth == 0:
                    if self.seconds == 0 and not silent:
                        click.echo("compiling kernels: once, they are kept for later runs", err=True)
                    self.began = time.monotonic()
                self.depth += 1

        def on_end(self, event: event.Event) -> None:
            with self.lock:
                self.depth -= 1
                if self.depth == 0:
                    self.seconds += time.monotonic() - self.began

    told = Told()
    with event.install_listener("numba:compile", told):
        yield
    if told.seconds >= 1 and not silent:
        click.echo(f"compiling kernels took {told.seconds:.0f} s of this run", err=True)
