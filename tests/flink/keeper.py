"""Ends process groups when whoever named them is done with them, or is no more.

Reads the numbers of process groups from standard input, a line each; at its end, which comes when the writer closes
the pipe or dies by whatever signal, all are killed.
"""

import contextlib
import os
import signal
import sys

groups = [int(line) for line in sys.stdin]
for group in groups:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
