"""The main job with its work directory on a real S3 server: the bytes of a local run, whatever happens to either.

    python -m benchmarks.object_store corpus.yaml
    python -m benchmarks.object_store corpus.yaml --away 10 --set "corpora.0.languages=[de, el, hi, ja, km, vi]"

The server is MinIO, of this machine and with a folder of its own. It is taken from the PATH, or built with Go (some
minutes, once) into the user's cache. Four runs, each a process and each with a temporary folder of its own, so that
none finds copies of another: local; on the server; on the server, which is killed in the middle and comes back after
`--away` seconds; on the server, the run killed in the middle and started again. All files but those of `.babelmill/`
are compared by their sha256.

Exits with 1 when a file differs, or what was finished before the kill was done again.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec

from benchmarks.harness import BABELMILL, ROOT
from benchmarks.reproduce import by_folder, differences, hashes
from transforms.storage import STATE

MINIO = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"
"""What Go builds."""

BUCKET = "corpora"


def minio() -> Path:
    """MinIO's program, built if need be.

    Raises:
        SystemExit: there is none, and no Go to build it.
    """
    found = shutil.which("minio")
    folder = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "babelmill/minio"
    if found is None and not (folder / "minio").exists():
        if shutil.which("go") is None:
            raise SystemExit("no S3 server: install MinIO, or Go to build it with")
        print(f"building {MINIO} into {folder}", flush=True)
        subprocess.run(["go", "install", MINIO], env={**os.environ, "GOBIN": str(folder)}, check=True)
    return Path(found) if found else folder / "minio"


@dataclass
class Server:
    """MinIO on a folder and a free port.

    Attributes:
        folder: what it holds; it outlives a kill.
        port: where it listens.
    """

    folder: Path
    port: int
    process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = [str(minio()), "server", str(self.folder), "--address", f"127.0.0.1:{self.port}", "--quiet"]
        owner = {"MINIO_ROOT_USER": "babelmill", "MINIO_ROOT_PASSWORD": "babelmill-secret"}
        self.process = subprocess.Popen(program, env={**os.environ, **owner}, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while socket.socket().connect_ex(("127.0.0.1", self.port)):
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"{program[0]} does not answer on port {self.port}")
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables with which it is found."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "babelmill",
            "AWS_SECRET_ACCESS_KEY": "babelmill-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
        }

    def files(self) -> Any:
        """Its file system."""
        return fsspec.filesystem("s3", use_listings_cache=False)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server with an empty bucket; this process and those that it starts find it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Server(folder, free.getsockname()[1])
    os.environ.update(server.environment)
    try:
        server.start()
        server.files().mkdir(BUCKET)
        yield server
    finally:
        server.kill()


@dataclass(frozen=True)
class Job:
    """`babelmill run` on a configuration.

    Attributes:
        config: the configuration file.
        settings: overrides, `key=value`.
        scratch: where temporary folders are made.
    """

    config: Path
    settings: list[str]
    scratch: Path

    def start(self, work: str) -> subprocess.Popen:
        """Start it on a work directory, with a temporary folder of its own."""
        settings = [word for setting in (*self.settings, f"workdir={work}") for word in ("--set", setting)]
        environment = {**os.environ, "TMPDIR": tempfile.mkdtemp(dir=self.scratch)}
        program = [*BABELMILL, "run", str(self.config), "-q", *settings]
        return subprocess.Popen(program, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)

    def run(self, work: str) -> float:
        """Run to the end; seconds that it took.

        Raises:
            RuntimeError: it failed.
        """
        begin, process = time.monotonic(), self.start(work)
        if process.wait():
            raise RuntimeError(f"the run in {work} ended with exit code {process.returncode}")
        return time.monotonic() - begin


def far(server: Server, name: str, *, state: bool = False) -> dict[str, str]:
    """sha256 of the files of a work directory on the server, by their names: those that are data, or the journal."""
    store, root = server.files(), f"{BUCKET}/{name}/"
    journal = f"{STATE}/journal/"
    names = [path.removeprefix(root) for path in store.find(root)]
    wanted = [name for name in names if (name.startswith(journal) if state else not name.startswith(f"{STATE}/"))]
    with ThreadPoolExecutor(16) as pool:
        found = pool.map(lambda name: hashlib.sha256(store.cat_file(root + name)).hexdigest(), wanted)
        return dict(zip(wanted, found, strict=True))


def told(what: str, seconds: float, found: Mapping[str, str], expected: Mapping[str, str]) -> int:
    """Say what a run came to; how many of its files differ."""
    different = differences(dict(found), dict(expected))
    print(f"{what}: {seconds:.1f} s, {len(different)} of {len(expected)} files differ", flush=True)
    print("".join(f"  {name}\n" for name in different[:10]), end="", flush=True)
    return len(different)


def away_for_a_while(job: Job, server: Server, *, after: float, away: float) -> float:
    """A run during which the server is killed and started again; seconds that it took."""

    def be_away() -> None:
        time.sleep(after)
        server.kill()
        time.sleep(away)
        server.start()

    thread = threading.Thread(target=be_away)
    thread.start()
    try:
        return job.run(f"s3://{BUCKET}/away")
    finally:
        thread.join()


def killed(job: Job, server: Server, *, after: float) -> tuple[float, int]:
    """A run that is killed and goes on; seconds of what went on, and how much was done again."""
    process = job.start(f"s3://{BUCKET}/killed")
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = far(server, "killed", state=True)
    seconds, now = job.run(f"s3://{BUCKET}/killed"), far(server, "killed", state=True)
    # A record names the process that did the work: one that is the same was not done again.
    again = sum(now.get(name) != sha256 for name, sha256 in before.items())
    done = by_folder(name.removeprefix(f"{STATE}/journal/") for name in before)
    print(f"killed after {after:.1f} s, finished by then: {done}; done again: {again}", flush=True)
    return seconds, again


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description="Show that a run on an object store gives the bytes of a local one.")
    parser.add_argument("config", type=Path, help="configuration file")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE", help="override")
    parser.add_argument("--away", type=float, default=10.0, help="seconds for which the server is away")
    parser.add_argument("--scratch", type=Path, help="folder for everything; default: the system's")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="object-store-", dir=options.scratch) as folder:
        scratch = Path(folder).resolve()
        job = Job(options.config.resolve(), options.settings, scratch)
        with serving(scratch / "minio") as server:
            seconds = job.run(str(scratch / "local"))
            expected = hashes(scratch / "local")
            print(f"local: {seconds:.1f} s, {len(expected)} files: {by_folder(expected)}", flush=True)
            seconds = job.run(f"s3://{BUCKET}/work")
            wrong = told("on the server", seconds, far(server, "work"), expected)
            half = away_for_a_while(job, server, after=seconds / 2, away=options.away)
            wrong += told(f"server killed, away for {options.away:.0f} s", half, far(server, "away"), expected)
            rest, again = killed(job, server, after=seconds / 2)
            wrong += again + told("run killed, went on", rest, far(server, "killed"), expected)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
