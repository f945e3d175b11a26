"""The whole of `babelmill download` against a server that fails on purpose."""

import functools
import json
import lzma
import random
from hashlib import sha256

import pytest
from processes import start, wait_until
from small_run import LANGUAGES, SAMPLE, call, events, hashes, write_config

from transforms import downloads as fetching
from transforms.fetch import FetchOptions

FILES = {f"{code}.txt.xz": (SAMPLE / f"{code}.txt.xz").read_bytes() for code in LANGUAGES}
HTML = b"<html>Down for maintenance</html>"


@pytest.fixture
def waits(monkeypatch):
    """Spares the waiting between two requests, and notes how long each would have been."""
    found = []
    monkeypatch.setattr(fetching, "FetchOptions", functools.partial(FetchOptions, sleep=found.append))
    return found


def configured(tmp_path, server, languages=LANGUAGES):
    return write_config(tmp_path, location=server.address, languages=languages)


def download(config, *settings):
    return call("download", config, "--json", *(part for setting in settings for part in ("--set", setting)))


def downloads(tmp_path):
    """Name -> content of what was downloaded."""
    return {path.name: path.read_bytes() for path in (tmp_path / "work/downloads/udhr").iterdir()}


def locked(tmp_path):
    return json.loads((tmp_path / "work/downloads.lock.json").read_text())["files"]


def failures(result):
    return events(result)[-2]["failures"]


@pytest.mark.parametrize("seed", range(3))
def test_a_server_that_fails_at_random(faulty_server, tmp_path, waits, finished, seed):
    server = faulty_server(FILES, seed=seed, cut=0.5, ignore_range=0.5, busy=0.3)
    changed = lzma.compress(random.Random(seed).randbytes(20_000).hex().encode())
    server.changes[4] = ("th.txt.xz", changed)
    server.answers.append((503, {"Retry-After": "7"}, b""))

    result = download(configured(tmp_path, server), "download.retries=30")

    assert result.exit_code == 0, result.output
    got = downloads(tmp_path)
    assert got.keys() == FILES.keys()
    assert got["th.txt.xz"] in (FILES["th.txt.xz"], changed)
    assert {**got, "th.txt.xz": b""} == {**FILES, "th.txt.xz": b""}
    for code in LANGUAGES:
        entry = locked(tmp_path)[f"udhr/{code}"]
        content = got[f"{code}.txt.xz"]
        assert (entry["sha256"], entry["size"]) == (sha256(content).hexdigest(), len(content))
        assert entry["address"] == f"{server.address}/{code}.txt.xz" and entry["etag"] and entry["date"]
    same = [f"raw/udhr/{code}" for code in LANGUAGES if code != "th"]
    assert hashes(tmp_path / "work", *same) == hashes(finished / "work", *same)
    assert 7 in waits


def test_what_was_downloaded_is_not_asked_for_again(faulty_server, tmp_path):
    server = faulty_server(FILES)
    config = configured(tmp_path, server)
    assert download(config).exit_code == 0
    before = list(server.requests)
    again = download(config, "download.part_bytes=2kB")
    assert again.exit_code == 0 and events(again)[0]["tasks"] == len(LANGUAGES)
    assert server.requests == before


def test_a_download_that_was_killed_goes_on_where_it_was(faulty_server, tmp_path):
    server = faulty_server(FILES, seed=1, cut=1.0)
    config = configured(tmp_path, server, ["de"])
    part = tmp_path / "work/downloads/udhr/de.txt.xz.part"
    process = start("download", config)
    have = wait_until(lambda: part.exists() and part.stat().st_size)
    process.kill()
    process.communicate()
    server.cut, before = 0, len(server.requests)
    assert download(config).exit_code == 0
    assert server.requests[before:] == [("GET", "de.txt.xz", f"bytes={have}-", 206)]
    assert downloads(tmp_path) == {"de.txt.xz": FILES["de.txt.xz"]}


def test_a_server_that_does_not_recover(faulty_server, tmp_path, waits):
    server = faulty_server(FILES, busy=1.0)
    result = download(configured(tmp_path, server, ["de"]), "download.retries=2")
    assert result.exit_code == 3
    said = failures(result)["udhr/de"]
    assert said.startswith(f"{server.address}/de.txt.xz: given up after 3 requests, the last 3 without a new byte.")
    assert "its server answers HTTP 503" in said and "run the same command again" in said
    assert len(server.requests) == 3


def test_a_language_that_the_server_has_not(faulty_server, tmp_path):
    server = faulty_server(FILES)
    result = download(configured(tmp_path, server, ["de", "is"]))
    assert result.exit_code == 3
    assert failures(result) == {
        "udhr/is": f"{server.address}/is.txt.xz: its server answers HTTP 404 Not Found: it has no such file; "
        "correct `location`, or leave the language out of `languages`"
    }
    assert list((tmp_path / "work/raw/udhr/de").iterdir())


def test_a_page_in_place_of_a_file_is_not_kept(faulty_server, tmp_path):
    server = faulty_server(FILES)
    config = configured(tmp_path, server, ["de"])
    server.answers.append((200, {}, HTML))
    result = download(config)
    assert result.exit_code == 3
    assert (
        "is a web page, as servers send instead of a file: it begins with b'<html>Down" in failures(result)["udhr/de"]
    )
    assert downloads(tmp_path) == {}
    assert download(config).exit_code == 0
    assert downloads(tmp_path) == {"de.txt.xz": FILES["de.txt.xz"]}


def test_a_file_that_is_not_what_the_lock_file_says(faulty_server, tmp_path):
    server = faulty_server(FILES)
    config, work = configured(tmp_path, server, ["de"]), tmp_path / "work"
    assert download(config).exit_code == 0
    (work / "downloads/udhr/de.txt.xz").unlink()
    server.files["de.txt.xz"] = bytearray(FILES["de.txt.xz"])
    server.files["de.txt.xz"][-20] ^= 1
    for _ in range(2):
        result = download(config)
        assert result.exit_code == 3
        said = failures(result)["udhr/de"]
        assert said.startswith(f"{server.address}/de.txt.xz is not what it was on 20")
        assert "to take the new one, remove its entry from" in said and str(work / "downloads.lock.json") in said
    server.files = FILES
    assert download(config).exit_code == 0


def test_no_more_connections_than_allowed(faulty_server, tmp_path):
    server = faulty_server(FILES, delay=0.1)
    assert download(configured(tmp_path, server), "download.connections=1").exit_code == 0
    assert server.most_open == 1
