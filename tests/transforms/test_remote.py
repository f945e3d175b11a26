"""Work directories behind addresses: what fails for a while, what is fetched how often, what a person is told."""

import hashlib
import os
import pickle
import tempfile
import time
import uuid
from collections import deque
from typing import ClassVar

import fsspec
import pyarrow as pa
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from babelmill.format import File
from transforms import remote
from transforms.disk import WorkDirectoryError
from transforms.errors import stopped_by
from transforms.places import CorruptFile
from transforms.remote import PAUSES, RemotePlace
from transforms.storage import WorkDirectory

SCHEMA = pa.schema([("row", pa.int32())])


class Flaky(MemoryFileSystem):
    """Raises what is in `faults` before it does anything, and notes what it was asked: (method, end of the path)."""

    protocol = "flaky"
    faults: ClassVar[deque] = deque()
    asked: ClassVar[list] = []

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.replace("flaky://", "memory://"))

    def _ask(self, method, path):
        self.asked.append((method, path.rpartition("/work/")[2]))
        if self.faults and (fault := self.faults.popleft()):
            raise fault

    def info(self, path, **kwargs):
        self._ask("info", path)
        return super().info(path, **kwargs)

    def find(self, path, **kwargs):
        self._ask("find", path)
        return super().find(path, **kwargs)

    def cat_file(self, path, start=None, end=None, **kwargs):
        self._ask("read", path)
        return super().cat_file(path, start, end, **kwargs)

    def pipe_file(self, path, value, mode="overwrite", **kwargs):
        self._ask("write", path)
        return super().pipe_file(path, value, mode, **kwargs)

    def put_file(self, lpath, rpath, **kwargs):
        self._ask("put", rpath)
        return super().put_file(lpath, rpath, **kwargs)

    def rm_file(self, path):
        self._ask("remove", path)
        return super().rm_file(path)

    def mv(self, path1, path2, **kwargs):
        self.asked.append(("rename", path2.rpartition("/work/")[2]))
        return super().mv(path1, path2, **kwargs)


@pytest.fixture
def flaky(monkeypatch, tmp_path):
    """The file system behind `place`, and where to write what goes wrong."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(remote, "OBJECT_STORES", {"flaky"})
    fsspec.register_implementation("flaky", Flaky, clobber=True)
    Flaky.faults.clear()
    Flaky.asked.clear()
    return Flaky


@pytest.fixture
def waits():
    return []


@pytest.fixture
def place(flaky, waits):
    return RemotePlace(f"flaky://{uuid.uuid4().hex}/work", sleep=waits.append)


def publish(place, name, content):
    temporary = place.temporary()
    temporary.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_bytes(content)
    file = File(name, 0, len(content), hashlib.sha256(content).hexdigest())
    place.publish(temporary, file)
    return file


@pytest.mark.parametrize("failures", [1, len(PAUSES)])
def test_what_fails_for_a_while_is_tried_again(place, flaky, waits, failures):
    calls = {
        "write": lambda: place.write("a", b"abc"),
        "put": lambda: publish(place, "b", b"abc"),
        "info": lambda: place.stamp("a"),
        "find": lambda: place.stamps("", ""),
        "read": lambda: place.read("a"),
        "remove": lambda: place.remove("a"),
    }
    for method, call in calls.items():
        flaky.asked.clear()
        flaky.faults.extend([ConnectionError("refused")] * failures)
        call()
        assert [asked for asked, _ in flaky.asked] == [method] * (failures + 1)
        assert waits == list(PAUSES[:failures])
        waits.clear()
    assert 25 < sum(PAUSES) < 35


def test_what_goes_on_failing_is_explained(place, flaky, waits):
    for call, verb in ((lambda: place.read("a"), "read"), (lambda: place.write("a", b"abc"), "write")):
        flaky.faults.extend([TimeoutError("no answer")] * 100)
        with pytest.raises(WorkDirectoryError) as caught:
            call()
        flaky.faults.clear()
        assert caught.value.strerror == (
            f"cannot {verb} {place.root}/a: TimeoutError: no answer; see that its server answers, and run the same "
            "command again: finished parts are kept"
        )
        assert stopped_by(RuntimeError(f"a runner's traceback {caught.value}, and more")) == caught.value.strerror
    assert waits == [*PAUSES, *PAUSES]


def test_attempts_that_take_long_count_as_well(place, flaky, waits, monkeypatch):
    """File systems try again by themselves, each attempt for some ten seconds."""
    clock = [0.0]

    def fail(self, path):
        clock[0] += 12
        raise ConnectionError("refused")

    monkeypatch.setattr(remote.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(Flaky, "cat_file", fail)
    with pytest.raises(WorkDirectoryError):
        place.read("a")
    assert clock[0] == 48 and len(waits) == 3


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (PermissionError("Access Denied"), "see that your credentials are right and may read and write there"),
        (FileNotFoundError("The specified bucket does not exist"), "make the bucket or folder"),
    ],
)
def test_what_cannot_go_better_is_not_tried_again(place, flaky, waits, error, cure):
    flaky.faults.append(error)
    with pytest.raises(WorkDirectoryError) as caught:
        place.write("a", b"abc")
    assert cure in caught.value.strerror and str(error) in caught.value.strerror and f"{place.root}/a" in str(caught)
    assert not waits


def test_a_file_that_this_machine_wrote_is_not_fetched(place, flaky):
    file = publish(place, "clean/a.arrow", b"content")
    flaky.asked.clear()
    assert place.local(file).read_bytes() == b"content"
    assert flaky.asked == []


def test_a_file_is_fetched_once_and_in_pieces_that_are_tried_again(place, flaky, waits, monkeypatch):
    monkeypatch.setattr(remote, "PIECE_BYTES", 3)
    file = publish(place, "clean/a.arrow", b"content")
    place.cache.path(file).unlink()
    flaky.asked.clear()
    flaky.faults.extend([None, None, ConnectionError("cut"), None])
    for _ in range(2):
        assert place.local(file).read_bytes() == b"content"
    assert flaky.asked == [("info", file.path), *[("read", file.path)] * 4]
    assert waits == [PAUSES[0]]


def test_a_download_that_is_damaged_is_not_kept(place, flaky, monkeypatch):
    file = publish(place, "clean/a.arrow", b"content")
    place.cache.path(file).unlink()
    monkeypatch.setattr(Flaky, "cat_file", lambda self, path, start, end: b"CONTENT"[start:end])
    with pytest.raises(CorruptFile, match=r"a\.arrow: found sha256 .*…, expected .*…; remove it"):
        place.local(file)
    assert not place.cache.path(file).exists() and not list((place.scratch / "tmp").iterdir())
    monkeypatch.undo()
    place.check(file)


def test_what_workers_left_that_were_killed_long_ago_is_removed(place):
    publish(place, "a.arrow", b"content")
    (place.scratch / "tmp/old").write_bytes(b"half")
    (place.scratch / "tmp/new").write_bytes(b"half")
    os.utime(place.scratch / "tmp/old", (0, time.time() - 2 * remote.STALE))
    publish(place, "b.arrow", b"content")
    assert [path.name for path in (place.scratch / "tmp").iterdir()] == ["new"]


def test_a_check_looks_at_what_lies_there_and_not_at_the_copy(place):
    file = publish(place, "clean/a.arrow", b"content")
    place.write("clean/a.arrow", b"CONTENT")
    assert place.local(file).read_bytes() == b"content"
    with pytest.raises(CorruptFile):
        place.check(file)


def test_where_files_can_be_seen_before_they_are_whole_they_are_renamed(place, flaky, monkeypatch):
    monkeypatch.setattr(remote, "OBJECT_STORES", {"s3"})
    place.write("a.json", b"abc")
    publish(place, "b.arrow", b"abc")
    (write, rename, put, again) = [asked for asked in flaky.asked if asked[0] in ("write", "put", "rename")]
    assert write[0] == "write" and put[0] == "put"
    assert write[1].startswith(".babelmill/tmp/") and put[1].startswith(".babelmill/tmp/")
    assert (rename, again) == (("rename", "a.json"), ("rename", "b.arrow"))


def test_each_address_has_a_scratch_folder_of_its_own_that_workers_share(flaky):
    one, other = RemotePlace("flaky://a/work"), RemotePlace("flaky://a/other")
    assert one.scratch != other.scratch and one.cache.folder == other.cache.folder
    assert pickle.loads(pickle.dumps(one)).scratch == one.scratch
    assert one.scratch.parent.stat().st_mode & 0o777 == 0o700


def test_a_work_directory_behind_an_address(place):
    work = WorkDirectory(place.root + "/")
    work.create()
    with work.write_arrow("a/b.arrow", SCHEMA) as writer:
        writer.write(pa.record_batch([pa.array([1, 2], pa.int32())], schema=SCHEMA))
    assert work.open_arrow(writer.file).read_all().column("row").to_pylist() == [1, 2]
    assert work.has(writer.file) and work.address("a/b.arrow") == f"{place.root}/a/b.arrow"
    with pytest.raises(TypeError, match="is not on a disk"):
        work.path("a/b.arrow")
    with pytest.raises(KeyError), work.write_arrow("c.arrow", SCHEMA):
        raise KeyError
    assert work.stamp("c.arrow") is None and not list((place.scratch / "tmp").iterdir())


def test_a_disk_that_is_full_on_the_way_is_named(place, monkeypatch):
    """The address is not to blame."""
    place.scratch.write_bytes(b"a file where a folder should be")
    with pytest.raises(WorkDirectoryError) as caught, WorkDirectory(place.root).write_arrow("a.arrow", SCHEMA):
        pass
    assert f"{place.scratch}/tmp/" in caught.value.strerror and f"{place.root}/a.arrow" in caught.value.strerror


@pytest.mark.parametrize("address", ["nonsense://a/b", "sftp://host/a"])
def test_an_address_that_needs_what_is_not_there_is_named(address, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "paramiko", None)
    with pytest.raises(WorkDirectoryError) as caught:
        WorkDirectory(address).read("a")
    assert caught.value.strerror.startswith(f"cannot use {address}: ") and "babelmill[s3]" in caught.value.strerror
