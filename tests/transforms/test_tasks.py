import os
import pickle
import socket
from dataclasses import replace

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns
from apache_beam.testing.util import assert_that, equal_to

from babelmill.format import Ledger, read_manifest
from transforms.errors import InputError, stopped_by
from transforms.journal import Journal, Record, Task
from transforms.manifest import records_of
from transforms.storage import WorkDirectory
from transforms.tasks import Deal, Plan, Queue, ReadTasks, RunTasks, WriteManifest, deal, do

WORKER = f"{socket.gethostname()}:{os.getpid()}"


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


def run(tmp_path, names, done=(), stop=False, workers=1, queued=False):
    work = WorkDirectory(tmp_path)
    root = str(tmp_path)
    plan = Plan("copies", {"a": 1}, "copies/manifest.json", [task(name) for name in names], list(done)).write(work)
    flags = [f"--direct_num_workers={workers}", "--direct_running_mode=in_memory"]
    with beam.Pipeline(runner="FnApiRunner", options=PipelineOptions(flags)) as pipeline:
        tasks = pipeline | ReadTasks(root=root, plan=plan)
        queue = Queue(plan) if queued else None
        records = tasks | RunTasks(stage="copies", root=root, function=Copy(), stop=stop, queue=queue)
        _ = records | WriteManifest(root=root, plan=plan)
    return work


def test_deal_gives_lanes_about_the_same():
    sizes = [9, 8, 7, 6, 5, 4]
    weights = {str(size): size for size in sizes}
    dealt = deal([task(str(size), size) for size in sizes], 2, weights)
    assert [one.size for one in dealt] == [9, 8, 6, 7, 5, 4]
    assert deal(reversed(dealt), 2, weights) == dealt


def test_deal_goes_by_the_weights():
    assert [one.name for one in deal([task("a", 9), task("b", 1), task("c", 5)], 2, {"a": 0, "b": 7, "c": 7})] == [
        "b",
        "c",
        "a",
    ]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_tasks_that_wait_in_a_queue_are_done_once_each(tmp_path, workers):
    names = [f"cc-100/de/part-{number:05d}" for number in range(11)]
    dealt = run(tmp_path / "dealt", names, workers=2)
    for _ in range(2):  # a run of the same plan has a queue of its own
        queued = run(tmp_path / "queued", names, workers=workers, queued=True)
        assert queued.read("copies/manifest.json") == dealt.read("copies/manifest.json")


def test_whoever_is_free_does_the_next_task(tmp_path):
    work = WorkDirectory(tmp_path)
    plan = Plan("copies", {}, "copies/manifest.json", [task(name) for name in "abcd"], []).write(work)
    queue, other = Queue(plan), Queue(plan)
    first, second = queue.tasks(work), pickle.loads(pickle.dumps(queue)).tasks(work)
    assert [next(of).name for of in (first, second, first)] == ["a", "b", "c"]
    assert [one.name for one in other.tasks(work)] == ["a", "b", "c", "d"]
    first.close()
    assert list(second) == list(queue.tasks(work)) == []


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
    assert Journal(work, "copies").read("a") == replace(Copy()(work, task("a")), worker=WORKER)


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
    Journal(work, "copies").write(Record(name="defect", parameters="p", inputs="other input"))
    with pytest.raises(ZeroDivisionError):
        run(tmp_path, ["defect"])
    assert Journal(work, "copies").read("defect") is None


def test_what_another_attempt_of_the_job_has_finished_is_not_done_twice(tmp_path):
    work = WorkDirectory(tmp_path)
    first = do("copies", work, task("a"), Copy())
    before = (tmp_path / "copies/a.arrow").stat().st_mtime_ns
    assert do("copies", work, task("a"), Copy()) == first
    assert (tmp_path / "copies/a.arrow").stat().st_mtime_ns == before
    work.remove("copies/a.arrow")
    assert do("copies", work, task("a"), Copy()) == first
    assert (tmp_path / "copies/a.arrow").exists()


def test_dealing_goes_by_the_name_of_reshuffle_and_changes_nothing():
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        numbered = pipeline | beam.Create([(number, str(number)) for number in range(9)]).with_output_types(
            tuple[int, str]
        )
        dealt = numbered | "Deal" >> Deal()
        assert dealt.element_type == numbered.element_type
        assert_that(dealt, equal_to([(number, str(number)) for number in range(9)]))
    transforms = pipeline.to_runner_api().components.transforms.values()
    (deal_urn,) = [each.spec.urn for each in transforms if each.unique_name == "Deal"]
    assert deal_urn == common_urns.composites.RESHUFFLE.urn
