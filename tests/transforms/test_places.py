"""What every place must do, on a disk and behind addresses."""

import hashlib
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from babelmill.format import File
from transforms.places import CorruptFile, LocalPlace
from transforms.remote import RemotePlace


class WithoutWholeFiles(MemoryFileSystem):
    """Stands for file systems in which a file can be seen before it is whole, and so has to be renamed."""

    protocol = "unsafe"

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.replace("unsafe://", "memory://"))


@pytest.fixture(params=["disk", "memory", "unsafe"])
def place(request, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    if request.param == "disk":
        return LocalPlace(tmp_path / "work")
    fsspec.register_implementation("unsafe", WithoutWholeFiles, clobber=True)
    return RemotePlace(f"{request.param}://{uuid.uuid4().hex}/work")


def publish(place, name, content):
    temporary = place.temporary()
    temporary.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_bytes(content)
    file = File(name, 0, len(content), hashlib.sha256(content).hexdigest())
    place.publish(temporary, file)
    assert not temporary.exists()
    return file


def test_what_is_written_is_read(place):
    place.create()
    place.write("a/b/c.json", b"one")
    place.write("a/b/c.json", b"two!")
    assert place.read("a/b/c.json") == b"two!"
    assert place.stamp("a/b/c.json").size == 4
    place.remove("a/b/c.json")
    place.remove("a/b/c.json")
    assert place.stamp("a/b/c.json") is None
    with pytest.raises(FileNotFoundError):
        place.read("a/b/c.json")


def test_a_stamp_tells_one_content_from_another(place):
    place.write("a.json", b"one")
    before = place.stamp("a.json")
    assert place.stamp("a.json") == before
    place.write("a.json", b"two")
    assert place.stamp("a.json") != before and place.stamp("a.json").size == before.size


def test_a_listing_gives_the_stamps_of_all_files_below(place):
    for name in ("raw/c/de/part-0.arrow", "raw/c/fr/part-0.arrow", "raw/manifest.json", "rawer/x.arrow"):
        place.write(name, name.encode())
    found = place.stamps("raw", ".arrow")
    assert found == {name: place.stamp(name) for name in ("raw/c/de/part-0.arrow", "raw/c/fr/part-0.arrow")}
    assert sorted(place.stamps("raw", "")) == ["raw/c/de/part-0.arrow", "raw/c/fr/part-0.arrow", "raw/manifest.json"]
    assert place.stamps("clean", "") == {}


def test_many_files_are_read_at_once_and_those_that_are_gone_are_left_out(place):
    names = [f"journal/{number}.json" for number in range(50)]
    for name in names:
        place.write(name, name.encode())
    assert place.read_many([*names, "journal/none.json"]) == {name: name.encode() for name in names}


def test_a_published_file_is_there_and_can_be_mapped(place):
    file = publish(place, "clean/a.arrow", b"content")
    assert place.read("clean/a.arrow") == b"content"
    place.check(file)
    assert place.local(file).read_bytes() == b"content"
    assert place.stamps(".babelmill/tmp", "") == {}


@pytest.mark.parametrize("found", [b"Content", b"content, and more", b"", None])
def test_a_file_that_is_not_what_was_written_is_refused(place, found):
    file = publish(place, "clean/a.arrow", b"content")
    if isinstance(place, RemotePlace):
        place.cache.path(file).unlink()
    if found is None:
        place.remove("clean/a.arrow")
    else:
        place.write("clean/a.arrow", found)
    for look in (place.check, place.local):
        with pytest.raises(CorruptFile, match=r"clean/a\.arrow: found .*, expected .*; remove it and run the same"):
            look(file)


def test_threads_that_write_and_read_at_once_see_whole_files(place):
    if isinstance(place, RemotePlace) and place.root.startswith("unsafe:"):
        pytest.skip("renames by copying, as no file system does that needs renaming")
    contents = [bytes([letter]) * 100_000 for letter in b"abcd"]
    place.write("a", contents[0])

    def write(content):
        for _ in range(20):
            place.write("a", content)

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(write, content) for content in contents]
        readers = [pool.submit(lambda: {place.read("a") for _ in range(40)}) for _ in range(2)]
        assert set().union(*(reader.result() for reader in readers)) <= set(contents)
        assert all(writer.result() is None for writer in writers)


def test_what_killed_tasks_left_is_cleared(place):
    for _ in range(3):
        temporary = place.temporary()
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(b"half")
    if isinstance(place, RemotePlace):
        place.write(".babelmill/tmp/x", b"half")
    place.clear_temporary()
    assert not list(temporary.parent.iterdir()) and place.stamps(".babelmill/tmp", "") == {}
