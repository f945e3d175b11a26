import os
import sys
import time

import pytest

from benchmarks.harness import cpu_seconds, in_turn, run_command, tree_memory


def test_each_side_comes_first_in_turn():
    assert [in_turn("abc", number) for number in range(4)] == [list("abc"), list("bca"), list("cab"), list("abc")]


def test_cpu_seconds_are_of_work_not_of_waiting():
    seconds, result = cpu_seconds(time.sleep, 0.2)
    assert seconds < 0.1 and result is None
    seconds, result = cpu_seconds(lambda: sum(range(3_000_000)))
    assert seconds > 0.01 and result == sum(range(3_000_000))


def test_a_command_is_timed_and_its_output_kept():
    done = run_command([sys.executable, "-c", "import time; time.sleep(0.3); print('done')"])
    assert done.output == "done\n" and 0.3 <= done.seconds < 10 and done.memory == 0


def test_a_command_has_the_cores_and_variables_that_it_is_given():
    code = "import os; print(len(os.sched_getaffinity(0)), os.environ['COLOUR'])"
    assert run_command([sys.executable, "-c", code], cores=1, environment={"COLOUR": "blue"}).output == "1 blue\n"


def test_a_command_that_fails_says_why():
    with pytest.raises(RuntimeError, match=r"ended with exit code 3:\n(?s:.*)no luck"):
        run_command([sys.executable, "-c", "import sys; print('no luck', file=sys.stderr); sys.exit(3)"])


def test_memory_is_that_of_the_whole_tree():
    child = "data = bytearray(b'x' * 60_000_000); import time; time.sleep(1.5)"
    code = f"import subprocess, sys; data = b'y' * 60_000_000; subprocess.run([sys.executable, '-c', {child!r}])"
    done = run_command([sys.executable, "-c", code], watch_memory=True)
    assert 120e6 < done.memory < 300e6


def test_memory_of_a_process_that_is_gone_is_nothing():
    process = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", ""])
    os.waitpid(process, 0)
    assert not tree_memory(process)
