import copy

import pytest
from apache_beam.options.pipeline_options import DirectOptions
from small_run import call, write_config

from pipelines.beam_options import check
from pipelines.config_runner import Flink
from pipelines.config_yaml import ConfigError
from pipelines.runner import lanes, pipeline_options


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--direct_num_worker=2", r"--direct_num_worker is unknown; did you mean --direct_num_workers\?"),
        ("--nonsense", r"--nonsense is unknown"),
        ("words", r"found 'words', expected --NAME=VALUE"),
        ("--direct_num_workers=two", r"argument --direct_num_workers: invalid int value: 'two'"),
        ("--runner=Fling", r"--runner=Fling: Unexpected pipeline runner"),
        ("--direct_running_mode=multi_threading", r"multi_threading, expected in_memory\. In Beam 2\.77 its buffers"),
        ("--runner=FlinkRunner", r"would download what it starts; name a file with --flink_job_server_jar=PATH"),
        ("--runner=PrismRunner", r"would download what it starts; name a file with --prism_location=PATH"),
    ],
)
def test_options_that_beam_would_ignore_or_trip_over_are_refused(option, message):
    with pytest.raises(ConfigError, match=message):
        check([option])


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--direct_num_workers", "2"],
        ["--runner=DirectRunner", "--direct_running_mode=multi_processing"],
        ["--runner=FlinkRunner", "--flink_job_server_jar=job.jar", "--max_bundle_size=5"],
        ["--runner=PortableRunner", "--job_endpoint=embed", "--environment_type=LOOPBACK"],
    ],
)
def test_options_of_beam_are_taken(options):
    check(options)


def test_a_job_server_that_does_not_answer_is_named_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.jobs.PATIENCE", 0.2)
    where = Flink(job_endpoint="localhost:1")
    result = call("run", write_config(tmp_path), "--", *where.arguments())
    assert result.exit_code == 2 and "no job server answers at localhost:1" in result.stderr
    assert not (tmp_path / "work").exists()


def test_unknown_options_are_refused_before_any_work(tmp_path):
    result = call("run", write_config(tmp_path), "--", "--direct_num_worker=2")
    assert result.exit_code == 2 and "did you mean --direct_num_workers?" in result.stderr
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("choice", [["--profile", "local"], ["--", "--runner=DirectRunner"]])
def test_a_profile_gives_way_to_the_command(choice, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.jobs.PATIENCE", 0.2)
    config = write_config(tmp_path, languages=["de"], more="runner: {profile: flink, flink: {job_endpoint: here:1}}\n")
    assert call("download", config, "-q").exit_code == 2
    result = call("download", config, "-q", *choice)
    assert result.exit_code == 0, result.output


def test_tasks_are_dealt_to_as_many_as_work():
    threads = pipeline_options(["--direct_num_workers=3"])
    assert lanes(threads) == 3 and threads.view_as(DirectOptions).direct_running_mode == "in_memory"
    assert lanes(pipeline_options(Flink(parallelism=5).arguments())) == 5
    assert lanes(pipeline_options(["--runner=PortableRunner", "--environment_type=LOOPBACK"])) == 1


def test_local_jobs_share_their_options_and_others_do_not():
    local = ["--direct_num_workers=3"]
    options = pipeline_options(local)
    assert pipeline_options(local) is options is copy.deepcopy(options)
    assert lanes(pipeline_options(["--direct_num_workers=2"])) == 2 and lanes(pipeline_options(local)) == 3
    remote = ["--runner=PortableRunner", "--environment_type=LOOPBACK"]
    assert pipeline_options(remote) is not pipeline_options(remote)
