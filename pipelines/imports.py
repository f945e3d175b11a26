"""Importing many modules without what takes long and nobody needs."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator

UNUSED = ("apache_beam.io.gcp.bigquery", "bson")
"""Modules that Beam takes along where they are installed, and does without where not: those of BigQuery and MongoDB
bring a hundred others each."""

SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "1"}
"""Environment meanwhile, where it has nothing of its own to say. NumPy would start a thread for each core, and these
wait busily for matrices, of which Babelmill has none; pydantic would look into all packages for plug-ins."""


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Import modules without what is unused, and without searching for garbage.

    Nothing is searched for among their objects afterwards, either: all of them stay. Of the time that Beam and numba
    take to be imported, that was a sixth.
    """
    enabled, modules = gc.isenabled(), len(sys.modules)
    absent = [name for name in UNUSED if name not in sys.modules]
    unset = [name for name in SETTINGS if name not in os.environ]
    gc.disable()
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: an ImportError for whoever asks
    os.environ.update({name: SETTINGS[name] for name in unset})
    try:
        yield
    finally:
        # Programs that a run starts are to have as many threads as they like.
        for name in unset:
            del os.environ[name]
        for name in absent:
            del sys.modules[name]
        if enabled:
            if len(sys.modules) > modules:
                gc.freeze()
            gc.enable()
