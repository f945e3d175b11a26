"""Progress is read from the journal, whoever does the work."""

import io
import json
from types import SimpleNamespace

import pytest
from processes import wait_until

from pipelines import progress
from pipelines.progress import Progress
from pipelines.stage import Planned
from transforms.journal import Journal, Record, Task
from transforms.storage import WorkDirectory, WorkDirectoryError


def task(name):
    return Task(name=name, parameters="p", inputs="i", size=10)


@pytest.fixture
def journal(tmp_path, monkeypatch):
    monkeypatch.setitem(progress.SECONDS, "json", 0.01)
    return Journal(WorkDirectory(tmp_path), "clean")


def events(out):
    return [json.loads(line) for line in out.getvalue().splitlines()]


def write(journal, name, inputs="i"):
    journal.write(Record(name=name, parameters="p", inputs=inputs))


def test_a_task_counts_when_its_record_is_written_anew(journal):
    write(journal, "c/de/a", inputs="of a former run")
    write(journal, "c/de/other")
    out, names = io.StringIO(), ["c/de/a", "c/de/b", "c/fr/c"]
    watched = Progress("json", out)
    stage = SimpleNamespace(name="clean", work=journal.work)
    watched.start(stage, Planned(tuple((task(name), "new") for name in names), ()))
    try:
        wait_until(lambda: len(events(out)) > 2)
        assert {event["done"] for event in events(out)[1:]} == {0}
        journal.forget("c/de/a")
        for number, name in enumerate(names, 1):
            write(journal, name)
            wait_until(lambda number=number: events(out)[-1]["done"] == number)
        assert events(out)[-1]["bytes"] == 30
    finally:
        watched.stop()


def test_a_store_that_does_not_answer_is_asked_again(journal, monkeypatch):
    asked, stamps = [], Journal.stamps

    def away(self):
        asked.append(self)
        if 1 < len(asked) < 5:
            raise WorkDirectoryError(5, "cannot read: no answer")
        return stamps(self)

    monkeypatch.setattr(Journal, "stamps", away)
    out = io.StringIO()
    watched = Progress("json", out)
    watched.start(SimpleNamespace(name="clean", work=journal.work), Planned(((task("a"), "new"),), ()))
    write(journal, "a")
    try:
        wait_until(lambda: events(out)[-1].get("done") == 1)
    finally:
        watched.stop()
    assert len(asked) >= 5
