"""What is left out while modules are imported."""

import subprocess
import sys

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
