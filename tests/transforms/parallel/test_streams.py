"""Streams of files and of members of archives, whole and broken."""

import bz2
import gzip
import lzma

import numpy as np
import pyarrow as pa
import pytest
from bitext_files import write_tar, write_zip

from transforms.parallel import streams
from transforms.parallel.streams import file_pieces, open_zip, tar_pieces, zip_pieces
from transforms.sources import SourceError

TEXT = np.random.default_rng(1).bytes(300_000)


@pytest.fixture(params=["isal", "zlib"])
def inflating(request, monkeypatch):
    """With ISA-L, where it is installed, and without."""
    if request.param == "zlib":
        monkeypatch.setattr(streams, "isal_zlib", None)


def zipped(path, member):
    with open_zip(path) as archive:
        return b"".join(zip_pieces(archive, member))


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        ("", bytes),
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", lambda data: pa.compress(data, "zstd", asbytes=True)),
    ],
)
def test_a_file_is_decompressed_as_its_suffix_says(tmp_path, suffix, compress):
    path = tmp_path / f"news.de{suffix}"
    path.write_bytes(compress(TEXT))

    assert b"".join(file_pieces(path)) == TEXT


def test_a_file_that_was_cut_off_names_itself(tmp_path):
    path = tmp_path / "news.de.gz"
    path.write_bytes(gzip.compress(TEXT)[:1000])

    with pytest.raises(SourceError, match=r"news.de.gz is damaged or was cut off.*get it again"):
        list(file_pieces(path))


def test_a_file_that_is_not_there_names_itself(tmp_path):
    with pytest.raises(SourceError, match=r"news.de cannot be read: No such file"):
        list(file_pieces(tmp_path / "news.de"))


def test_members_of_a_zip_archive_are_read_side_by_side(tmp_path, inflating):
    text = TEXT * 8
    path = write_zip(tmp_path / "x.zip", {"a": text, "b": text[::-1]})

    with open_zip(path) as archive:
        pieces = list(zip(zip_pieces(archive, "a"), zip_pieces(archive, "b"), strict=True))

    assert len(pieces) == 3
    assert b"".join(a for a, _ in pieces) == text
    assert b"".join(b for _, b in pieces) == text[::-1]


def test_a_zip_archive_that_was_cut_off_is_none(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"a": TEXT})
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(SourceError, match=r"x.zip is no whole zip archive .*cut off"):
        zipped(path, "a")


@pytest.mark.parametrize("place", [200, 5000])
def test_a_damaged_member_names_itself(tmp_path, inflating, place):
    path = write_zip(tmp_path / "x.zip", {"a": TEXT})
    content = bytearray(path.read_bytes())
    content[place : place + 4] = b"\0\0\0\0"
    path.write_bytes(content)

    with pytest.raises(SourceError, match=r"x.zip: member a cannot be read"):
        zipped(path, "a")


@pytest.mark.parametrize(
    ("name", "mode"), [("x.tgz", "w:gz"), ("x.tar.bz2", "w:bz2"), ("x.tar.xz", "w:xz"), ("x.tar", "w")]
)
def test_members_of_a_tar_archive_are_found(tmp_path, name, mode):
    path = write_tar(tmp_path / name, {"dir/a": TEXT, "./dir/b": b"b"}, mode)

    assert b"".join(tar_pieces(path, "dir/a")) == TEXT
    assert b"".join(tar_pieces(path, "dir/b")) == b"b"


def test_a_missing_member_of_a_tar_archive_is_refused_with_those_there(tmp_path):
    path = write_tar(tmp_path / "x.tgz", {"a": b"1", "b": b"2"}, "w:gz")

    with pytest.raises(SourceError, match=r"x.tgz has no member c: found a, b"):
        list(tar_pieces(path, "c"))


@pytest.mark.parametrize("size", [600, 100_000, -30])
def test_a_tar_archive_that_was_cut_off_is_refused(tmp_path, size):
    path = write_tar(tmp_path / "x.tgz", {"a": TEXT}, "w:gz")
    path.write_bytes(path.read_bytes()[:size])

    with pytest.raises(SourceError, match=r"x.tgz (is damaged or was cut off|is no whole tar)"):
        list(tar_pieces(path, "b"))


def test_a_plain_tar_archive_that_was_cut_off_is_refused(tmp_path):
    path = write_tar(tmp_path / "x.tar", {"a": TEXT}, "w")
    path.write_bytes(path.read_bytes()[:100_000])

    with pytest.raises(SourceError, match=r"x.tar is no whole tar archive"):
        list(tar_pieces(path, "a"))
