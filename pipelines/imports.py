"""Importing many modules without what takes long and nobody needs."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator
from typing import Any

UNUSED = ("apache_beam.io.gcp.bigquery", "bson", "pandas")
"""Modules that Beam and Arrow take along where they are installed, and do without where not: those of BigQuery,
MongoDB and pandas bring a hundred others each."""

SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "1"}
"""Environment meanwhile, where it has nothing of its own to say. NumPy would start a thread for each core, and these
wait busily for matrices, of which Babelmill has none; pydantic would look into all packages for plug-ins."""


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Import modules without what is unused, and without searching for garbage.

    Nothing is searched for among their objects afterwards, either: all of them stay. Of the time that Beam and numba
    take to be imported, that was a sixth.
    """
    enabled, modules, arrow = gc.isenabled(), len(sys.modules), "pyarrow" in sys.modules
    unset = [name for name in SETTINGS if name not in os.environ]
    gc.disable()
    sys.meta_path.insert(0, _Absent)
    os.environ.update({name: SETTINGS[name] for name in unset})
    try:
        yield
        if not arrow and "pyarrow" in sys.modules:
            # Arrow looks for pandas when it makes its first array of Python's objects, and then no more.
            sys.modules["pyarrow"].array([0])
    finally:
        # Programs that a run starts are to have as many threads as they like.
        for name in unset:
            del os.environ[name]
        sys.meta_path.remove(_Absent)
        if enabled:
            if len(sys.modules) > modules:
                gc.freeze()
            gc.enable()


class _Absent:
    """A finder of modules that finds those to be absent which are `UNUSED`."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        """As of `importlib.abc.MetaPathFinder`."""
        if name in UNUSED:
            raise ModuleNotFoundError(f"{name} is left out", name=name)
