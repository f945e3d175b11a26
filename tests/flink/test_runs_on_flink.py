"""Whole runs on a Flink cluster: the bytes of a local run, whatever happens to the cluster or to who asked for it."""

import json
import re
import shutil
import signal
from collections import Counter

import pytest
from processes import start, wait_until
from small_run import call, hashes, write_config

from tests.flink.cluster import FlinkCluster

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The folder of a finished local run."""
    folder = tmp_path_factory.mktemp("local")
    result = call("run", write_config(folder), "-q")
    assert result.exit_code == 0, result.output
    return folder


def workers(work, stage):
    """How many tasks of a stage each worker did."""
    records = (json.loads(path.read_text()) for path in (work / f".babelmill/journal/{stage}").glob("**/*.json"))
    return Counter(record["worker"] for record in records)


def run(config, flink, *settings):
    """Start a run on the cluster."""
    return start("run", config, *settings, "--", *flink.beam_options)


def ended_well(process):
    said = process.communicate()[1]
    assert process.returncode == 0, said


def test_flink_gives_the_bytes_of_a_local_run_and_both_task_managers_work(flink, local, tmp_path):
    ended_well(run(write_config(tmp_path), flink))
    assert hashes(tmp_path / "work") == hashes(local / "work")
    assert not list((tmp_path / "work/.babelmill/tmp").glob("*"))
    dealt = {
        stage: workers(tmp_path / "work", stage) for stage in ("clean", "dedup", "sample", "tokens", "order", "shards")
    }
    large = {stage: counts for stage, counts in dealt.items() if counts.total() > 8}
    assert set(large) >= {"clean", "dedup", "sample", "tokens", "shards"}
    for stage, counts in large.items():
        # A TaskManager has one slot here, and a slot one process.
        assert len(counts) == 2 and max(counts.values()) <= 0.7 * counts.total(), (stage, counts)


def test_a_killed_task_manager_costs_time_and_nothing_else(flink, local, tmp_path):
    config, work = write_config(tmp_path), tmp_path / "work"
    process = run(config, flink)
    for stage in ("clean", "dedup", "tokens"):
        wait_until(lambda stage=stage: workers(work, stage) or process.poll() is not None, seconds=180)
        assert process.poll() is None, process.communicate()[1]
        flink.kill_task_manager()
        flink.start_task_manager()
    ended_well(process)
    assert all(flink.restarted(f"babelmill-{stage}-") for stage in ("clean", "dedup", "tokens"))
    assert hashes(work) == hashes(local / "work")


def test_a_run_whose_process_was_killed_resumes_and_its_job_is_ended(flink, local, tmp_path):
    config, work = write_config(tmp_path), tmp_path / "work"
    process = run(config, flink)
    wait_until(lambda: workers(work, "clean") or process.poll() is not None, seconds=180)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    finished = {path: path.stat().st_mtime_ns for path in work.glob("raw/**/*.arrow")}
    assert finished and (work / ".babelmill/job.json").exists()

    assert call("run", config, "-q").exit_code == 0

    assert not flink.live_jobs() and not (work / ".babelmill/job.json").exists()
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert hashes(work) == hashes(local / "work")


def test_a_disk_that_cannot_be_written_ends_the_run_with_the_reason(java, local, tmp_path):
    work = shutil.copytree(local / "work", tmp_path / "work")
    shutil.rmtree(work / ".babelmill/journal/tokens")
    plan = work / ".babelmill/plans/tokens.json"
    plan.unlink()
    with FlinkCluster(task_managers=1, restarts=0) as flink:
        process = run(write_config(tmp_path), flink)
        # From now on it takes Flink some seconds to start workers.
        wait_until(plan.exists)
        shutil.rmtree(work / "tokens/udhr")
        (work / "tokens/udhr").write_text("in the way")
        said = process.communicate()[1]
    assert process.returncode == 5 and "Traceback" not in said
    assert re.search(rf"babelmill: tokens, udhr/../part-00...: cannot write {work}/tokens/udhr/", said), said


def test_input_that_ends_a_run_is_named_as_it_is_locally(flink, local, tmp_path):
    shutil.copytree(local / "work", tmp_path / "work")
    config = write_config(tmp_path)
    victim = tmp_path / "work/raw/udhr/de/part-00000.arrow"
    victim.write_bytes(victim.read_bytes()[:-1] + b"\0")
    settings = ["--set", "clean.form=NFKC", "--set", "on_error=stop"]
    there, here = run(config, flink, *settings), call("run", config, *settings)
    said = there.communicate()[1]
    assert there.returncode == here.exit_code == 5
    message = next(line for line in here.stderr.splitlines() if line.startswith("babelmill: "))
    assert message in said and "Traceback" not in said
