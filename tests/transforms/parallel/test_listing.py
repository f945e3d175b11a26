import fsspec
import pytest

from transforms.parallel.bitext import Wanted
from transforms.parallel.listing import listing
from transforms.sources import SourceError


@pytest.fixture(params=["folder", "file:", "memory://"])
def location(request, tmp_path):
    """A folder with two files and a folder, of each kind of address."""
    files = {"de-en.zip": b"123", "a/x": b"1", "README": b""}
    if request.param == "memory://":
        memory = fsspec.filesystem("memory")
        for name, content in files.items():
            memory.pipe(f"/listing/{name}", content)
        yield "memory://listing"
        memory.rm("/listing", recursive=True)
    else:
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(content)
        yield str(tmp_path) if request.param == "folder" else tmp_path.as_uri()


def test_files_and_folders_are_told_apart(location):
    found = listing(location, "files")

    assert (found.files, found.folders) == ({"README": 0, "de-en.zip": 3}, ["a"])
    assert found.local == (not location.startswith("memory"))
    assert found.path("README") in (f"{location}/README", f"{location.removeprefix('file://')}/README")


def test_a_link_to_a_file_is_a_file(tmp_path):
    (tmp_path / "real").write_bytes(b"12")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "de-en.zip").symlink_to(tmp_path / "real")

    assert listing(str(tmp_path / "folder"), "files").files == {"de-en.zip": 2}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", r"nowhere does not exist .*: expected files; correct `location`"),
        ("file", "file is a file: expected files"),
    ],
)
def test_what_is_no_folder_is_refused(tmp_path, name, message):
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(SourceError, match=message):
        listing(str(tmp_path / name), "files")


@pytest.mark.parametrize("address", ["memory://nowhere", "nosuch://x"])
def test_an_address_that_cannot_be_listed_is_refused(address):
    with pytest.raises(SourceError, match=f"{address} (does not exist|cannot be listed)"):
        listing(address, "files")


def test_names_that_are_no_codes_are_refused_unless_languages_choose(tmp_path):
    for name in ("de-en.zip", "simple-en.zip"):
        (tmp_path / name).write_bytes(b"")
    folder = listing(str(tmp_path), "files")

    with pytest.raises(SourceError, match=r"simple-en.zip: 'simple-en' is not two codes"):
        folder.by_codes(lambda name: name.removesuffix(".zip"), Wanted(corpus="x"))
    chosen = folder.by_codes(lambda name: name.removesuffix(".zip"), Wanted(corpus="x", languages=["de", "en"]))
    assert chosen == {"de-en.zip": ("de", "en")}
