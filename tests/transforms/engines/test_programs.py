"""Programs that answer, and those that die, hang, or answer too much."""

import sys
import time

import psutil
import pytest

from transforms.engines.engine import EngineError
from transforms.engines.programs import Program

PYTHON = [sys.executable, "-u", "-c"]
UPPER = "import sys\nfor line in sys.stdin: print(line.strip().upper(), flush=True)"


def program(code, *, flushes=True):
    return Program([*PYTHON, code], end=b"\n", flushes=flushes)


def ask(one, *records, seconds=20.0):
    return one.ask([record.encode() for record in records], seconds=seconds)


@pytest.mark.parametrize("flushes", [True, False])
def test_every_record_is_answered_in_order(flushes):
    one = program(UPPER, flushes=flushes)
    assert ask(one, "a", "", "c d") == [b"A", b"", b"C D"]
    assert ask(one) == []
    assert ask(one, "x") == [b"X"]
    one.close()


def test_a_program_that_answers_lives_on():
    one = program("import os, sys\nfor line in sys.stdin: print(os.getpid(), flush=True)")
    (first,), (second,) = ask(one, "a"), ask(one, "b")
    assert first == second
    one.close()
    assert not psutil.pid_exists(int(first))
    (third,) = ask(one, "c")
    assert third != first
    one.close()


@pytest.mark.parametrize("flushes", [True, False])
def test_a_batch_may_be_larger_than_any_pipe(flushes):
    one = program(UPPER, flushes=flushes)
    records = [f"{number} {'x' * 200}" for number in range(5000)]
    assert ask(one, *records) == [record.upper().encode() for record in records]
    one.close()


def test_a_program_that_reads_everything_first_is_served():
    one = program("import sys\nprint(*reversed(sys.stdin.read().split()), sep='\\n')", flushes=False)
    assert ask(one, *map(str, range(40_000)))[:2] == [b"39999", b"39998"]


@pytest.mark.parametrize("flushes", [True, False])
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; print('help me', file=sys.stderr); sys.exit(3)", "exit code 3 .*it said: help me"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "exit code -9"),
        ("import time; time.sleep(60)", "took longer than 1.5 s for 2 sentences"),
        ("import sys, time; sys.stdin.readline(); print('a', flush=True); time.sleep(60)", "took longer than 1.5 s"),
        ("import sys; sys.stdin.read(); print('a'); print('b'); print('c'); print('d')", "4 answers to 2|took longer"),
        ("import sys, time; time.sleep(.2); print('a\\nb\\nc'); sys.stdin.read()", "gave 3 answers to 2 sentences"),
    ],
)
def test_what_is_no_answer_is_told(code, message, flushes):
    one = program(code, flushes=flushes)
    started = time.monotonic()
    with pytest.raises(EngineError, match=message):
        ask(one, "one", "two", seconds=1.5)
    assert time.monotonic() - started < 10


def test_an_answer_too_few_is_told():
    with pytest.raises(EngineError, match="gave 1 answers to 2 sentences"):
        ask(program("import sys; sys.stdin.read(); print('a')", flushes=False), "one", "two")


def test_an_answer_without_its_end_is_told():
    with pytest.raises(EngineError, match=r"gave 2 answers to 2 sentences"):
        ask(program("import sys; sys.stdin.read(); print('a\\nb', end='')", flushes=False), "one", "two")


def test_a_program_that_is_not_there_is_told():
    with pytest.raises(EngineError, match="/no/such/program could not be started"):
        Program(["/no/such/program"], end=b"\n", flushes=True).ask([b"a"], seconds=1)


def test_what_a_program_started_is_killed_with_it():
    one = program("import subprocess, sys\nprint(subprocess.Popen(['sleep', '60']).pid, flush=True)\nsys.stdin.read()")
    (child,) = ask(one, "a")
    one.close()
    deadline = time.monotonic() + 5
    while psutil.pid_exists(int(child)) and psutil.Process(int(child)).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)
