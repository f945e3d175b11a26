"""The work directory on an S3 server: the bytes of a local one, whatever becomes of the server or of the run."""

import functools
import hashlib
import json
import signal
import tempfile
import threading
import time

import fsspec
import pytest
from processes import start, wait_until
from s3_server import BUCKET, S3Server
from small_run import LANGUAGES, SAMPLE, call, events, hashes, write_config

from transforms import langid

AWAY = 5.0
"""Seconds for which the server is away."""


@pytest.fixture(scope="module")
def running():
    server = S3Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def s3(running, monkeypatch, tmp_path):
    """The server, found by this process and those that it starts; copies are kept apart."""
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    files().mkdirs(BUCKET, exist_ok=True)
    return running


def files():
    return fsspec.filesystem("s3", use_listings_cache=False, skip_instance_cache=True)


@pytest.fixture
def config(s3, tmp_path):
    """A configuration whose work directory is in the bucket, in a folder of its own."""
    path = write_config(tmp_path / "far")
    path.write_text(path.read_text().replace("workdir: work", f"workdir: s3://{BUCKET}/{tmp_path.name}"))
    return path


@pytest.fixture
def folder(config, tmp_path):
    return f"{BUCKET}/{tmp_path.name}"


def far_hashes(folder):
    """As `hashes`, of the files in the bucket; it holds no others."""
    store = files()
    found = {name.removeprefix(f"{folder}/"): store.cat_file(name) for name in store.find(folder)}
    kept = {name: content for name, content in found.items() if not name.startswith((".babelmill/", "downloads"))}
    return {name: hashlib.sha256(content).hexdigest() for name, content in kept.items()}


def records(server, folder, stage):
    """How many records of a stage the server was sent."""
    # Whoever waits for it asks all the time, and the server is in this process.
    time.sleep(0.05)
    start = f"/{folder}/.babelmill/journal/{stage}/"
    return sum(method == "PUT" and path.startswith(start) for method, path in list(server.requests))


@pytest.mark.slow
def test_the_bytes_are_those_of_a_local_run_and_nothing_is_done_twice(s3, config, folder, finished):
    assert call("run", config, "-q").exit_code == 0
    assert far_hashes(folder) == hashes(finished / "work")

    s3.requests.clear()
    result = call("run", config, "--json")
    assert result.exit_code == 0
    assert all(event["tasks"] == 0 for event in events(result) if event["event"] == "start")
    assert not [request for request in s3.requests if request[0] in ("PUT", "POST", "DELETE")]

    assert "every ledger balances" in call("verify", config).stdout
    assert call("status", config).exit_code == 0
    for name in ("clean/udhr/de", "clean/udhr/de/part-00000.arrow", "clean/manifest.json"):
        far, local = (call("inspect", f"{root}/{name}", "--json") for root in (f"s3://{folder}", finished / "work"))
        assert far.exit_code == 0 and far.stdout.replace(f"s3://{folder}", str(finished / "work")) == local.stdout
    assert call("inspect", f"s3://{folder}/none").exit_code == 2


def test_verify_finds_what_was_changed_in_the_store(config, folder):
    assert call("download", config, "-q").exit_code == 0
    name = f"{folder}/raw/udhr/de/part-00000.arrow"
    content = bytearray(files().cat_file(name))
    content[len(content) // 2] ^= 1
    files().pipe_file(name, bytes(content))
    result = call("verify", config)
    assert result.exit_code == 4
    assert f"download: s3://{name}: found sha256 " in result.stdout
    files().rm_file(name)
    result = call("status", config, "--json")
    parts = json.loads(result.stdout)[0]["parts"]
    assert parts == {"udhr/de": "raw/udhr/de/part-00000.arrow is missing or has another size"}


@pytest.mark.slow
def test_a_server_that_is_away_for_a_while(s3, config, folder, finished):
    def be_away():
        wait_until(lambda: records(s3, folder, "clean"))
        s3.stop()
        time.sleep(AWAY)
        s3.start()

    threading.Thread(target=be_away).start()
    result = call("run", config, "-q")
    assert result.exit_code == 0, result.output
    assert far_hashes(folder) == hashes(finished / "work")


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on(s3, config, folder, finished):
    done = {}
    for stage in ("clean", "dedup", "shards"):
        process = start("run", config, "-q")
        wait_until(functools.partial(records, s3, folder, stage), seconds=300)
        process.kill()
        said = process.communicate()[1]
        assert process.returncode == -signal.SIGKILL, said
        found = files().cat(files().find(f"{folder}/.babelmill/journal"))
        # A record names the process that did the work, so one that is the same was not done again.
        assert done.items() <= found.items() and any(f"/{stage}/" in name for name in found)
        done = found

    assert call("run", config, "-q").exit_code == 0
    assert done.items() <= files().cat(files().find(f"{folder}/.babelmill/journal")).items()
    assert far_hashes(folder) == hashes(finished / "work")
    assert not files().find(f"{folder}/.babelmill/tmp")


@pytest.mark.slow
def test_what_is_fetched_is_kept_in_the_store(s3, config, folder, faulty_server, finished, tmp_path):
    server = faulty_server({f"{code}.txt.xz": (SAMPLE / f"{code}.txt.xz").read_bytes() for code in LANGUAGES})
    config.write_text(config.read_text().replace(str(SAMPLE), server.address))
    assert call("download", config, "-q").exit_code == 0
    assert {name: sha for name, sha in far_hashes(folder).items() if name != "raw/manifest.json"} == {
        name: sha for name, sha in hashes(finished / "work", "raw").items() if name != "raw/manifest.json"
    }
    lock = json.loads(files().cat_file(f"{folder}/downloads.lock.json"))["files"]
    assert sorted(lock) == sorted(f"udhr/{code}" for code in LANGUAGES)

    asked = len(server.requests)
    assert call("download", config, "-q", "--set", "download.part_bytes=4kB").exit_code == 0
    # Another machine, which has no copies.
    tempfile.tempdir = str(tmp_path)
    assert call("download", config, "-q", "--set", "download.part_bytes=16kB").exit_code == 0
    assert len(server.requests) == asked


@pytest.mark.slow
def test_models_are_brought_to_the_workers(config, folder, finished, tmp_path):
    """A worker on another machine does not see the paths of the configuration."""
    language_model, vocabulary = tmp_path / "lid.ftz", tmp_path / "spm.model"
    language_model.write_bytes(langid.bundled_model().read_bytes())
    vocabulary.write_bytes((finished / "work/vocab/spm.model").read_bytes())
    settings = [f"clean.language_id={{model: {language_model}}}", f"vocabulary={{model_file: {vocabulary}}}"]
    settings.append("corpora.0.languages=[de]")
    more = [part for setting in settings for part in ("--set", setting)]
    assert call("run", config, "-q", *more).exit_code == 0
    for stage, path in (("clean", language_model), ("vocab", vocabulary)):
        content = path.read_bytes()
        (name,) = files().find(f"{folder}/.babelmill/models/{stage}")
        assert name.endswith(hashlib.sha256(content).hexdigest()) and files().cat_file(name) == content


@pytest.mark.slow
def test_judging_does_not_ask_for_each_part(s3, config, folder):
    assert call("clean", config, "-q", "--set", "download.part_bytes=1KiB").exit_code == 2
    settings = ["--set", "download.part_bytes=1KiB"]
    assert call("download", config, "-q", *settings).exit_code == 0
    assert call("clean", config, "-q", *settings).exit_code == 0
    parts = len(files().find(f"{folder}/clean")) - 1
    assert parts > 40
    s3.requests.clear()
    assert call("clean", config, "-q", *settings).exit_code == 0
    paths = [path for _, path in s3.requests]
    assert not [path for path in paths if path.endswith(".arrow")]
    assert not [path for path in paths if path.startswith(f"/{folder}/.babelmill/journal/clean/")]
    assert len(paths) < 60


def test_a_bucket_that_is_not_there(s3, config):
    result = call("download", config, "--set", "workdir=s3://missing-bucket/work")
    assert result.exit_code == 5
    assert "cannot write s3://missing-bucket/work/.babelmill/plans/download.json: " in result.stderr
    assert "make the bucket or folder" in result.stderr


def test_two_runs_of_a_machine_on_one_address(s3, config, folder, tmp_path, faulty_server):
    server = faulty_server({"de.txt.xz": (SAMPLE / "de.txt.xz").read_bytes()}, delay=60)
    config.write_text(config.read_text().replace(str(SAMPLE), server.address).replace(", ".join(LANGUAGES), "de"))
    process = start("download", config)
    wait_until(lambda: server.open)
    result = call("download", config)
    process.kill()
    process.communicate()
    assert result.exit_code == 75
    assert f"s3://{folder} is in use by process {process.pid}: wait for it to end, or name another" in result.stderr
