"""What is known of a half-fetched file, and what shows that it has changed."""

import json

import pytest

from transforms.partial import FetchError, PartialFile, Remote

KNOWN = Remote(size=10, etag='"a"', modified="Mon")


def test_a_date_counts_only_without_etags():
    old = Remote(10, '"a"', "Mon")
    assert old.difference(Remote(10, '"a"', "Tue")) is None
    assert old.difference(Remote(10, None, "Tue")) == "its modified was Mon, now it is Tue"
    assert old.difference(Remote(11, None, None)) == "its size was 10, now it is 11"
    assert old.difference(Remote(None, '"b"', "Mon")) == 'its etag was "a", now it is "b"'


def test_only_a_strong_etag_or_else_the_date_validates():
    assert [Remote(1, 'W/"a"', "Mon").validator, Remote(1, '"a"').validator, Remote(1).validator] == [
        "Mon",
        '"a"',
        None,
    ]


def test_bytes_and_their_note_outlive_the_process(tmp_path):
    target = tmp_path / "folder" / "a"
    with PartialFile("http://x/a", target) as part:
        part.begin(KNOWN)
        part.append(b"01234")
    with PartialFile("http://x/a", target) as part:
        assert (part.size, part.resumed_from, part.remote, part.complete) == (5, 5, KNOWN, False)
        part.append(b"56789")
        assert part.complete
        part.publish()
    assert [path.name for path in target.parent.iterdir()] == ["a"]
    assert target.read_bytes() == b"0123456789"


@pytest.mark.parametrize(
    "note", ["", "[]", "{}", '{"address": "http://x/a", "colour": 1}', '{"address": "http://x/b"}']
)
def test_bytes_whose_note_says_nothing_are_dropped(tmp_path, note):
    (tmp_path / "a.part").write_bytes(b"01234")
    (tmp_path / "a.part.json").write_text(note)
    with PartialFile("http://x/a", tmp_path / "a") as part:
        assert (part.size, part.remote) == (0, None)
    assert (tmp_path / "a.part").read_bytes() == b""


def test_beginning_again_counts_as_a_change_only_where_the_file_is_another(tmp_path):
    with PartialFile("http://x/a", tmp_path / "a") as part:
        part.begin(KNOWN)
        part.append(b"01234")
        part.begin(KNOWN)
        assert (part.size, part.best, part.changes) == (0, 5, [])
        part.begin(Remote(size=11, etag='"a"'))
        assert (part.best, part.changes) == (0, ["its size was 10, now it is 11"])
    assert json.loads((tmp_path / "a.part.json").read_text())["size"] == 11


def test_one_process_at_a_time(tmp_path):
    with PartialFile("http://x/a", tmp_path / "a") as part:
        part.begin(KNOWN)
        part.append(b"0")
        with pytest.raises(FetchError, match=r"another process is writing .*a\.part"), PartialFile("y", tmp_path / "a"):
            pass
        part.append(b"1")
        assert part.path.read_bytes() == b"01"
