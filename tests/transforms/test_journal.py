import pytest

from babelmill.format import Ledger
from transforms.journal import ByKind, Journal, Record, Task, corpus_of, kind_of
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


@pytest.mark.parametrize(
    ("name", "kind", "corpus"),
    [("cc-100/de/part-00000", "documents", "cc-100"), ("pairs/TED/de-en/part-00000", "pairs", "TED")],
)
def test_names_of_tasks_say_what_they_are_about(name, kind, corpus):
    assert (kind_of(name), corpus_of(name)) == (kind, corpus)
    task = Task(name=name, parameters="p", inputs=None, size=0)
    assert ByKind(documents=lambda *_: "documents", pairs=lambda *_: "pairs")(None, task) == kind


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


@pytest.fixture
def asked(monkeypatch):
    """Names of the records that are read."""
    found, read_many = [], WorkDirectory.read_many

    def noting(self, names):
        names = list(names)
        found.extend(names)
        return read_many(self, names)

    monkeypatch.setattr(WorkDirectory, "read_many", noting)
    return found


def test_only_records_that_are_newer_than_the_summary_are_read(journal, asked):
    records = {name: finished(journal, name=name) for name in ("c/de/a", "c/de/b", "c/fr/c")}
    assert journal.records() == records and len(asked) == 3
    journal.sum_up(records.values())
    asked.clear()
    assert journal.records() == records and asked == []

    records["c/de/b"] = finished(journal, name="c/de/b", inputs="other")
    records["c/fr/new"] = finished(journal, name="c/fr/new")
    journal.forget(records.pop("c/de/a").name)
    assert journal.records() == records
    assert sorted(asked) == [journal.file_name("c/de/b"), journal.file_name("c/fr/new")]


def test_a_summary_that_says_the_same_is_not_written_again(journal):
    journal.sum_up([finished(journal)])
    before = journal.work.stamp(".babelmill/summaries/clean.json")
    journal.sum_up(journal.records().values())
    assert journal.work.stamp(".babelmill/summaries/clean.json") == before


@pytest.mark.parametrize("content", ["", "{", "[]", '{"c/de/a": 1}', '{"cc-100/de/part-00000": [1, 2, "{}"]}'])
def test_a_summary_that_cannot_be_read_counts_as_none(journal, content):
    record = finished(journal)
    journal.work.write_bytes(".babelmill/summaries/clean.json", content.encode())
    assert journal.records() == {TASK.name: record}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": 1}'])
def test_a_torn_record_counts_as_none(journal, content):
    finished(journal)
    journal.work.path(journal.file_name(TASK.name)).write_text(content)
    assert journal.read(TASK.name) is None
