"""A real Flink session cluster on this machine: JobManager, TaskManagers, Beam's job server, a pool of Python workers.

    with FlinkCluster(task_managers=2) as cluster:
        run(["babelmill", "run", "corpus.yaml", "--", *cluster.beam_options])

Each is a process group of its own. A keeper ends them all when the cluster is closed, and also when the process that
started it dies, by whatever signal.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.config_runner import Flink
from tests.flink.jars import jars

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

OPENS = [
    *(
        f"--add-opens=java.base/{package}=ALL-UNNAMED"
        for package in (
            *("java.lang", "java.lang.reflect", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.text"),
            *("java.time", "java.util", "java.util.concurrent"),
            *("java.util.concurrent.atomic", "java.util.concurrent.locks"),
        )
    ),
    "--add-exports=java.base/sun.net.util=ALL-UNNAMED",
]
"""What Flink 1.19 reaches into that Java 17 keeps closed."""

JVM = [
    *OPENS,
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
]
"""Small and quick to start: these processes live for minutes and hand out work, Python does it."""

MEMORY = {
    "taskmanager.cpu.cores": "1",
    "taskmanager.memory.task.heap.size": "192m",
    "taskmanager.memory.task.off-heap.size": "0",
    "taskmanager.memory.framework.heap.size": "64m",
    "taskmanager.memory.framework.off-heap.size": "64m",
    "taskmanager.memory.managed.size": "64m",
    "taskmanager.memory.network.min": "96m",
    "taskmanager.memory.network.max": "96m",
    "taskmanager.memory.jvm-metaspace.size": "256m",
    "taskmanager.memory.jvm-overhead.min": "64m",
    "taskmanager.memory.jvm-overhead.max": "64m",
}
"""A TaskManager's budget, which Flink's shell scripts would compute."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where a cluster listens; README's are the defaults."""

    rest: int = 8081
    rpc: int = 6123
    job: int = 8099
    artifacts: int = 8098
    workers: int = 50000

    @classmethod
    def free(cls) -> Ports:
        """Ports that nobody has at the moment."""
        with contextlib.ExitStack() as stack:
            taken = [stack.enter_context(socket.socket()) for _ in range(5)]
            for one in taken:
                one.bind(("localhost", 0))
            rest, rpc, job, artifacts, workers = (one.getsockname()[1] for one in taken)
        return cls(rest=rest, rpc=rpc, job=job, artifacts=artifacts, workers=workers)


class FlinkCluster:
    """A running cluster; a context manager.

    Args:
        task_managers: how many, each with one slot and so one Python process.
        ports: where to listen; free ones by default.
        restarts: how often Flink starts a job again that failed or lost a TaskManager. Two seconds apart, ten of them
            outlast the ten seconds in which Flink may deal work to a TaskManager that is no more.

    Attributes:
        folder: logs and settings, gone when the cluster is closed.
        task_managers: processes of TaskManagers, dead ones included, in the order of their start.
    """

    def __init__(self, *, task_managers: int = 2, ports: Ports | None = None, restarts: int = 10):
        self.ports = ports or Ports.free()
        self.task_managers: list[subprocess.Popen] = []
        self._wanted, self._restarts = task_managers, restarts

    def __enter__(self) -> FlinkCluster:
        self._jars = jars()
        self.folder = Path(tempfile.mkdtemp(prefix="flink-"))
        self._keeper = subprocess.Popen(
            [sys.executable, HERE / "keeper.py"], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            self._configure()
            self._start_all()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process."""
        self._keeper.stdin.close()
        self._keeper.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def beam_options(self) -> list[str]:
        """Beam options by which a pipeline runs here."""
        return Flink(
            job_endpoint=f"localhost:{self.ports.job}",
            master=f"localhost:{self.ports.rest}",
            workers=f"localhost:{self.ports.workers}",
            parallelism=self._wanted,
        ).arguments()

    def start_task_manager(self) -> subprocess.Popen:
        """Start one more."""
        sizes = [word for setting in MEMORY.items() for word in ("-D", "=".join(setting))]
        command = ["-Xmx320m", "org.apache.flink.runtime.taskexecutor.TaskManagerRunner", *self._settings, *sizes]
        process = self._java(f"task-manager-{len(self.task_managers) + 1}", *command)
        self.task_managers.append(process)
        return process

    def kill_task_manager(self) -> None:
        """`kill -9` the one that has lived longest."""
        oldest = next(process for process in self.task_managers if process.poll() is None)
        oldest.send_signal(signal.SIGKILL)
        oldest.wait()

    def rest(self, path: str) -> dict:
        """What the JobManager answers."""
        with urllib.request.urlopen(f"http://localhost:{self.ports.rest}/{path}", timeout=5) as answer:
            return json.load(answer)

    def wait_for_slots(self, slots: int) -> None:
        """Wait until so many slots are free."""
        self._wait(lambda: self.rest("overview")["slots-available"] >= slots, f"{slots} free slots")

    def live_jobs(self) -> list[str]:
        """Names of jobs that have not ended."""
        ended = ("FINISHED", "CANCELED", "FAILED")
        return [job["name"] for job in self.rest("jobs/overview")["jobs"] if job["state"] not in ended]

    def restarted(self, prefix: str) -> bool:
        """Whether the last job whose name begins like this lost something on its way."""
        jobs = [job for job in self.rest("jobs/overview")["jobs"] if job["name"].startswith(prefix)]
        last = max(jobs, key=lambda job: job["start-time"])
        return bool(self.rest(f"jobs/{last['jid']}/exceptions")["exceptionHistory"]["entries"])

    def log(self, name: str) -> str:
        """What one of the processes has said, by the name of its file."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    @property
    def _settings(self) -> list[str]:
        return ["--configDir", str(self.folder)]

    def _configure(self) -> None:
        (self.folder / "config.yaml").write_text(
            f"jobmanager.rpc.address: localhost\n"
            f"jobmanager.rpc.port: {self.ports.rpc}\n"
            f"rest.address: localhost\n"
            f"rest.port: {self.ports.rest}\n"
            f"taskmanager.host: localhost\n"
            f"taskmanager.numberOfTaskSlots: 1\n"
            f"io.tmp.dirs: {self.folder}/tmp\n"
            f"cluster.registration.error-delay: 200\n"
            f"cluster.registration.initial-timeout: 200\n"
            f"restart-strategy.type: fixed-delay\n"
            f"restart-strategy.fixed-delay.attempts: {self._restarts}\n"
            f"restart-strategy.fixed-delay.delay: 2 s\n"
            f"heartbeat.interval: 2000\n"
            f"heartbeat.timeout: 10000\n"
        )
        (self.folder / "tmp").mkdir()

    def _start_all(self) -> None:
        entry = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
        self._java("job-manager", "-Xmx320m", entry, *self._settings, "--executionMode", "cluster")
        for _ in range(self._wanted):
            self.start_task_manager()
        self._java(
            "job-server",
            "-Xmx320m",
            "org.apache.beam.runners.flink.FlinkJobServerDriver",
            "--job-host=localhost",
            f"--job-port={self.ports.job}",
            f"--artifact-port={self.ports.artifacts}",
            "--expansion-port=0",
            f"--artifacts-dir={self.folder}/artifacts",
            f"--flink-master=localhost:{self.ports.rest}",
            f"--flink-conf-dir={self.folder}",
        )
        self._start("worker-pool", [sys.executable, HERE / "worker_pool.py", str(self.ports.workers)])
        self.wait_for_slots(self._wanted)
        for port in (self.ports.job, self.ports.workers):
            self._wait(lambda port=port: _listens(port), f"something to listen on port {port}")

    def _java(self, name: str, heap: str, *command: str) -> subprocess.Popen:
        main, *arguments = command
        return self._start(name, ["java", *JVM, heap, "-cp", f"{self._jars}/*", main, *arguments])

    def _start(self, name: str, command: Sequence[str | Path]) -> subprocess.Popen:
        # Beam's pool starts the `python` that stands first on the path, and Babelmill is what is in this clone.
        environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        print(process.pid, file=self._keeper.stdin, flush=True)
        return process

    def _wait(self, condition: Callable[[], bool], what: str, seconds: float = 180) -> None:
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):
                if condition():
                    return
            if time.monotonic() > end:
                logs = "".join(
                    f"\n--- {path.name}\n{self.log(path.stem)[-2000:]}" for path in self.folder.glob("*.log")
                )
                raise TimeoutError(f"waited {seconds:.0f} s for {what}{logs}")
            time.sleep(0.1)


def _listens(port: int) -> bool:
    with socket.create_connection(("localhost", port), timeout=1):
        return True
