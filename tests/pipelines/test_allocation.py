"""Memory that was freed."""

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import sys, psutil
from pipelines.allocation import return_large_blocks
if sys.argv[1] == "yes":
    return_large_blocks()
del_me = bytearray(30 << 20)  # glibc takes blocks of up to this size from the heap from now on
del del_me
blocks, small = [], []
for _ in range(10):
    blocks.append(bytearray(b"x") * (10 << 20))
    small.append(bytearray(b"x") * 400_000)
before = psutil.Process().memory_info().rss
blocks.clear()
print(before - psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator")
def test_freed_blocks_go_back_between_small_ones_that_stay():
    returned = [
        int(subprocess.run([sys.executable, "-c", SCRIPT, word], capture_output=True, check=True).stdout)
        for word in ("no", "yes")
    ]
    assert returned[0] < 50 << 20 < 95 << 20 < returned[1]


CYCLE = """
import sys
from pipelines.allocation import end_at_once
class Cycle:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("collected")
if sys.argv[1] == "yes":
    end_at_once()
Cycle()
print("end")
"""


def test_no_garbage_is_searched_for_at_the_end():
    said = [
        subprocess.run([sys.executable, "-c", CYCLE, word], capture_output=True, check=True, text=True).stdout.split()
        for word in ("no", "yes")
    ]
    assert said == [["end", "collected"], ["end"]]
