import pytest

from babelmill.format import Ledger
from transforms.journal import Journal, Record, Task
from transforms.storage import WorkDirectory


@pytest.fixture
def journal(tmp_path):
    return Journal(WorkDirectory(tmp_path), "clean")


TASK = Task(name="cc-100/de/part-00000", parameters="p", inputs="i", size=1, job={"a": [1, None]})


def finished(journal, **changes):
    file = journal.work.write_bytes("clean/a.arrow", b"content")
    values = {"name": TASK.name, "parameters": "p", "inputs": "i", "files": {"part": file}}
    record = Record(**{**values, "ledger": {"de": Ledger(2, 1, {"empty": 1}, 7)}, **changes})
    journal.write(record)
    return record


def test_tasks_and_records_survive_json(journal):
    record = finished(journal)
    assert Task.from_json(TASK.to_json()) == TASK
    assert Record.from_json(record.to_json()) == record == journal.read(TASK.name)


def test_a_finished_task_need_not_be_done(journal):
    record = finished(journal)
    assert journal.why(TASK) == (None, record)


def test_every_reason_to_do_a_task_again(journal):
    assert journal.why(TASK)[0] == "new"
    finished(journal, failure="no such file")
    assert journal.why(TASK)[0] == "failed before"
    finished(journal, parameters="other")
    assert journal.why(TASK)[0] == "parameters changed"
    finished(journal, inputs="other")
    assert journal.why(TASK)[0] == "input changed"
    finished(journal)
    journal.work.path("clean/a.arrow").write_bytes(b"longer content")
    assert journal.why(TASK)[0] == "clean/a.arrow is missing or has another size"
    finished(journal)
    journal.forget(TASK.name)
    assert journal.why(TASK)[0] == "new"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": 1}'])
def test_a_torn_record_counts_as_none(journal, content):
    finished(journal)
    journal.work.path(journal.file_name(TASK.name)).write_text(content)
    assert journal.read(TASK.name) is None
