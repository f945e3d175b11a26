"""A bound on connections to a host that threads and processes of one machine keep together."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from transforms.storage import writing


@contextlib.contextmanager
def connection_slot(
    host: str, *, folder: Path, limit: int, sleep: Callable[[float], None] = time.sleep, pause: float = 0.5
) -> Iterator[None]:
    """Hold one of a host's connections while the context lasts; wait for one while all are taken.

    A slot is a locked file. The kernel releases the lock of a process that is killed, so no slot is ever lost.

    Args:
        host: host name and port.
        folder: where the files are; all who share the bound name the same folder, on a local disk.
        limit: connections to a host at a time.
        sleep: waits a number of seconds.
        pause: seconds between two looks for a free slot.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        files = [(folder / f"{host.replace(':', '_')}.{number}").open("a") for number in range(limit)]
    with contextlib.ExitStack() as stack:
        for file in files:
            stack.enter_context(file)
        while not any(map(locked, files)):
            sleep(pause)
        yield


def locked(file: IO) -> bool:
    """Lock an open file unless somebody else has; closing it releases it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
