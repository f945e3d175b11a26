import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from numba import njit

from pipelines import kernels
from pipelines.kernels import CACHE_DIR, compilation_told, keep_kernels


def test_the_place_of_kernels_is_left_to_numba_where_it_has_one(tmp_path, monkeypatch):
    environment = {"HOME": str(tmp_path)}
    keep_kernels(environment)
    assert environment == {"HOME": str(tmp_path)}
    monkeypatch.setattr(kernels, "_writable", lambda folder: False)
    environment[CACHE_DIR] = "mine"
    keep_kernels(environment)
    assert environment[CACHE_DIR] == "mine"


def test_a_temporary_folder_serves_where_nothing_else_can_be_written(monkeypatch):
    asked = []
    monkeypatch.setattr(kernels, "_writable", lambda folder: asked.append(folder) or False)
    environment = {"HOME": "/nowhere"}
    keep_kernels(environment)
    assert asked == [Path(kernels.__file__).parent, Path("/nowhere/.cache")]
    assert str(os.getuid()) in environment[CACHE_DIR]


def test_a_kernel_runs_from_the_folder_that_was_chosen(tmp_path):
    program = "import numpy; from transforms.lsh import buckets, ENTRY; buckets(numpy.zeros(0, ENTRY))"
    subprocess.run(
        [sys.executable, "-c", program], check=True, env={**os.environ, CACHE_DIR: str(tmp_path)}, cwd=Path.cwd()
    )
    assert list(tmp_path.glob("**/*.nbi"))


def test_compiling_is_told_once_and_only_when_it_happens(capsys):
    @njit
    def double(values):
        return values * 2

    with compilation_told():
        double(np.ones(1))
        double(np.ones(1, np.int32))
    said = capsys.readouterr().err
    assert said.count("compiling kernels: once, they are kept for later runs\n") == 1
    with compilation_told():
        double(np.ones(1))
    assert capsys.readouterr().err == ""
    with compilation_told(silent=True):
        double(np.ones(1, np.int8))
    assert capsys.readouterr().err == ""
