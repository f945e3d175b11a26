import hashlib
import os
import time
from dataclasses import replace

import pytest

from babelmill.format import File
from transforms import disk
from transforms.cache import IN_USE, Cache
from transforms.disk import WorkDirectoryError


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache", most=250)


def described(content, name="clean/a.arrow"):
    return File(name, 0, len(content), hashlib.sha256(content).hexdigest())


def add(cache, content, *, used=0.0):
    """Add a file of some content, last used so many seconds ago; returns its description."""
    temporary = cache.folder.parent / "temporary"
    temporary.write_bytes(content)
    path = cache.add(temporary, described(content))
    os.utime(path, (time.time() - used, path.stat().st_mtime))
    assert not temporary.exists()
    return described(content)


def test_a_copy_is_found_by_its_content_and_keeps_the_end_of_its_name(cache):
    file = add(cache, b"abc")
    path = cache.find(file)
    assert path.read_bytes() == b"abc" and path.name.startswith(file.sha256) and path.suffix == ".arrow"
    assert cache.find(replace(file, path="dedup/a.arrow")) == path
    assert cache.find(described(b"other")) is None


def test_the_least_recently_used_copies_go_until_the_others_fit(cache):
    hour = 3600.0
    files = [add(cache, bytes([number]) * 100, used=number * hour) for number in (1, 3)]
    new = add(cache, b"n" * 100)
    assert cache.find(files[0]) and cache.find(new)
    assert cache.find(files[1]) is None


def test_a_use_is_noted(cache):
    files = [add(cache, bytes([number]) * 100, used=number * 3600.0) for number in (1, 3)]
    assert cache.find(files[1])
    add(cache, b"n" * 100)
    assert cache.find(files[1]) and cache.find(files[0]) is None


def test_copies_in_use_stay_beyond_the_bound(cache):
    files = [add(cache, bytes([number]) * 100, used=IN_USE / 2) for number in range(9)]
    assert all(cache.find(file) for file in files)


@pytest.mark.parametrize("damage", [b"abd", b"ab"])
def test_a_damaged_copy_is_not_used(cache, damage):
    file = add(cache, b"abc")
    cache.path(file).write_bytes(damage)
    assert cache.find(file) is None
    assert not cache.path(file).exists()


def test_a_copy_is_hashed_once_a_process_however_often_it_is_used(cache, monkeypatch):
    file = add(cache, b"abc", used=3600.0)
    disk._known().clear()
    hashed = []
    monkeypatch.setattr(disk, "sha256_of", lambda path: hashed.append(path) or file.sha256)
    for _ in range(3):
        assert cache.find(file)
    assert len(hashed) == 1


def test_a_use_leaves_the_time_of_change(cache):
    """What is loaded from a copy, a model, is kept as long as that stays."""
    file = add(cache, b"abc", used=3600.0)
    before = cache.path(file).stat()
    assert cache.find(file)
    after = cache.path(file).stat()
    assert after.st_mtime_ns == before.st_mtime_ns and after.st_atime > before.st_atime


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WorkDirectoryError) as caught:
        Cache(tmp_path / "file/cache").add(tmp_path / "temporary", described(b""))
    assert str(tmp_path / "file/cache") in caught.value.strerror
