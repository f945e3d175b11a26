"""Programs that are given records and answer each with one: once, or as long as they live."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence

from transforms.engines.engine import EngineError

_BLOCK = 1 << 16
_SAID = 500
"""Bytes of what a program wrote to standard error that a message quotes."""


class Program:
    """A program that is started when it is first asked, and again after it died or was killed.

    For one thread at a time. Its standard input ends when the process that started it does, however that happens.

    Args:
        command: program and arguments.
        end: what ends a record, and an answer: one byte.
        flushes: whether it answers a record before its input ends. Otherwise it is started for each batch.
        title: what messages call it; its command where that is empty.
    """

    def __init__(self, command: Sequence[str], *, end: bytes, flushes: bool, title: str = ""):
        self.command, self._end, self._flushes = list(command), end, flushes
        self._title = title or " ".join(command)
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, records: Sequence[bytes], *, seconds: float) -> list[bytes]:
        """The answers to some records.

        Args:
            records: none holds the byte that ends one.
            seconds: how long all of it may take.

        Raises:
            EngineError: the program could not be started, died, took too long, or gave fewer answers or more. It is
                killed then.
        """
        if not records:
            return []
        process = self._process or self._start()
        try:
            received = self._exchange(
                process, b"".join(record + self._end for record in records), len(records), seconds
            )
            answers = received.split(self._end)
            if len(answers) != len(records) + 1 or answers[-1]:
                found = len(answers) - (not answers[-1])
                raise self._failure(f"gave {found} answers to {len(records)} sentences")
        except BaseException:
            self.close()
            raise
        if not self._flushes:
            self.close()
        return answers[:-1]

    def close(self) -> None:
        """Kill the program and all that it started."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    if stream is not None:
                        stream.close()

    def _start(self) -> subprocess.Popen[bytes]:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the program is)
        try:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,  # so that all of a pipeline can be killed
            )
        except OSError as error:
            raise EngineError(f"{self.command[0]} could not be started: {error.strerror}") from error
        for stream in filter(None, (self._process.stdin, self._process.stdout)):
            os.set_blocking(stream.fileno(), False)
        return self._process

    def _exchange(self, process: subprocess.Popen[bytes], data: bytes, answers: int, seconds: float) -> bytes:
        """Write and read at once, since a pipe holds 64 KiB only, until all answers are there, or the output ends."""
        assert process.stdin is not None and process.stdout is not None
        deadline, sent, received, found = time.monotonic() + seconds, memoryview(data), [], 0
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdin, selectors.EVENT_WRITE)
            selector.register(process.stdout, selectors.EVENT_READ)
            while not (self._flushes and found >= answers):
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if time.monotonic() >= deadline:
                    raise self._failure(f"took longer than {seconds:g} s for {answers} sentences")
                streams = [key.fileobj for key, _ in ready]
                if process.stdin in streams:
                    sent = self._sent(process.stdin.fileno(), sent)
                    if not sent:
                        selector.unregister(process.stdin)
                        if not self._flushes:
                            process.stdin.close()
                if process.stdout in streams:
                    block = os.read(process.stdout.fileno(), _BLOCK)
                    if not block:
                        break
                    received.append(block)
                    found += block.count(self._end)
        self._check_end(process, found, answers, deadline)
        return b"".join(received)

    @staticmethod
    def _sent(descriptor: int, data: memoryview) -> memoryview:
        """What is left of some data; none where nobody reads it, which the end of the output is going to explain."""
        try:
            return data[os.write(descriptor, data[:_BLOCK]) :]
        except BrokenPipeError:
            return data[:0]

    def _check_end(self, process: subprocess.Popen[bytes], found: int, answers: int, deadline: float) -> None:
        """A program whose output has ended must be through, and not have failed."""
        if self._flushes and found >= answers:
            return
        try:
            code = process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise self._failure("closed its output and did not end") from None
        if code or self._flushes:
            raise self._failure(f"ended with exit code {code} after {found} answers to {answers} sentences")

    def _failure(self, what: str) -> EngineError:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - _SAID))
        said = self._errors.read().decode("utf-8", "replace").strip()
        return EngineError(f"{self._title} {what}" + (f"; it said: {said}" if said else ""))


def decoded(answers: Sequence[bytes], program: str) -> list[str]:
    """Answers of a program as texts.

    Raises:
        EngineError: one is not UTF-8.
    """
    try:
        return [answer.decode() for answer in answers]
    except UnicodeDecodeError as error:
        raise EngineError(f"{program} gave an answer that is not UTF-8: {error.object[:60]!r}") from error
