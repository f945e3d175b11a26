import lzma
from dataclasses import asdict

import pytest

from babelmill.format import RAW
from transforms.downloads import Downloads
from transforms.errors import InputError
from transforms.ingest import IngestSource, Parts, download_name, stamp
from transforms.journal import Task
from transforms.lockfile import LockError, entries
from transforms.storage import WorkDirectory

TEXTS = [f"Text {number} " + "x" * (number * 37 % 400) for number in range(60)]


def ingest(**changes):
    downloads = Downloads(connections=2, retries=2, timeout=5.0)
    settings = {"part_bytes": 2000, "max_document_bytes": 1 << 20, "downloads": downloads}
    return IngestSource(**{**settings, **changes})


def task(address, local=True, **job):
    job = {"corpus": "c", "code": "de", "split": "blank_line", "address": str(address), "local": local, **job}
    return Task(name="c/de", parameters="p", inputs=None, size=1, job=job)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "de.txt.xz"
    path.write_bytes(lzma.compress("\n\n".join(TEXTS).encode()))
    return path


def texts_of(work, record):
    found = []
    for role, file in sorted(record.files.items()):
        if role.startswith("part-"):
            table = work.open_arrow(file).read_all()
            assert table.schema.equals(RAW)
            found += zip(table.column("document").to_pylist(), table.column("text").to_pylist(), strict=True)
    return found


def test_a_source_becomes_parts(tmp_path, source):
    work = WorkDirectory(tmp_path / "work")
    record = ingest()(work, task(source))
    assert texts_of(work, record) == [(number, text.encode()) for number, text in enumerate(TEXTS)]
    assert len(record.files) > 3
    assert record.ledger["de"].documents == record.ledger["de"].kept == len(TEXTS)
    assert record.ledger["de"].bytes == sum(map(len, TEXTS))
    assert record.facts["stamp"] == stamp(work, "c/de", str(source), True)


def test_oversized_documents_are_kept_to_look_at(tmp_path, source):
    source.write_bytes(lzma.compress("\n\n".join([*TEXTS[:5], "y" * 5000, *TEXTS[5:]]).encode()))
    work = WorkDirectory(tmp_path / "work")
    record = ingest(max_document_bytes=4000)(work, task(source))
    (ledger,) = record.ledger.values()
    assert ledger.balances and ledger.dropped == {"oversized": 1} and ledger.documents == len(TEXTS) + 1
    (row,) = work.open_arrow(record.files["oversized"]).read_all().to_pylist()
    assert (row["document"], row["reason"], row["value"]) == (5, "oversized", 5000)
    assert len(row["text"]) >= 1000 and set(row["text"]) == {"y"}
    assert [number for number, _ in texts_of(work, record)] == [*range(5), *range(6, len(TEXTS) + 1)]


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_a_source_that_was_cut_off_goes_on_after_its_last_part(tmp_path, source, parts, monkeypatch):
    whole = ingest()(WorkDirectory(tmp_path / "whole"), task(source))
    work, write = WorkDirectory(tmp_path / "work"), Parts.write

    def die(self, batches):
        if len(self.files) == parts:
            raise KeyboardInterrupt
        write(self, batches)

    monkeypatch.setattr(Parts, "write", die)
    with pytest.raises(KeyboardInterrupt):
        ingest()(work, task(source))
    before = {path: path.stat().st_mtime_ns for path in work.path("raw").glob("**/*.arrow")}
    assert len(before) == parts
    monkeypatch.setattr(Parts, "write", write)
    record = ingest()(work, task(source))
    assert record.files == whole.files and record.ledger == whole.ledger
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_parts_of_another_source_are_not_taken_for_ones_own(tmp_path, source):
    work = WorkDirectory(tmp_path / "work")
    ingest()(work, task(source))
    source.write_bytes(lzma.compress("\n\n".join(reversed(TEXTS)).encode()))
    record = ingest()(work, task(source))
    assert [text.decode() for _, text in texts_of(work, record)] == TEXTS[::-1]


def test_a_missing_source_says_so(tmp_path):
    with pytest.raises(InputError, match="there is no fr"):
        ingest()(WorkDirectory(tmp_path), task("x", problem="there is no fr.txt.xz"))


def test_a_far_source_is_fetched_once_and_locked(tmp_path, source, faulty_server):
    server, work = faulty_server({"de.txt.xz": source.read_bytes()}), WorkDirectory(tmp_path / "work")
    address = f"{server.address}/de.txt.xz"
    record = ingest()(work, task(address, local=False))
    assert len(texts_of(work, record)) == len(TEXTS)
    (entry,) = entries(work).values()
    assert entry.address == address and entry.sha256 == record.facts["sha256"]
    asked = len(server.requests)
    ingest()(work, task(address, local=False))
    assert len(server.requests) == asked


def test_a_far_source_that_is_not_what_was_locked_is_refused(tmp_path, source, faulty_server):
    server, work = faulty_server({"de.txt.xz": source.read_bytes()}), WorkDirectory(tmp_path / "work")
    address = f"{server.address}/de.txt.xz"
    ingest()(work, task(address, local=False))
    (entry,) = entries(work).values()
    work.write_json(".babelmill/downloads/c/de.json", {**asdict(entry), "sha256": "0" * 64, "size": entry.size + 1})
    work.path(download_name("c/de", address)).unlink()
    with pytest.raises(LockError, match=r"is not what it was on .* remove its entry"):
        ingest()(work, task(address, local=False))
