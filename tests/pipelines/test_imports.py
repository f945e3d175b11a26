"""What is left out while modules are imported."""

import os
import subprocess
import sys
from pathlib import Path

IMPORT = """
import gc
from pipelines.imports import importing
with importing():
    import decimal
    assert not gc.isenabled()
frozen = gc.get_freeze_count()
with importing():
    import decimal
assert gc.isenabled() and gc.get_freeze_count() == frozen > 1000
gc.disable()
with importing():
    import wave
assert not gc.isenabled() and gc.get_freeze_count() == frozen
"""


def test_what_is_imported_is_no_garbage():
    subprocess.run([sys.executable, "-c", IMPORT], check=True)


UNUSED = """
import os, sys
from pipelines.imports import importing
with importing():
    try:
        import bson
    except ImportError:
        print("absent")
    print(os.environ["OPENBLAS_NUM_THREADS"])
print(os.environ.get("OPENBLAS_NUM_THREADS"), sys.modules.get("bson", "free"))
"""


def test_what_is_unused_is_left_out_only_meanwhile(monkeypatch):
    def said():
        return subprocess.run([sys.executable, "-c", UNUSED], capture_output=True, check=True, text=True).stdout.split()

    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert said() == ["absent", "1", "None", "free"]
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    assert said() == ["absent", "3", "3", "free"]


PANDAS = """
import sys
from pipelines.imports import importing
with importing():
    import pyarrow
assert pyarrow.array(["a", None]).null_count == 1 and "pandas" not in sys.modules
import pandas
print(pandas.answer)
"""


def test_arrow_does_without_pandas_and_others_may_have_it(tmp_path):
    (tmp_path / "pandas.py").write_text("answer = 42\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])}
    done = subprocess.run([sys.executable, "-c", PANDAS], capture_output=True, text=True, env=environment)
    assert done.stdout == "42\n", done.stderr
