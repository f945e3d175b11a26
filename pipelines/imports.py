"""Importing many modules without what takes long and nobody needs."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator

UNUSED = ("bson",)
"""Packages that Beam takes along where they are installed, and does without where not: that of MongoDB brings a hundred
modules."""

THREADS = "OPENBLAS_NUM_THREADS"
"""How many threads NumPy starts when it is imported, by default one for each core; for a tenth of a second they wait
busily for matrices, of which Babelmill has none."""


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Import modules without what is unused, without threads for matrices, and without searching for garbage.

    Nothing is searched for among their objects afterwards, either: all of them stay. Of the time that Beam and numba
    take to be imported, that was a sixth.
    """
    enabled, modules = gc.isenabled(), len(sys.modules)
    absent = [name for name in UNUSED if name not in sys.modules]
    threads = THREADS not in os.environ
    gc.disable()
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: an ImportError for whoever asks
    os.environ.setdefault(THREADS, "1")
    try:
        yield
    finally:
        # Programs that a run starts are to have as many as they like.
        if threads:
            del os.environ[THREADS]
        for name in absent:
            del sys.modules[name]
        if enabled:
            if len(sys.modules) > modules:
                gc.freeze()
            gc.enable()
