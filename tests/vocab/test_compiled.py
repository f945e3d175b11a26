"""Kernels from files that an earlier process wrote."""

import os
import subprocess
import sys
from pathlib import Path

KERNEL = """
import numpy as np
from vocab.compiled import njit

@njit(cache=True)
def total(values):
    found = values[0]
    for value in values[1:]:
        found += value
    return found
"""

TABLES = "numba.typed.typeddict"
"""A module that numba imports with all that it can compile, and no kernel needs."""


def said(folder, program):
    """What a process of its own prints, whose kernels are kept in a folder."""
    path = os.pathsep.join([str(folder), str(Path.cwd())])
    environment = {**os.environ, "PYTHONPATH": path, "NUMBA_CACHE_DIR": str(folder / "kernels")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert not done.returncode, done.stderr
    return done.stdout.split()


def test_kernels_are_loaded_without_what_compiles_them(tmp_path):
    (tmp_path / "summing.py").write_text(KERNEL)
    whole = f"import sys; from summing import *; print(total(np.arange(4)), {TABLES!r} in sys.modules)"
    both = f"{whole}; print(total(np.ones(3)), {TABLES!r} in sys.modules, len(total.stats.cache_misses))"
    assert said(tmp_path, whole) == ["6", "True"]
    assert said(tmp_path, whole) == ["6", "False"]
    # Of another type there are no files yet, and it is compiled as ever.
    assert said(tmp_path, both) == ["6", "False", "3.0", "True", "1"]
    assert said(tmp_path, both) == ["6", "False", "3.0", "False", "0"]
