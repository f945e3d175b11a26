"""Downloads against a server that does everything wrong, and against the cases one by one."""

import errno
import hashlib
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import fsspec
import pytest

from transforms.fetch import FetchOptions, fetch, probe, retry_after
from transforms.partial import FetchError, PartialFile, Remote
from transforms.storage import WorkDirectoryError

CONTENT = random.Random(7).randbytes(300_000)


class Waits(list):
    """Stands in for `time.sleep`: notes how long it was asked to wait."""

    def __call__(self, seconds):
        self.append(seconds)


def options(**changes):
    return FetchOptions(**{"attempts": 4, "piece_bytes": 4096, "sleep": Waits(), **changes})


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def get(server, target, name="de.txt.xz", **changes):
    return fetch(f"{server.address}/{name}", target, options=options(**changes))


def leave_part(server, target, have, *, remote=None, name="de.txt.xz"):
    """What a download that was killed leaves on disk."""
    with PartialFile(f"{server.address}/{name}", target) as part:
        etag = f'"{sha256(CONTENT)[:16]}"'
        part.begin(remote or Remote(size=len(CONTENT), etag=etag))
        part.append(have)


@pytest.mark.parametrize("seed", range(20))
def test_a_server_that_fails_at_random_gives_the_right_file_in_the_end(faulty_server, tmp_path, seed):
    new = random.Random(8).randbytes(len(CONTENT) + seed % 2)
    server = faulty_server({"de.txt.xz": CONTENT}, seed=seed, cut=0.6, ignore_range=0.5, busy=0.3)
    server.changes[2] = ("de.txt.xz", new)

    fetched = get(server, tmp_path / "de.txt.xz", attempts=40)

    got = (tmp_path / "de.txt.xz").read_bytes()
    assert got == (new if fetched.requests > 2 else CONTENT)
    assert fetched.sha256 == sha256(got)
    assert fetched.size == len(got)
    assert fetched.requests == len(server.requests)
    assert [path.name for path in tmp_path.iterdir()] == ["de.txt.xz"]


def test_the_faults_of_the_sweep_do_happen(faulty_server, tmp_path):
    seen = set()
    for seed in range(5):
        server = faulty_server({"a": CONTENT}, seed=seed, cut=0.6, ignore_range=0.5, busy=0.3)
        get(server, tmp_path / "a", "a", attempts=40)
        seen |= {(bool(ranged), status) for _, _, ranged, status in server.requests}
    assert seen >= {(False, 200), (True, 200), (True, 206), (True, 503)}


def test_a_file_that_keeps_changing_is_given_up(faulty_server, tmp_path):
    server = faulty_server({"a": CONTENT}, cut=1.0, seed=3)
    for number in range(1, 50):
        server.changes[number] = ("a", random.Random(number).randbytes(300_000))
    with pytest.raises(FetchError, match=r"/a: the file keeps changing.*its etag was"):
        get(server, tmp_path / "a", "a", changes=3, attempts=100)


def test_a_later_process_goes_on_where_the_first_was_killed(faulty_server, tmp_path):
    server, target = faulty_server({"de.txt.xz": CONTENT}), tmp_path / "de.txt.xz"
    leave_part(server, target, CONTENT[:100_000])

    fetched = get(server, target)

    assert server.requests == [("GET", "de.txt.xz", "bytes=100000-", 206)]
    assert (fetched.resumed_from, fetched.sha256) == (100_000, sha256(CONTENT))


def test_a_killed_process_leaves_what_the_next_one_goes_on_from(faulty_server, tmp_path):
    server, target = faulty_server({"a": CONTENT}, cut=1.0, seed=5), tmp_path / "a"
    code = (
        "import sys; from pathlib import Path; from transforms.fetch import *\n"
        "def die(seconds): import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n"
        "fetch(sys.argv[1], Path(sys.argv[2]), options=FetchOptions(sleep=die, piece_bytes=4096))"
    )
    subprocess.run([sys.executable, "-c", code, f"{server.address}/a", str(target)], check=False)
    assert not target.exists()
    have = (tmp_path / "a.part").stat().st_size
    assert have > 0
    server.cut = 0.0

    assert get(server, target, "a").resumed_from == have
    assert target.read_bytes() == CONTENT
    assert server.requests[-1][2] == f"bytes={have}-"


def test_a_whole_part_needs_no_request(faulty_server, tmp_path):
    server, target = faulty_server({"de.txt.xz": CONTENT}), tmp_path / "de.txt.xz"
    leave_part(server, target, CONTENT)
    assert get(server, target).requests == 0
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("remote", "answers"),
    [
        # If-Range makes the server send the new file at once; where there is no ETag the size gives it away.
        (Remote(size=len(CONTENT), etag='"older"'), [("bytes=100000-", 200)]),
        (Remote(size=len(CONTENT) + 1, etag=None), [("bytes=100000-", 206), (None, 200)]),
        (Remote(size=50_000, etag=f'"{sha256(CONTENT)[:16]}"'), [(None, 200)]),
    ],
    ids=["etag", "size", "longer than the file was"],
)
def test_a_part_of_another_version_is_dropped(faulty_server, tmp_path, remote, answers):
    server, target = faulty_server({"de.txt.xz": CONTENT}), tmp_path / "de.txt.xz"
    leave_part(server, target, bytes(100_000), remote=remote)
    fetched = get(server, target)
    assert (fetched.resumed_from, fetched.sha256) == (0, sha256(CONTENT))
    assert [request[2:] for request in server.requests] == answers


def test_a_part_of_another_address_or_without_a_note_is_dropped(faulty_server, tmp_path):
    server, target = faulty_server({"de.txt.xz": CONTENT}), tmp_path / "de.txt.xz"
    leave_part(server, target, bytes(100_000), name="other")
    assert get(server, target).sha256 == sha256(CONTENT)
    (tmp_path / "de.txt.xz.part").write_bytes(b"what is this")
    assert get(server, target).sha256 == sha256(CONTENT)
    assert all(ranged is None for _, _, ranged, _ in server.requests)


def test_a_server_that_ignores_range_is_read_from_the_start(faulty_server, tmp_path):
    server, target = faulty_server({"de.txt.xz": CONTENT}, ignore_range=1.0), tmp_path / "de.txt.xz"
    leave_part(server, target, CONTENT[:100_000])
    fetched = get(server, target)
    assert (fetched.resumed_from, fetched.requests, fetched.sha256) == (0, 1, sha256(CONTENT))


def test_a_server_that_ignores_range_and_always_cuts_is_given_up(faulty_server, tmp_path):
    server = faulty_server({"a": CONTENT}, ignore_range=1.0, cut=1.0)
    with pytest.raises(FetchError, match="the last 4 without a new byte"):
        get(server, tmp_path / "a", "a", requests=500)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": "bytes 99999-299999/300000"},
        {"Content-Range": "bytes 100000-299999/400000"},
        {"Content-Range": "bytes 100000-299999/300000", "ETag": '"other"'},
        {"Content-Range": "nonsense"},
        {},
    ],
    ids=["elsewhere", "size", "etag", "nonsense", "none"],
)
def test_an_answer_with_other_bytes_than_asked_for_is_not_used(faulty_server, tmp_path, headers):
    server, target = faulty_server({"de.txt.xz": CONTENT}), tmp_path / "de.txt.xz"
    leave_part(server, target, CONTENT[:100_000])
    server.answers.append((206, headers, bytes(200_000)))
    fetched = get(server, target)
    assert (fetched.requests, fetched.sha256) == (2, sha256(CONTENT))


def test_a_server_whose_file_shrank_is_read_from_the_start(faulty_server, tmp_path):
    server, target = faulty_server({"de.txt.xz": CONTENT[:1000]}, etag=False), tmp_path / "de.txt.xz"
    leave_part(server, target, CONTENT[:100_000], remote=Remote(size=len(CONTENT)))
    assert get(server, target).sha256 == sha256(CONTENT[:1000])
    assert [status for *_, status in server.requests] == [416, 200]


@pytest.mark.parametrize("status", [404, 403, 401, 410, 400])
def test_a_refusal_for_good_is_not_repeated(faulty_server, tmp_path, status):
    server = faulty_server({})
    server.answers.append((status, {}, b"<html>"))
    with pytest.raises(FetchError, match=rf"http://.*/xx\.txt\.xz: its server answers HTTP {status} .*: .+"):
        get(server, tmp_path / "xx.txt.xz", "xx.txt.xz")
    assert len(server.requests) == 1
    assert not (tmp_path / "xx.txt.xz").exists()


def test_waits_double_and_honour_retry_after_up_to_a_bound(faulty_server, tmp_path):
    server, waits = faulty_server({"a": CONTENT}), Waits()
    server.answers += [(500, {}, b""), (502, {}, b""), (504, {}, b"")]
    server.answers += [(503, {"Retry-After": "7"}, b""), (429, {"Retry-After": "9999"}, b"")]
    get(server, tmp_path / "a", "a", attempts=6, backoff=2.0, longest_wait=60.0, sleep=waits)
    assert [low <= wait <= 2 * low for wait, low in zip(waits[:3], [1, 2, 4], strict=True)] == [True] * 3
    assert waits[3:] == [7, 60]


def test_a_server_without_an_end_of_its_troubles_is_given_up(faulty_server, tmp_path):
    server = faulty_server({"a": CONTENT}, busy=1.0)
    leave_part(server, tmp_path / "a", CONTENT[:5000], name="a")
    with pytest.raises(FetchError, match=r"given up after 4 requests.*HTTP 503.*5,000 bytes are kept in .*a\.part"):
        get(server, tmp_path / "a", "a")
    assert len(server.requests) == 4


def test_progress_renews_patience_until_the_bound_on_all_requests(faulty_server, tmp_path):
    server = faulty_server({"a": CONTENT})

    def drip(number):
        start = number * 10_000
        headers = {"Content-Range": f"bytes {start}-{start + 9999}/300000", "ETag": '"e"'}
        return (206 if start else 200, headers, CONTENT[start : start + 10_000])

    leave_part(server, tmp_path / "a", CONTENT[:10_000], name="a", remote=Remote(300_000, '"e"'))
    server.answers += [drip(number) for number in range(1, 30)]
    assert get(server, tmp_path / "a", "a", attempts=2).requests == 29

    leave_part(server, tmp_path / "b", CONTENT[:10_000], name="b", remote=Remote(300_000, '"e"'))
    server.answers += [drip(number) for number in range(1, 30)]
    with pytest.raises(FetchError, match="given up after 5 requests"):
        get(server, tmp_path / "b", "b", attempts=2, requests=5)


def test_nobody_listening_says_so(faulty_server, tmp_path):
    server = faulty_server({})
    server.close()
    with pytest.raises(FetchError, match=rf"{server.address}/a: given up after 4 requests.*refused"):
        get(server, tmp_path / "a", "a")


def test_a_silent_server_is_not_waited_for_without_end(faulty_server, tmp_path):
    server = faulty_server({"a": CONTENT}, delay=1.0)
    with pytest.raises(FetchError, match=r"given up after 2 requests.*[Tt]imed? ?out"):
        get(server, tmp_path / "a", "a", attempts=2, read_timeout=0.1)


def test_an_address_that_is_none_is_refused(tmp_path):
    with pytest.raises(FetchError, match="correct `location`"):
        fetch("http:///nothing", tmp_path / "a", options=options())


def test_bytes_are_kept_as_sent_whatever_their_encoding(faulty_server, tmp_path):
    server = faulty_server({})
    server.answers.append((200, {"Content-Encoding": "gzip"}, CONTENT))
    assert get(server, tmp_path / "a", "a").sha256 == sha256(CONTENT)


@pytest.mark.parametrize("cut", [0.0, 0.5])
def test_a_server_that_does_not_say_how_much_will_come(faulty_server, tmp_path, cut):
    server = faulty_server({"a": CONTENT}, length=False, cut=cut, seed=1)
    fetched = get(server, tmp_path / "a", "a", attempts=20)
    assert fetched.sha256 == sha256(CONTENT)
    assert fetched.remote.size in (None, len(CONTENT))


def test_an_empty_file_is_a_file(faulty_server, tmp_path):
    assert get(faulty_server({"a": b""}), tmp_path / "a", "a").size == 0
    assert (tmp_path / "a").read_bytes() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_named(faulty_server, tmp_path):
    (tmp_path / "a.part").symlink_to("/dev/full")
    with pytest.raises(WorkDirectoryError, match=r"a\.part: No space left on device; free some space") as caught:
        get(faulty_server({"a": CONTENT}), tmp_path / "a", "a")
    assert caught.value.errno == errno.ENOSPC
    assert not (tmp_path / "a").exists()


def test_what_came_before_the_disk_was_full_is_gone_on_from(faulty_server, tmp_path, monkeypatch):
    server, append = faulty_server({"a": CONTENT}), PartialFile.append

    def fill(part, data):
        if part.size > 50_000:
            raise WorkDirectoryError(errno.ENOSPC, "full")
        append(part, data)

    monkeypatch.setattr(PartialFile, "append", fill)
    with pytest.raises(WorkDirectoryError):
        get(server, tmp_path / "a", "a")
    monkeypatch.undo()
    fetched = get(server, tmp_path / "a", "a")
    assert fetched.resumed_from > 50_000
    assert fetched.sha256 == sha256(CONTENT)


def test_two_at_once_do_not_write_one_file(faulty_server, tmp_path):
    server = faulty_server({"a": CONTENT})
    with (
        PartialFile(f"{server.address}/a", tmp_path / "a"),
        pytest.raises(FetchError, match=r"another process is writing .*a\.part"),
    ):
        get(server, tmp_path / "a", "a")


def test_connections_to_a_host_are_bounded(faulty_server, tmp_path):
    server = faulty_server({str(number): CONTENT for number in range(6)}, delay=0.05)
    some = options(slots=tmp_path / "slots", connections=2, sleep=time.sleep)
    threads = [
        threading.Thread(
            target=fetch, args=(f"{server.address}/{number}", tmp_path / str(number)), kwargs={"options": some}
        )
        for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.most_open <= 2
    assert all((tmp_path / str(number)).read_bytes() == CONTENT for number in range(6))


def test_local_files_are_read_in_place(tmp_path):
    path = tmp_path / "with space.txt"
    path.write_bytes(CONTENT)
    for address in (str(path), path.as_uri()):
        fetched = fetch(address, tmp_path / "target")
        assert (fetched.path, fetched.size, fetched.sha256) == (path, len(CONTENT), None)
    assert not (tmp_path / "target").exists()
    with pytest.raises(FetchError, match=r"missing\.txt: No such file"):
        fetch(str(tmp_path / "missing.txt"), tmp_path / "target")


def test_other_file_systems_are_copied(tmp_path):
    fsspec.filesystem("memory").pipe("/test-fetch/de.txt", CONTENT)
    fetched = fetch("memory://test-fetch/de.txt", tmp_path / "de.txt")
    assert (fetched.sha256, (tmp_path / "de.txt").read_bytes()) == (sha256(CONTENT), CONTENT)
    assert probe("memory://test-fetch/de.txt").size == len(CONTENT)
    with pytest.raises(FetchError, match=r"memory://test-fetch/fr\.txt does not exist"):
        fetch("memory://test-fetch/fr.txt", tmp_path / "fr.txt")
    with pytest.raises(FetchError, match="Protocol not known"):
        fetch("nonsense://a/b", tmp_path / "b")


def test_probe_asks_without_fetching(faulty_server):
    server = faulty_server({"a": CONTENT})
    server.answers.append((503, {}, b""))
    remote = probe(f"{server.address}/a", options=options())
    assert remote == Remote(len(CONTENT), f'"{sha256(CONTENT)[:16]}"', None)
    assert [method for method, *_ in server.requests] == ["HEAD", "HEAD"]
    with pytest.raises(FetchError, match="HTTP 404"):
        probe(f"{server.address}/b", options=options())


def test_retry_after_in_seconds_as_a_date_and_as_nonsense():
    assert retry_after("120", now=0) == 120
    assert retry_after("Thu, 01 Jan 1970 00:01:00 GMT", now=10) == 50
    assert retry_after("Thu, 01 Jan 1970 00:01:00 GMT", now=100) == 0
    assert [retry_after(value, now=0) for value in (None, "", "soon", "-3", "Thu, 99 Foo 1970")] == [None] * 5
