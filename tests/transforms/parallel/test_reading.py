"""What holds for every format: canonical order, going on from the middle, and one registry."""

import pytest
from bitext_files import bitext, pairs, reader, rows, write_moses

from transforms.parallel.batches import PAIRS, ReadOptions
from transforms.parallel.bitext import Wanted
from transforms.parallel.reading import FORMATS
from transforms.sources import SourceError

LINES = [f"line {number} ".encode() * (number % 7) for number in range(200)]


@pytest.fixture
def archive(tmp_path):
    text = b"\n".join(LINES) + b"\n"
    return bitext(write_moses(tmp_path / "de-en.txt.zip", text, text[::1].upper()))


def test_batches_have_the_schema_and_about_the_size_asked_for(archive):
    batches = list(reader(archive, batch_bytes=1000))

    assert all(batch.schema == PAIRS for batch in batches)
    assert len(batches) > 5
    assert [row[0] for row in rows(reader(archive, batch_bytes=1000))] == list(range(200))


def spans(batch):
    """First and last document of a batch."""
    return batch["document"][0].as_py(), batch["document"][-1].as_py()


@pytest.mark.parametrize("first", [0, 1, 57, 199])
def test_going_on_from_the_middle_gives_the_rest(archive, first):
    whole = list(reader(archive, batch_bytes=1000))
    rest = list(reader(archive, batch_bytes=1000, first_document=first))

    assert rows(rest) == rows(whole)[first:]
    assert {spans(batch) for batch in rest[1:]} <= {spans(batch) for batch in whole}


def test_the_tally_counts_all_and_the_bytes_that_came_out(archive):
    reading = reader(archive)

    for _ in range(2):
        assert len(rows(reading)) == 200
        assert (reading.tally.documents, reading.tally.bytes) == (200, 2 * sum(map(len, LINES)))


def test_languages_come_in_canonical_order(tmp_path):
    path = write_moses(tmp_path / "hr-iw.txt.zip", b"jedan\n", b"echad\n", codes=("hr", "iw"), scores=b"0.5\n")
    hebrew_first = bitext(path, ("hr", "iw"))

    assert hebrew_first.languages == ("he", "hr")
    assert rows(reader(hebrew_first)) == [(0, b"echad", b"jedan", 0.5)]


def test_scores_below_the_lowest_are_left_out_of_any_format(tmp_path):
    text = b"1\n2\n3\n4\n"
    path = write_moses(tmp_path / "de-en.txt.zip", text, text, scores=b"1.03\n1.04\n\n1.05\n")
    reading = reader(bitext(path), min_score=1.04)

    assert [row[0] for row in rows(reading)] == [1, 2, 3]
    assert (reading.tally.documents, reading.tally.dropped) == (4, {"score": 1})


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_every_kind_of_corpus_names_a_folder_that_is_not_there(kind, tmp_path):
    wanted = Wanted(corpus="News", location=str(tmp_path / "nowhere"), pairs=[("en", "hi")])

    with pytest.raises(SourceError, match=r"nowhere does not exist .*: expected .*; correct `location`"):
        FORMATS[kind](wanted)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"de-en.txt.zip cannot be read: No such file"):
        pairs(bitext(tmp_path / "de-en.txt.zip"))


@pytest.mark.parametrize(
    "options", [{"batch_bytes": 0}, {"max_line_bytes": 0}, {"first_document": -1}, {"max_line_bytes": 1 << 30}]
)
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(ValueError, match=r"must be positive|expected at most 1,073,741,824"):
        ReadOptions(**options)
