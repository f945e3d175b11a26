"""The `babelmill` command as a process of its own, which can be limited, watched and killed."""

import os
import subprocess
import sys
import time

MAIN = "from pipelines.cli import main; main()"


def start(*arguments, before=""):
    """Start a command, after some Python that changes what its process may do."""
    replace = f"{before}\nimport os, sys; os.execv(sys.executable, [sys.executable, '-c', {MAIN!r}, *sys.argv[1:]])"
    return python(replace if before else MAIN, *arguments)


def python(code, *arguments):
    """Start Python, with the packages of this process and its output in pipes."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(condition, seconds=60):
    """Wait for what another process brings about, and return it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{condition} did not come true in {seconds} s"
        time.sleep(0.001)
    return found
