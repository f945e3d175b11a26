"""Parallel corpora that are far, bad, or say the same thing several times."""

import functools
import json

import pytest
from bitext_files import write_moses
from opus_server import Opus
from small_pairs import rows, write_config
from small_run import call

import babelmill
from babelmill.format import read_manifest
from transforms.parallel import opus, reading


def test_a_bad_archive_is_named_and_the_others_go_on(tmp_path):
    config = write_config(tmp_path, documents=False, chosen=", pairs: [[de, en], [en, ru], [fr, en]]")
    archive = tmp_path / "opus/News/v1/moses/en-ru.txt.zip"
    write_moses(archive, b"one\ntwo\n", "раз\n".encode(), codes=("en", "ru"))
    result = call("run", config, "-q")
    assert result.exit_code == 3
    failed = [line for line in result.stderr.splitlines() if line.startswith("failed: download")]
    assert "has 2 lines" in result.stderr and "has 1 lines" in result.stderr
    assert "no pair fr-en" in result.stderr and len(failed) == 2
    assert babelmill.open(tmp_path / "work").languages == ["de-en"]
    assert call("run", config, "-q").exit_code == 3


@pytest.mark.parametrize(("by", "keep", "stay"), [("source", 2, [1, 3]), ("target", 1, [1, 2, 3])])
def test_translations_of_one_text(tmp_path, by, keep, stay):
    folder = tmp_path / "opus/News/v1/moses"
    others = [(f"Satz Nummer {number} von vielen", f"Sentence number {number} of many") for number in range(20)]
    english = ["Hello", "Good day", "Hello!", "How do you do"]
    pairs = list(zip(["Guten Tag!", "guten Tag", "Guten Tag", "Guten Tag"], english, strict=True))
    first, second = ("\n".join(side).encode() for side in zip(*pairs, *others, strict=True))
    write_moses(folder / "de-en.txt.zip", first, second, scores=b"0.1\n0.3\n0.2\n0.4\n" + b"0.5\n" * 20)
    config = tmp_path / "corpus.yaml"
    config.write_text(
        "workdir: work\ncorpora: [{name: News, format: opus, location: opus}]\n"
        f"pairs: {{dedup: {{by: {by}, keep: {keep}, near: false}}}}\n"
    )
    for command in ("download", "clean", "dedup"):
        assert call(command, config, "-q").exit_code == 0
    removed = {row["row"]: row["reason"] for row in rows(tmp_path / "work/dedup")}
    # The best by score; of a translation that is there twice only the better one.
    assert [number for number in range(4) if number not in removed] == stay
    assert set(removed.values()) == {"exact_duplicate"} and not any(row >= 4 for row in removed)


def test_pairs_from_a_server_are_fetched_once_and_locked(faulty_server, tmp_path, monkeypatch):
    server = faulty_server({}, seed=1)
    content = write_moses(tmp_path / "a.zip", b"Haus\nBaum\n", b"house\ntree\n", README=b"License: CC0\n").read_bytes()
    server.files = Opus(server.address)
    server.files.add("News", "v1", ("de", "en"), content)
    monkeypatch.setitem(reading.FORMATS, "opus", functools.partial(opus.locate, api=server.files.api))
    config = tmp_path / "corpus.yaml"
    config.write_text("workdir: work\ncorpora: [{name: News, format: opus, languages: [de, en]}]\n")
    assert call("download", config, "-q").exit_code == 0
    asked = len(server.requests)
    locked = json.loads((tmp_path / "work/downloads.lock.json").read_text())["files"]
    assert [entry["address"] for entry in locked.values()] == [f"{server.address}/OPUS-News/v1/moses/de-en.txt.zip"]
    (part,) = read_manifest(tmp_path / "work/raw/manifest.json")["parts"]
    assert part["facts"]["licence"] == "CC0" and part["ledger"]["de-en"]["kept"] == 2
    assert call("download", config, "-q", "--set", "download.part_bytes=2kB").exit_code == 0
    assert len(server.requests) == asked
    found = call("corpora", "de", "en", "--json", "--api", server.files.api)
    (row,) = [json.loads(line) for line in found.stdout.splitlines()]
    assert (row["corpus"], row["languages"], row["pairs"]) == ("News", ["de", "en"], 1000)
    assert "News" in call("corpora", "de", "en", "--api", server.files.api).stdout
