"""What was downloaded is written down, by many workers at once, and compared with what is there."""

import hashlib
import json
import threading
from dataclasses import replace

import pytest

from transforms.fetch import fetch
from transforms.lockfile import LOCK_NAME, Entry, LockError, entries, merge, record
from transforms.partial import Remote
from transforms.storage import WorkDirectory

ENTRY = Entry("http://x/de.txt.xz", 3, '"e"', "Mon", "2026-11-22T10:00:00+00:00", hashlib.sha256(b"abc").hexdigest())


@pytest.fixture
def work(tmp_path):
    work = WorkDirectory(tmp_path / "work")
    work.create()
    return work


def test_the_lock_file_is_sorted_whatever_the_order_of_the_entries(work, tmp_path):
    names = ["cc-100/fr", "cc-100/de", "opus/de-en", "cc-100/zh-Hans"]
    for name in names:
        record(work, name, ENTRY)
    merge(work)
    first = work.path(LOCK_NAME).read_bytes()
    assert list(json.loads(first)["files"]) == sorted(names)
    assert json.loads(first)["files"]["cc-100/de"]["address"] == "http://x/de.txt.xz"

    other = WorkDirectory(tmp_path / "other")
    for name in reversed(names):
        record(other, name, ENTRY)
    merge(other)
    assert other.path(LOCK_NAME).read_bytes() == first


def test_workers_that_write_at_once_lose_nothing(work):
    def write(worker):
        for number in range(20):
            record(work, f"cc-100/{worker}-{number}", replace(ENTRY, size=number))
            merge(work)

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(merge(work)) == len(json.loads(work.path(LOCK_NAME).read_text())["files"]) == 80


def test_what_was_got_here_counts_more_than_the_lock_file(work):
    record(work, "cc-100/de", ENTRY)
    record(work, "cc-100/fr", ENTRY)
    merge(work)
    lock = json.loads(work.path(LOCK_NAME).read_text())
    lock["files"]["cc-100/de"]["size"] = 4
    lock["files"]["cc-100/ja"] = lock["files"]["cc-100/fr"]
    work.path(LOCK_NAME).write_text(json.dumps(lock))
    assert entries(work) == {"cc-100/de": ENTRY, "cc-100/fr": ENTRY, "cc-100/ja": ENTRY}
    record(work, "cc-100/de", replace(ENTRY, size=5))
    assert merge(work)["cc-100/de"].size == 5
    assert entries(WorkDirectory(work.root / "new")) == {}


def test_a_changed_file_is_noticed(faulty_server, tmp_path):
    server = faulty_server({"de.txt.xz": b"abc"})
    fetched = fetch(f"{server.address}/de.txt.xz", tmp_path / "de.txt.xz")
    entry = Entry.of(fetched)
    assert (entry.size, entry.sha256, entry.address) == (3, ENTRY.sha256, f"{server.address}/de.txt.xz")
    assert entry.difference(fetched.remote) is None
    assert entry.difference(Remote(4)) == "its size was 3, now it is 4"
    assert entry.difference(Remote(3, '"new"')).startswith("its etag was ")


def test_a_local_file_is_hashed_once_somebody_has_read_it(tmp_path):
    path = tmp_path / "de.txt"
    path.write_bytes(b"abc")
    assert Entry.of(fetch(str(path), tmp_path / "unused")).sha256 == ENTRY.sha256
    assert Entry.of(fetch(str(path), tmp_path / "unused"), sha256="known").sha256 == "known"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", 'expected an object with "version": 1'),
        ('{"version": 2, "files": {}}', 'expected an object with "version": 1'),
        ('{"version": 1, "files": {"cc-100/de": {"size": 1}}}', "cc-100/de: expected an object with address, size"),
        ('{"version": 1, "files": {"cc-100/de": 7}}', "cc-100/de: expected an object with address, size"),
    ],
)
def test_a_lock_file_that_cannot_be_read_is_named(work, content, message):
    work.path(LOCK_NAME).write_text(content)
    with pytest.raises(LockError, match=f"downloads.lock.json.*{message}.*restore it, or remove it"):
        entries(work)
