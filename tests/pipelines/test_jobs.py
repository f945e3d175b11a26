"""Jobs that outlive the process which submitted them, on a Flink that is one small HTTP server."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from apache_beam.options.pipeline_options import GoogleCloudOptions

from pipelines.config_runner import Flink
from pipelines.jobs import NOTE, end_former, noted
from pipelines.runner import pipeline_options
from transforms.storage import WorkDirectory


class Flinklet(BaseHTTPRequestHandler):
    """Lists the server's jobs, and cancels them."""

    def do_GET(self):
        jobs = [{"jid": str(number), **job} for number, job in enumerate(self.server.jobs)]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"jobs": jobs}).encode())

    def do_PATCH(self):
        number, _, query = self.path.removeprefix("/jobs/").partition("?")
        assert query == "mode=cancel"
        self.server.jobs[int(number)]["state"] = "CANCELED"
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def flinklet():
    """A server whose `jobs` are a list of name and state."""
    server = HTTPServer(("127.0.0.1", 0), Flinklet)
    server.jobs = []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def work(tmp_path):
    directory = WorkDirectory(tmp_path)
    directory.create()
    return directory


def options_for(server):
    """Options of a pipeline that goes to a cluster."""
    return pipeline_options(Flink(master=f"localhost:{server.server_port}", job_endpoint="localhost:1").arguments())


def submit(server, work, ending):
    """Submit a job and leave it in some way; returns the job."""
    options = options_for(server)
    with pytest.raises(type(ending)), noted(work, "clean", options):
        name = options.view_as(GoogleCloudOptions).job_name
        server.jobs += [{"name": "another", "state": "RUNNING"}, {"name": name, "state": "RUNNING"}]
        assert json.loads(work.read(NOTE))["name"] == name
        raise ending
    return server.jobs[-1]


def test_a_job_that_came_to_its_end_leaves_no_note(flinklet, work):
    with noted(work, "clean", options_for(flinklet)):
        assert work.path(NOTE).exists()
    assert not work.path(NOTE).exists()


def test_who_interrupts_a_run_cancels_its_job_and_no_other(flinklet, work):
    job = submit(flinklet, work, KeyboardInterrupt())
    assert job["state"] == "CANCELED" and flinklet.jobs[0]["state"] == "RUNNING"
    assert not work.path(NOTE).exists()


def test_the_job_of_a_killed_run_is_cancelled_by_the_next(flinklet, work):
    name = "babelmill-clean-0"
    flinklet.jobs = [{"name": "another", "state": "RUNNING"}, {"name": name, "state": "RUNNING"}]
    note = {"name": name, "endpoint": "localhost:1", "master": f"localhost:{flinklet.server_port}"}
    work.write_json(NOTE, note)
    end_former(work)
    assert [job["state"] for job in flinklet.jobs] == ["RUNNING", "CANCELED"]
    assert not work.path(NOTE).exists()
    end_former(work)


def test_a_job_of_which_nobody_knows_is_told_of(work, monkeypatch, capsys):
    monkeypatch.setattr("pipelines.jobs.PATIENCE", 0.1)
    work.write_json(NOTE, {"name": "babelmill-clean-0", "endpoint": "localhost:1", "master": None})
    end_former(work)
    assert "see that the job babelmill-clean-0" in capsys.readouterr().err
    assert not work.path(NOTE).exists()
