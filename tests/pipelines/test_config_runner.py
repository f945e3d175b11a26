import pytest
from pydantic import ValidationError

from pipelines.config_runner import Dataflow, Flink, Local, Runner
from pipelines.config_yaml import ConfigError


def options(arguments):
    """Beam options by name; the last of a name wins, as for Beam."""
    return dict(argument.removeprefix("--").split("=", 1) for argument in arguments)


def test_the_default_profile_gives_beam_nothing_to_parse():
    assert Runner().arguments() == []


def test_a_profile_is_chosen_by_the_section_and_else_by_the_command():
    runner = Runner(profile="flink", local=Local(workers=3))
    assert options(runner.arguments())["runner"] == "PortableRunner"
    assert runner.arguments("local") == ["--direct_num_workers=3"]


def test_flink_uses_every_slot_asked_for():
    found = options(Flink(job_endpoint="there:1", workers="here:2", parallelism=6, processes=3).arguments())
    assert found == {
        "runner": "PortableRunner",
        "job_endpoint": "there:1",
        "environment_type": "EXTERNAL",
        "environment_config": "here:2",
        "parallelism": "6",
        "sdk_worker_parallelism": "3",
    }


def test_an_image_takes_the_place_of_the_worker_pool():
    found = options(Flink(image="there/babelmill:1").arguments())
    assert (found["environment_type"], found["environment_config"]) == ("DOCKER", "there/babelmill:1")


def test_dataflow_names_what_is_missing():
    with pytest.raises(ConfigError, match=r"^runner\.dataflow\.project, runner\.dataflow\.temp_location: missing"):
        Runner(dataflow=Dataflow(region="europe-west4")).arguments("dataflow")


def test_dataflow_takes_its_code_from_the_image_if_there_is_one():
    place = {"project": "p", "region": "r", "temp_location": "gs://b/t"}
    assert "sdk_location" not in options(Dataflow(**place).arguments())
    found = options(Dataflow(**place, image="there/babelmill:1", max_workers=4).arguments())
    assert found["sdk_location"] == "container" and found["sdk_container_image"] == "there/babelmill:1"
    assert found["max_num_workers"] == "4" and found["temp_location"] == "gs://b/t"


@pytest.mark.parametrize("section", [Local, Flink])
def test_further_options_come_last(section):
    assert section(options=["--direct_running_mode=in_memory"]).arguments()[-1] == "--direct_running_mode=in_memory"


@pytest.mark.parametrize(
    ("section", "values"),
    [
        (Local, {"options": ["direct_num_workers=2"]}),
        (Local, {"workers": 0}),
        (Flink, {"job_endpoint": "http://there:8099"}),
        (Flink, {"job_endpoint": "there"}),
        (Flink, {"parallelism": 0}),
        (Dataflow, {"temp_location": "/tmp"}),
        (Runner, {"profile": "spark"}),
    ],
)
def test_what_cannot_be_is_refused(section, values):
    with pytest.raises(ValidationError):
        section(**values)
