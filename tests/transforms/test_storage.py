import gc
import subprocess
import sys
from dataclasses import replace

import pyarrow as pa
import pytest

from babelmill.format import File
from transforms.storage import CorruptFile, LazyWriter, WorkDirectory, sha256_of

SCHEMA = pa.schema([("row", pa.int32())])


def batch(*values):
    return pa.record_batch([pa.array(values, pa.int32())], schema=SCHEMA)


def test_a_file_reads_back_and_is_described(tmp_path):
    work = WorkDirectory(tmp_path)
    with work.write_arrow("a/b.arrow", SCHEMA) as writer:
        writer.write(batch(1, 2))
        writer.write(batch(3))
    path = tmp_path / "a/b.arrow"
    assert writer.file == File("a/b.arrow", 3, path.stat().st_size, sha256_of(path))
    assert work.open_arrow(writer.file).read_all().column("row").to_pylist() == [1, 2, 3]


def test_nothing_appears_when_writing_fails(tmp_path):
    work = WorkDirectory(tmp_path)
    with pytest.raises(KeyError), work.write_arrow("a.arrow", SCHEMA) as writer:
        writer.write(batch(1))
        raise KeyError
    assert not (tmp_path / "a.arrow").exists()
    assert not list((tmp_path / ".babelmill/tmp").iterdir())


def test_the_same_batches_give_the_same_bytes(tmp_path):
    work = WorkDirectory(tmp_path)
    files = []
    for name in ("a.arrow", "b.arrow"):
        with work.write_arrow(name, SCHEMA) as writer:
            writer.write(batch(1, 2, 3))
        files.append(writer.file)
    assert files[0].sha256 == files[1].sha256


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_file_is_refused(tmp_path, damage):
    work = WorkDirectory(tmp_path)
    with work.write_arrow("a.arrow", SCHEMA) as writer:
        writer.write(batch(1, 2, 3))
    path = tmp_path / "a.arrow"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content if damage == "flip" else content[:-1])
    if damage == "remove":
        path.unlink()
    with pytest.raises(CorruptFile, match=r"a\.arrow: found .* expected .* run the same command again"):
        work.open_arrow(writer.file)


def test_a_full_disk_is_named(tmp_path):
    """A file size limit fails as a full disk does: in the middle of a write."""
    program = f"""
import pathlib, resource, signal, sys
import pyarrow as pa
from transforms.storage import LazyWriter, WorkDirectory, WorkDirectoryError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
work = WorkDirectory(pathlib.Path({str(tmp_path)!r}))
schema = pa.schema([("row", pa.int32())])
try:
    with work.write_arrow("big.arrow", schema) as writer:
        for _ in range(100):
            writer.write(pa.record_batch([pa.array(range(10_000), pa.int32())], schema=schema))
except WorkDirectoryError as error:
    print(error.strerror)
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "cannot write" in found.stdout and "big.arrow" in found.stdout
    assert not (tmp_path / "big.arrow").exists()
    assert not list((tmp_path / ".babelmill/tmp").iterdir())


def test_a_file_is_hashed_once_until_it_is_touched(tmp_path, monkeypatch):
    work = WorkDirectory(tmp_path)
    with work.write_arrow("a.arrow", SCHEMA) as writer:
        writer.write(batch(1))
    hashed = []
    monkeypatch.setattr("transforms.disk.sha256_of", lambda path: hashed.append(path) or sha256_of(path))
    work.check(writer.file)
    assert hashed == []
    path = tmp_path / "a.arrow"
    (tmp_path / "copy").write_bytes(path.read_bytes())
    (tmp_path / "copy").replace(path)
    work.check(writer.file)
    work.check(writer.file)
    assert hashed == [path]


def test_a_folder_is_listed_once_for_all_its_files(tmp_path, monkeypatch):
    work = WorkDirectory(tmp_path)
    files = [work.write_bytes(f"clean/c/{name}.arrow", b"abc") for name in "ab"]
    other = work.write_bytes("vocab/spm.model", b"abc")
    has = work.listed("clean", "dedup")
    assert [has(file) for file in files] == [True, True] and has(other)
    assert not has(replace(files[0], bytes=4)) and not has(replace(files[0], path="clean/c/x.arrow"))
    monkeypatch.setattr(WorkDirectory, "stamp", None)
    assert has(files[1]) and not has(replace(files[0], path="dedup/c/a.arrow"))


def test_a_file_of_this_machine_is_copied(tmp_path):
    (tmp_path / "model").write_bytes(b"abc")
    work = WorkDirectory(tmp_path / "work")
    file = work.copy(tmp_path / "model", "models/x")
    assert work.local(file).read_bytes() == b"abc" and (tmp_path / "model").exists()
    with pytest.raises(FileNotFoundError):
        work.copy(tmp_path / "none", "models/y")
    assert not list((tmp_path / "work/.babelmill/tmp").iterdir())


@pytest.mark.parametrize("root", ["/a/work", "file:///a/work"])
def test_a_folder_has_paths(root):
    assert str(WorkDirectory(root).path("b")) == WorkDirectory(root).address("b") == "/a/work/b"


def test_a_lazy_writer_leaves_no_file_where_nothing_was_written(tmp_path):
    work, batch = WorkDirectory(tmp_path), pa.record_batch([pa.array([1, 2])], names=["row"])
    with LazyWriter(work, "none.arrow", batch.schema) as none, LazyWriter(work, "some.arrow", batch.schema) as some:
        some.append(batch)
        some.append(pa.table(batch.columns, schema=batch.schema))
    assert none.file is None and not (tmp_path / "none.arrow").exists()
    assert work.open_arrow(some.file).read_all().column("row").to_pylist() == [1, 2, 1, 2]


def test_a_lazy_writer_that_fails_publishes_nothing(tmp_path):
    work, batch = WorkDirectory(tmp_path), pa.record_batch([pa.array([1])], names=["row"])
    with pytest.raises(KeyError), LazyWriter(work, "some.arrow", batch.schema) as writer:
        writer.append(batch)
        raise KeyError
    assert writer.file is None and not list(tmp_path.rglob("*.arrow"))


@pytest.mark.parametrize("rows", [1, 1 << 18])
def test_a_task_that_fails_leaves_neither_file_nor_noise(tmp_path, capfd, rows):
    work, batch = WorkDirectory(tmp_path), pa.record_batch([pa.array(range(rows))], names=["row"])
    with pytest.raises(KeyError), work.write_arrow("part.arrow", batch.schema) as writer:
        writer.write(batch)
        raise KeyError("a defect")
    del writer
    gc.collect()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert capfd.readouterr().err == ""
