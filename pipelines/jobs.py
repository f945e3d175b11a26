"""Jobs on a cluster, which live on when the process that submitted them is killed.

While one runs, `.babelmill/job.json` says where it is, and whoever gets the work directory next sees to its end first:
two jobs at work in one directory would write over each other. Beam's job server for Flink takes an order to cancel a
job, and lets it go on; so it is Flink itself that is told, where the options say where it is.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from transforms.storage import STATE, WorkDirectory

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions

NOTE = f"{STATE}/job.json"

LIVE = {"INITIALIZING", "CREATED", "RUNNING", "FAILING", "CANCELLING", "RESTARTING", "RECONCILING"}
"""States of a Flink job that has not ended."""


PATIENCE = 10.0
"""Seconds in which a job server has to answer."""


class NoJobServer(RuntimeError):
    """A job server does not answer; the message is for the user."""


@dataclass(frozen=True)
class Job:
    """A job on a cluster.

    Attributes:
        name: its name there, which no other job has.
        endpoint: host and port of the job server that it was given to; None where there is none, as for Dataflow.
        master: host and port of Flink's REST interface, or None.
    """

    name: str
    endpoint: str | None
    master: str | None


@contextlib.contextmanager
def noted(work: WorkDirectory, stage: str, options: PipelineOptions) -> Iterator[None]:
    """Name the job that the context submits and waits for, and keep a note of it while it may be alive.

    Args:
        work: the work directory.
        stage: what it does.
        options: Beam's; they get the name.
    """
    from apache_beam.options.pipeline_options import FlinkRunnerOptions, GoogleCloudOptions, PortableOptions

    name = f"babelmill-{stage}-{uuid.uuid4().hex[:12]}"
    options.view_as(GoogleCloudOptions).job_name = name
    master = options.view_as(FlinkRunnerOptions).flink_master
    master = None if master.startswith("[") else urllib.parse.urlsplit(f"//{master.rpartition('//')[2]}").netloc
    job = Job(name, options.view_as(PortableOptions).job_endpoint, master)
    work.write_json(NOTE, asdict(job))
    try:
        yield
    except BaseException:
        try:
            ended = not _alive(job) or _cancel(job)
        except (NoJobServer, OSError):
            ended = False
        if ended:
            work.remove(NOTE)
        else:
            _tell(f"the job {name} may go on; the next run sees to its end")
        raise
    work.remove(NOTE)


def end_former(work: WorkDirectory) -> None:
    """See to the end of a job that a killed run left behind; only whoever holds the lock may call it.

    It is cancelled where that can be done, else waited for: what it finishes by then is not done again.
    """
    try:
        job = Job(**json.loads(work.read(NOTE)))
    except (FileNotFoundError, ValueError, TypeError):
        return
    try:
        if _alive(job) and not _cancel(job):
            _tell(f"a run that was killed left the job {job.name}; waiting for its end (it may be cancelled there)")
            _wait_until(lambda: not _alive(job))
    except (NoJobServer, OSError) as error:
        _tell(f"see that the job {job.name}, which a killed run left, is no longer at work ({error})")
    work.remove(NOTE)


def _alive(job: Job) -> bool:
    """Whether a job has not ended, as far as anybody knows.

    Raises:
        NoJobServer, OSError: whoever knows does not answer.
    """
    if job.master:
        return bool(_on_flink(job))
    if job.endpoint is None:
        raise NoJobServer("only its runner's console knows")
    import grpc
    from apache_beam.portability.api import beam_job_api_pb2
    from apache_beam.runners.portability.portable_runner import TERMINAL_STATES

    try:
        jobs = job_server(job.endpoint).GetJobs(beam_job_api_pb2.GetJobsRequest()).job_info
    except grpc.RpcError as error:
        raise NoJobServer(f"the job server at {job.endpoint}: {error}") from error
    return any(each.job_name == job.name and each.state not in TERMINAL_STATES for each in jobs)


def _cancel(job: Job) -> bool:
    """Cancel a job and wait until it has ended; False where that cannot be done."""
    if not job.master:
        return False
    import requests

    for number in _on_flink(job):
        requests.patch(f"http://{job.master}/jobs/{number}?mode=cancel", timeout=10).raise_for_status()
    return _wait_until(lambda: not _on_flink(job), seconds=60)


def _on_flink(job: Job) -> list[str]:
    """Flink's numbers of the live jobs of that name."""
    import requests

    answer = requests.get(f"http://{job.master}/jobs/overview", timeout=10)
    answer.raise_for_status()
    return [each["jid"] for each in answer.json()["jobs"] if each["name"] == job.name and each["state"] in LIVE]


def _wait_until(condition: Callable[[], bool], seconds: float = float("inf")) -> bool:
    """Wait for something; False if it did not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.5)
    return True


def _tell(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


def job_server(endpoint: str) -> Any:
    """The stub of a job server.

    Args:
        endpoint: host and port.

    Raises:
        NoJobServer: it does not answer.
    """
    import grpc
    from apache_beam.portability.api import beam_job_api_pb2_grpc

    channel = grpc.insecure_channel(endpoint)
    try:
        grpc.channel_ready_future(channel).result(timeout=PATIENCE)
    except grpc.FutureTimeoutError:
        channel.close()
        raise NoJobServer(
            f"no job server answers at {endpoint}; start Beam's job server for Flink there, or correct "
            "`runner.flink.job_endpoint` (or --job_endpoint)"
        ) from None
    return beam_job_api_pb2_grpc.JobServiceStub(channel)
