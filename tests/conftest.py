"""Fixtures that tests of more than one package use."""

import contextlib
import email.utils
import hashlib
import random
import re
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import hypothesis
import pytest

# How long an example takes says more about the machine, and about what numba still compiles, than about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


class FaultyServer:
    """Serves bytes by name on a free port of 127.0.0.1, and fails on purpose, the same way for the same seed.

    Args:
        files: name -> content.
        seed: of the faults.
        cut: probability that an answer stops somewhere in the middle.
        ignore_range: probability that a request for a range is answered with the whole file.
        busy: probability of a 503 with Retry-After, in seconds or as a date.
        etag: whether answers have one.
        length: whether answers have a Content-Length; chunked otherwise.
        delay: seconds before each answer.

    Attributes:
        requests: (method, name, the Range header or None, status) of each request.
        changes: (name, content) that replaces a file after that many requests: number -> change.
        answers: canned (status, headers, body) for the next requests, before anything else.
        open, most_open: requests that wait out `delay` (seconds), and the most that did at a time.
    """

    def __init__(self, files, *, seed=0, cut=0.0, ignore_range=0.0, busy=0.0, etag=True, length=True, delay=0.0):
        self.files, self.requests, self.changes, self.answers = dict(files), [], {}, deque()
        self.cut, self.ignore_range, self.busy, self.etag, self.length = cut, ignore_range, busy, etag, length
        self.delay, self.open, self.most_open = delay, 0, 0
        self.random, self.lock = random.Random(seed), threading.Lock()
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"faulty": self}))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that hang up are what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    faulty: FaultyServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def _answer(self):
        server, name = self.faulty, self.path.lstrip("/")
        with server.lock:
            server.open += 1
            server.most_open = max(server.most_open, server.open)
            status, headers, body = server.answers.popleft() if server.answers else self._file(server, name)
            stop = len(body)
            if status in (200, 206) and server.random.random() < server.cut:
                stop = server.random.randrange(len(body) + 1)
            server.requests.append((self.command, name, self.headers.get("Range"), status))
            change = server.changes.pop(len(server.requests), None)
            if change:
                server.files[change[0]] = change[1]
        time.sleep(server.delay)
        with server.lock:
            server.open -= 1
        with contextlib.suppress(ConnectionError):
            self._send(status, headers, body, stop)

    def _file(self, server, name):
        if name not in server.files:
            return 404, {}, b"<html>no such file</html>"
        if server.random.random() < server.busy:
            date = email.utils.formatdate(time.time() + 2, usegmt=True)
            return 503, {"Retry-After": server.random.choice(["1", date])}, b""
        content = server.files[name]
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        headers = {"ETag": etag} if server.etag else {}
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", etag) == etag
        if not match or not same or server.random.random() < server.ignore_range:
            return 200, headers, content
        start, size = int(match[1]), len(content)
        if start >= size:
            return 416, {"Content-Range": f"bytes */{size}"}, b""
        return 206, {**headers, "Content-Range": f"bytes {start}-{size - 1}/{size}"}, content[start:]

    def _send(self, status, headers, body, stop):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        chunked = not self.faulty.length and status == 200
        self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))))
        self.end_headers()
        if self.command != "HEAD":
            sent = body[:stop]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(sent), sent) if chunked and sent else sent)
            if chunked and stop == len(body):
                self.wfile.write(b"0\r\n\r\n")
        self.close_connection = stop < len(body)


@pytest.fixture
def faulty_server(monkeypatch):
    """Starts servers: `faulty_server({"de.txt.xz": content}, seed=1, cut=0.5)`."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with contextlib.ExitStack() as stack:

        def start(files, **faults):
            server = FaultyServer(files, **faults)
            stack.callback(server.close)
            return server

        yield start
