import pytest
from bitext_files import bitext, write_moses

from transforms.downloads import Downloads
from transforms.ingest_pairs import IngestBitext, stamp
from transforms.journal import Task
from transforms.parallel.batches import PAIRS
from transforms.sources import SourceError
from transforms.storage import WorkDirectory

LINES = [(f"Satz {number} " + "x" * (number * 37 % 300), f"sentence {number}") for number in range(80)]
SCORES = [number % 10 / 10 for number in range(80)]


def ingest(**changes):
    downloads = Downloads(connections=2, retries=2, timeout=5.0)
    return IngestBitext(**{"part_bytes": 2000, "max_line_bytes": 1 << 16, "downloads": downloads, **changes})


def task(found, min_score=None):
    job = {"bitext": found.to_json(), "min_score": min_score}
    return Task(name="pairs/News/de-en", parameters="p", inputs=None, size=1, job=job)


@pytest.fixture
def archive(tmp_path):
    first, second = ("".join(f"{line}\n" for line in side).encode() for side in zip(*LINES, strict=True))
    return write_moses(tmp_path / "de-en.txt.zip", first, second, scores="\n".join(map(str, SCORES)).encode())


def pairs_of(work, record):
    found = []
    for role, file in sorted(record.files.items()):
        assert role.startswith("part-")
        table = work.open_arrow(file).read_all()
        assert table.schema.equals(PAIRS)
        found += table.to_pylist()
    return [(row["document"], row["source"].decode(), row["target"].decode()) for row in found]


def test_a_bitext_becomes_parts(tmp_path, archive):
    work, found = WorkDirectory(tmp_path / "work"), bitext(archive)
    record = ingest()(work, task(found))
    assert pairs_of(work, record) == [(number, *pair) for number, pair in enumerate(LINES)]
    assert len(record.files) > 3
    ledger = record.ledger["de-en"]
    assert (ledger.documents, ledger.kept, ledger.dropped) == (80, 80, {})
    assert ledger.bytes == sum(len(text) for pair in LINES for text in pair)
    assert record.facts["languages"] == ["de", "en"] and record.facts["stamp"] == stamp(work, found)


def test_the_source_is_the_language_whose_tag_comes_first(tmp_path):
    path = write_moses(tmp_path / "en-de.txt.zip", b"house\n", b"Haus\n", codes=("en", "de"))
    work = WorkDirectory(tmp_path / "work")
    record = ingest()(work, task(bitext(path, codes=("en", "de"))))
    assert pairs_of(work, record) == [(0, "Haus", "house")] and set(record.ledger) == {"de-en"}


def test_what_the_least_score_leaves_out_is_counted(tmp_path, archive):
    work = WorkDirectory(tmp_path / "work")
    record = ingest()(work, task(bitext(archive), min_score=0.45))
    assert [row[0] for row in pairs_of(work, record)] == [number for number in range(80) if SCORES[number] > 0.45]
    assert record.ledger["de-en"].dropped == {"score": 40} and record.ledger["de-en"].balances


@pytest.mark.parametrize("min_score", [None, 0.45])
def test_a_task_that_was_cut_off_goes_on_after_its_last_part(tmp_path, archive, min_score, monkeypatch):
    whole = ingest()(WorkDirectory(tmp_path / "whole"), task(bitext(archive), min_score))
    work = WorkDirectory(tmp_path / "work")
    written = []
    monkeypatch.setattr("transforms.ingest.Parts.write", stopping_after(2, written))
    with pytest.raises(KeyboardInterrupt):
        ingest()(work, task(bitext(archive), min_score))
    monkeypatch.undo()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "work/raw").glob("**/*.arrow")}
    record = ingest()(work, task(bitext(archive), min_score))
    assert len(before) == 2 and all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert (record.files, record.ledger) == (whole.files, whole.ledger)


def stopping_after(parts, written):
    """`Parts.write`, but for a run that is killed after some parts."""
    from transforms.ingest import Parts

    write = Parts.write

    def stopping(self, batches):
        if len(written) == parts:
            raise KeyboardInterrupt
        write(self, batches)
        written.append(batches)

    return stopping


def test_unequal_files_are_refused_with_both_counts(tmp_path):
    path = write_moses(tmp_path / "de-en.txt.zip", b"eins\nzwei\n", b"one\n")
    with pytest.raises(SourceError, match=r"has 2 lines.*has 1 lines"):
        ingest()(WorkDirectory(tmp_path / "work"), task(bitext(path)))


def test_an_archive_that_is_gone_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"gone\.zip cannot be read"):
        ingest()(WorkDirectory(tmp_path / "work"), task(bitext(tmp_path / "gone.zip")))
