"""Connections to a host are bounded among threads and processes."""

import subprocess
import sys

from transforms.slots import connection_slot

HOLD = """
import sys
from pathlib import Path
from transforms.slots import connection_slot
with connection_slot("host:80", folder=Path(sys.argv[1]), limit=2):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(folder):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_a_third_waits_until_one_of_two_ends_even_by_kill(tmp_path):
    with hold(tmp_path) as first, hold(tmp_path) as second:
        waits = []

        def sleep(seconds):
            waits.append(seconds)
            first.kill()
            first.wait()

        with connection_slot("host:80", folder=tmp_path, limit=2, sleep=sleep):
            assert waits
        second.kill()


def test_slots_are_by_host_and_used_again(tmp_path):
    def fail(seconds):
        raise AssertionError("waited")

    with connection_slot("a", folder=tmp_path, limit=1), connection_slot("b", folder=tmp_path, limit=1, sleep=fail):
        pass
    with connection_slot("a", folder=tmp_path, limit=1, sleep=fail):
        pass
