"""Tables of pairs; those that are in order of their scores, and those that say they are."""

import gzip
import random

import pytest
from bitext_files import bitext, pairs, reader, rows

from transforms.parallel import table
from transforms.sources import SourceError

WIKIMATRIX = {"format": "table", "columns": (1, 2, 0)}


def write(path, lines):
    path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))
    return path


def mined(scores):
    """Lines of WikiMatrix with these scores."""
    return [f"{score:.6f}\teins {number}\tone {number}".encode() for number, score in enumerate(scores)]


def kept(path, **options):
    """Documents that are kept, and the reader."""
    reading = reader(bitext(path, **WIKIMATRIX), **options)
    return [row[0] for row in rows(reading)], reading


@pytest.fixture
def look_ahead(monkeypatch):
    """A file proves to be in order by 20 pairs."""
    monkeypatch.setattr(table, "LOOK_AHEAD", 20)


def test_columns_are_where_the_layout_has_them(tmp_path):
    path = write(tmp_path / "x.tsv.gz", [b"1.5\teins\tone", b"1.25\tzwei\ttwo\tmore"])

    assert rows(reader(bitext(path, **WIKIMATRIX))) == [(0, b"eins", b"one", 1.5), (1, b"zwei", b"two", 1.25)]


def test_quotation_marks_and_carriage_returns_are_no_csv(tmp_path):
    lines = [b'1\t"eins\tone"', b'0.9\t"zwei"\t"two"\r', b'0.8\tdrei\tth"ree']

    assert pairs(bitext(write(tmp_path / "x.tsv.gz", lines), **WIKIMATRIX)) == [
        (b'"eins', b'one"'),
        (b'"zwei"', b'"two"'),
        (b"drei", b'th"ree'),
    ]


def test_lines_that_are_no_rows_are_counted_and_keep_their_number(tmp_path):
    lines = [b"1.5\teins\tone", b"zwei\ttwo", b"", b"high\tdrei\tthree", b"1.25\tvier\tfour"]

    found, reading = kept(write(tmp_path / "x.tsv.gz", lines))

    assert found == [0, 4]
    assert (reading.tally.documents, reading.tally.dropped) == (5, {"malformed": 3})


@pytest.mark.parametrize("line", [b"just text", b"eins\tone", b"high\teins\tone", b"<html>"])
def test_a_file_that_is_something_else_is_refused(tmp_path, line):
    path = write(tmp_path / "x.tsv.gz", [line, b"1.5\teins\tone"])

    expected = "text in column 2, text in column 3, a number in column 1; correct `format`"
    with pytest.raises(SourceError, match=f"x.tsv.gz, line 1: found .*{expected}"):
        kept(path)


def test_a_header_is_no_pair(tmp_path):
    path = write(tmp_path / "x.tsv.gz", [b"German\tEnglish", b"eins\tone"])
    reading = reader(bitext(path, format="table", columns=(0, 1), header=True))

    assert rows(reading) == [(1, b"eins", b"one", None)]
    assert (reading.tally.documents, reading.tally.dropped) == (1, {})


def test_reading_stops_at_the_lowest_score_where_the_file_is_in_order(tmp_path, look_ahead):
    path = write(tmp_path / "x.tsv.gz", mined([1.2 - i / 1000 for i in range(1000)]))

    found, reading = kept(path, min_score=1.1, batch_bytes=100)

    assert found == list(range(101))
    assert not reading.tally.complete
    assert reading.tally.documents < 150
    assert reading.tally.documents == 101 + reading.tally.dropped["score"]


def test_without_a_lowest_score_the_file_is_read_to_its_end(tmp_path, look_ahead):
    found, reading = kept(write(tmp_path / "x.tsv.gz", mined([1.2 - i / 1000 for i in range(1000)])), batch_bytes=100)

    assert found == list(range(1000))
    assert reading.tally.complete


@pytest.mark.parametrize("seed", range(3))
def test_a_file_out_of_order_is_read_to_its_end(tmp_path, look_ahead, seed):
    scores = [1.2 - i / 1000 for i in range(1000)]
    random.Random(seed).shuffle(scores)

    found, reading = kept(write(tmp_path / "x.tsv.gz", mined(scores)), min_score=1.1, batch_bytes=100)

    assert found == [number for number, score in enumerate(scores) if round(score, 6) >= 1.1]
    assert reading.tally.complete
    assert reading.tally.dropped == {"score": 1000 - len(found)}


def test_one_score_out_of_order_shortly_after_the_threshold_is_enough(tmp_path, look_ahead):
    scores = [1.2 - i / 1000 for i in range(1000)]
    scores[110], scores[900] = 1.05, 1.19

    found, _ = kept(write(tmp_path / "x.tsv.gz", mined(scores)), min_score=1.1, batch_bytes=100)

    assert found == [*range(101), 900]


def test_a_file_that_ends_soon_after_the_threshold_is_read_to_its_end(tmp_path):
    found, reading = kept(write(tmp_path / "x.tsv.gz", mined([1.2, 1.1, 1.04, 1.03, 1.02])), min_score=1.04)

    assert found == [0, 1, 2]
    assert reading.tally.complete


def test_a_table_without_scores_has_no_lowest(tmp_path):
    path = write(tmp_path / "x.tsv.gz", [b"eins\tone", b"zwei\ttwo"])

    assert len(pairs(bitext(path, format="table", columns=(0, 1)), min_score=1.1)) == 2
