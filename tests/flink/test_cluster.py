import os
import subprocess
import sys

import psutil
import pytest
from processes import wait_until

KEEPER = """
import subprocess, sys, time
keeper = subprocess.Popen([sys.executable, {keeper!r}], stdin=subprocess.PIPE, text=True, start_new_session=True)
kept = subprocess.Popen(["sleep", "600"], start_new_session=True)
print(kept.pid, file=keeper.stdin, flush=True)
print(kept.pid, keeper.pid, flush=True)
{then}
"""


@pytest.mark.parametrize("then", ["keeper.stdin.close()", "raise RuntimeError", "time.sleep(600)"])
def test_the_keeper_ends_whom_it_keeps_however_its_master_ends(then):
    keeper = os.path.join(os.path.dirname(__file__), "keeper.py")
    code = KEEPER.format(keeper=keeper, then=then)
    master = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    kept, keeping = (psutil.Process(int(pid)) for pid in master.stdout.readline().split())
    if "sleep" in then:
        master.kill()
    master.wait()
    wait_until(lambda: not alive(kept) and not alive(keeping))


def alive(process):
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_a_cluster_has_the_slots_asked_for(flink):
    overview = flink.rest("overview")
    assert (overview["taskmanagers"], overview["slots-total"]) == (2, 2)
    assert {process.poll() for process in flink.task_managers} == {None}
