"""The `babelmill` command as a process of its own, which can be limited, watched and killed."""

import os
import subprocess
import sys
import time

PATH = os.pathsep.join(path for path in sys.path if path)


def start(*arguments, **options):
    """Start a command; the options are those of `subprocess.Popen`."""
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", *map(str, arguments)]
    return python(command[1:], **options)


def python(arguments, **options):
    """Start Python, with the packages of this process and its output in pipes."""
    environment = {**os.environ, "PYTHONPATH": PATH}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, *map(str, arguments)], env=environment, **{**pipes, **options})


def wait_until(condition, seconds=60):
    """Wait for a condition that another process brings about, and return what it came to."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{condition} did not come true in {seconds} s"
        time.sleep(0.005)
    return found
