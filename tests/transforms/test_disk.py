import errno
import os

import pytest

from transforms import disk
from transforms.disk import HashingFile, WorkDirectoryError, remember, sha256_of, sha256_once, writing
from transforms.errors import stopped_by


@pytest.mark.parametrize(
    ("number", "cure"), [(errno.ENOSPC, "free some space"), (errno.EROFS, "name a `workdir`"), (errno.EIO, "see that")]
)
def test_errors_of_the_disk_say_what_to_do(tmp_path, number, cure):
    with pytest.raises(WorkDirectoryError) as caught, writing(tmp_path / "x"):
        raise OSError(number, os.strerror(number))
    assert caught.value.errno == number
    assert cure in caught.value.strerror and str(tmp_path / "x") in caught.value.strerror


def test_the_message_is_found_again_in_what_a_runner_makes_of_the_error(tmp_path):
    with pytest.raises(WorkDirectoryError) as caught, writing(tmp_path), writing(tmp_path / "inner"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.strerror.startswith(f"cannot write {tmp_path}/inner: No space left on device; free some space")
    assert (
        stopped_by(RuntimeError(f"Traceback …\nOSError: {caught.value} [while running 'x']")) == caught.value.strerror
    )
    assert stopped_by(OSError("another")) is None


@pytest.fixture
def hashed(monkeypatch):
    """Paths of the files that are read to be hashed."""
    found = []
    monkeypatch.setattr(disk, "sha256_of", lambda path: found.append(path) or sha256_of(path))
    return found


def test_a_file_is_hashed_once_until_it_is_touched(tmp_path, hashed):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert sha256_once(path) == sha256_once(path) == sha256_of(path)
    assert hashed == [path]
    (tmp_path / "b").write_bytes(b"abd")
    os.utime(tmp_path / "b", ns=(0, path.stat().st_mtime_ns))
    (tmp_path / "b").replace(path)
    assert sha256_once(path) == sha256_of(path)
    assert hashed == [path, path]


def test_a_file_whose_hash_is_known_is_not_read(tmp_path, hashed):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    remember(path, "known")
    assert sha256_once(path) == "known" and hashed == []


def test_a_file_is_hashed_as_it_is_written(tmp_path):
    path = tmp_path / "a"
    file = HashingFile(path.open("wb"))
    for piece in (b"abc", bytearray(b"de"), memoryview(b"f" * 100_000)):
        file.write(piece)
    assert file.tell() == file.size == 100_005
    file.close()
    file.close_file()
    assert file.sha256.hexdigest() == sha256_of(path)
