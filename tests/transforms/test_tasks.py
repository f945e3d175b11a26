import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from babelmill.format import Ledger, read_manifest
from transforms.errors import InputError
from transforms.journal import Journal, Record, Task
from transforms.manifest import records_of
from transforms.storage import WorkDirectory
from transforms.tasks import Plan, ReadTasks, RunTasks, WriteManifest, deal, stopped_by


def task(name, size=1):
    return Task(name=name, parameters="p", inputs=name, size=size)


class Copy:
    """Writes the task's name into a file; fails for a task called `bad`."""

    def __call__(self, work, task):
        if task.name == "bad":
            raise InputError("bad.xz is not xz: download it again")
        if task.name == "defect":
            raise ZeroDivisionError("a defect")
        file = work.write_bytes(f"copies/{task.name}.arrow", task.name.encode())
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files={"part": file},
            ledger={"de": Ledger(2, 1, {"empty": 1})},
        )


def run(tmp_path, names, done=(), stop=False, workers=1):
    work = WorkDirectory(tmp_path)
    root = str(tmp_path)
    plan = Plan("copies", {"a": 1}, "copies/manifest.json", [task(name) for name in names], list(done)).write(work)
    mode = "in_memory" if workers == 1 else "multi_threading"
    flags = [f"--direct_num_workers={workers}", f"--direct_running_mode={mode}"]
    with beam.Pipeline(runner="FnApiRunner", options=PipelineOptions(flags)) as pipeline:
        tasks = pipeline | ReadTasks(root=root, plan=plan)
        records = tasks | RunTasks(stage="copies", root=root, function=Copy(), stop=stop)
        _ = records | WriteManifest(root=root, plan=plan)
    return work


def test_deal_gives_lanes_about_the_same():
    sizes = [9, 8, 7, 6, 5, 4]
    dealt = deal([task(str(size), size) for size in sizes], 2)
    assert [one.size for one in dealt] == [9, 8, 6, 7, 5, 4]
    assert deal(reversed(dealt), 2) == dealt


def test_the_manifest_is_the_same_whatever_was_resumed(tmp_path):
    names = [f"cc-100/de/part-{number:05d}" for number in range(7)]
    run(tmp_path / "whole", names, workers=2)
    half = WorkDirectory(tmp_path / "half")
    done = [Copy()(half, task(name)) for name in names[:3]]
    run(tmp_path / "half", names[3:], done=done)
    whole = (tmp_path / "whole/copies/manifest.json").read_bytes()
    assert whole == (tmp_path / "half/copies/manifest.json").read_bytes()
    assert read_manifest(tmp_path / "whole/copies/manifest.json")["ledger"]["de"]["documents"] == 14


def test_records_come_back_from_the_manifest(tmp_path):
    work = run(tmp_path, ["a", "b"])
    assert records_of(work, "copies/manifest.json") == [Copy()(work, task(name)) for name in "ab"]
    assert Journal(work, "copies").read("a") == Copy()(work, task("a"))


def test_bad_input_fails_its_task_and_no_other(tmp_path):
    work = run(tmp_path, ["a", "bad", "c"])
    records = {record.name: record for record in records_of(work, "copies/manifest.json")}
    assert records["bad"].failure == "bad.xz is not xz: download it again"
    assert records["a"].failure is None and records["c"].files


def test_bad_input_ends_the_run_where_the_configuration_says_so(tmp_path):
    with pytest.raises(Exception) as caught:
        run(tmp_path, ["a", "bad"], stop=True)
    assert stopped_by(caught.value) == "copies, bad: bad.xz is not xz: download it again"
    assert not (tmp_path / "copies/manifest.json").exists()


def test_a_defect_is_not_mistaken_for_bad_input(tmp_path):
    with pytest.raises(ZeroDivisionError):
        run(tmp_path, ["defect"])


def test_a_task_forgets_its_record_before_it_starts(tmp_path):
    work = run(tmp_path, ["a"])
    with pytest.raises(ZeroDivisionError):
        Journal(work, "copies").write(Record(name="defect", parameters="p", inputs="i"))
        run(tmp_path, ["defect"])
    assert Journal(work, "copies").read("defect") is None
