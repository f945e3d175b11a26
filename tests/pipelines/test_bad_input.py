"""Files that cannot be used, or only in part: each gets a message with a cure, and the others get their shards."""

import lzma
from types import SimpleNamespace

import pyarrow as pa
import pytest
from processes import python
from small_run import SAMPLE, call, copy_sample, documents, events, hashes, write_config

from babelmill.format import read_manifest
from transforms import langid

HTML = b"<!DOCTYPE html><html><title>404 Not Found</title></html>"


def truncated(path):
    path.write_bytes(path.read_bytes()[:-100])


def web_page(path):
    path.write_bytes(HTML)


def empty(path):
    path.write_bytes(b"")


def missing(path):
    path.unlink()


UNUSABLE = {"fr": truncated, "ja": web_page, "th": empty, "is": missing}
"""What is done to the file of a language that then has no text at all."""

PARTIAL = {
    "hi": lambda text: text.replace("अधिकार".encode(), b"\xe0\xa4"),
    "es": lambda text: text.replace(b" ", b"\0 "),
    "pl": lambda text: text.replace(b"\n\n", b"\n"),
    "tr": lambda text: 4 * text.strip().replace(b"\n\n", b"\n"),
}
"""Likewise, of a language that has some: invalid UTF-8, NUL bytes, no blank lines in a short file and in a long one."""

LONGEST = 32_000
"""`download.max_document_bytes` of the run; the sample of a language has some 12,000 bytes, or 30,000 in Hindi."""


def spoil(folder, code):
    """Make the file of a language unusable."""
    path = folder / f"{code}.txt.xz"
    path.write_bytes((SAMPLE / path.name).read_bytes() if (SAMPLE / path.name).exists() else b"")
    UNUSABLE[code](path)


def compressed(texts):
    return lzma.compress(b"\n\n".join(texts), preset=0)


def rows(*paths):
    """The rows of Arrow files, one after the other."""
    return [row for path in paths for row in pa.ipc.open_file(pa.memory_map(str(path))).read_all().to_pylist()]


def clean_rows(work, code):
    return rows(*sorted(work.glob(f"clean/udhr/{code}/*.arrow")))


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory):
    """A run over two good files and all the bad ones: its folder, work directory, and result."""
    folder = tmp_path_factory.mktemp("spoilt")
    files = copy_sample(folder / "cc-100", ["de", "ru", *PARTIAL])
    for code in UNUSABLE:
        spoil(files, code)
    for code, change in PARTIAL.items():
        path = files / f"{code}.txt.xz"
        path.write_bytes(lzma.compress(change(lzma.decompress(path.read_bytes()))))
    config = write_config(folder, location=files, languages=["de", "ru", *UNUSABLE, *PARTIAL])
    result = call("run", config, "--json", "--set", f"download.max_document_bytes={LONGEST}")
    return SimpleNamespace(folder=folder, files=files, config=config, work=folder / "work", result=result)


def message(spoilt, code, kind="failed"):
    """What the run said of a language's file."""
    start = f"{kind}: download udhr/{code}: "
    (line,) = [line for line in spoilt.result.stderr.splitlines() if line.startswith(start)]
    return line.removeprefix(start)


def test_the_other_files_get_their_shards(spoilt, finished):
    assert spoilt.result.exit_code == 3
    (end,) = [event for event in events(spoilt.result) if event["event"] == "end" and event["stage"] == "download"]
    assert {name: message(spoilt, name.split("/")[1]) for name in end["failures"]} == end["failures"]
    assert sorted(end["failures"]) == sorted(f"udhr/{code}" for code in UNUSABLE)
    shards = {path.parent.name for path in spoilt.work.glob("shards/documents/train/*/*.arrow")}
    assert shards == {"de", "ru", "hi", "es", "pl"}
    for folder in ("raw", "clean", "dedup"):
        of_good = [f"{folder}/udhr/{code}" for code in ("de", "ru")]
        assert hashes(spoilt.work, *of_good) == hashes(finished / "work", *of_good)


def test_a_truncated_xz(spoilt):
    assert message(spoilt, "fr") == (
        f"{spoilt.files}/fr.txt.xz ends in the middle of a stream; it was cut off: get it again "
        "(decoded before that: 12,281 bytes and 30 documents)"
    )
    assert not list(spoilt.work.glob("*/udhr/fr/*.arrow"))


def test_an_xz_that_is_html(spoilt):
    said = message(spoilt, "ja")
    assert said.startswith(
        f"{spoilt.files}/ja.txt.xz is named .xz but is a web page, as servers send instead of a file"
    )
    assert str(HTML) in said and "expected the bytes fd 37 7a 58 5a 00; get it again" in said


def test_an_empty_file(spoilt):
    assert message(spoilt, "th") == (
        f"{spoilt.files}/th.txt.xz is empty; download it again or leave its language out of `languages`"
    )


def test_a_missing_language(spoilt):
    said = message(spoilt, "is")
    assert said.startswith(f"{spoilt.files} has no file for language 'is'")
    assert said.endswith(
        "expected is.txt.xz, found de, es, fr, hi, ja, pl, ru, th, tr; correct `languages`, or add the file"
    )


def test_invalid_utf8_is_repaired_and_counted(spoilt):
    damaged = PARTIAL["hi"]("\n\n".join(documents("hi")).encode()).split(b"\n\n")
    expected = [text.decode(errors="replace").count("\ufffd") for text in damaged]
    found = clean_rows(spoilt.work, "hi")
    assert [row["replaced"] for row in found] == [row["text"].count("\ufffd") for row in found] == expected
    assert sum(expected) > 10


def test_invalid_utf8_is_rejected_where_that_is_asked_for(spoilt, tmp_path):
    config = write_config(tmp_path, location=spoilt.files, languages=["de", "hi"])
    assert call("download", config, "-q").exit_code == 0
    assert call("clean", config, "-q", "--set", "clean.invalid_utf8=reject").exit_code == 0
    damaged = [row["document"] for row in clean_rows(tmp_path / "work", "hi") if row["replaced"]]
    ledger = read_manifest(tmp_path / "work/clean/manifest.json")["ledger"]
    assert ledger["hi"]["dropped"] == {"invalid_utf8": len(damaged)}
    assert ledger["de"]["kept"] == ledger["de"]["documents"] == len(documents("de"))
    shown = call("inspect", tmp_path / "work/rejects/clean/udhr/hi", "--reason", "invalid_utf8", "-n", 100, "--json")
    assert [row["document"] for row in events(shown)] == damaged


def test_nul_bytes_are_taken_out(spoilt):
    assert b"\0" in rows(*spoilt.work.glob("raw/udhr/es/part-00000.arrow"))[0]["text"]
    assert [row["text"] for row in clean_rows(spoilt.work, "es")] == documents("es")


def test_a_short_file_without_blank_lines_is_one_document(spoilt):
    (row,) = clean_rows(spoilt.work, "pl")
    assert row["text"] == "\n".join(documents("pl"))


def test_a_long_file_without_blank_lines_is_left_out(spoilt):
    said = message(spoilt, "tr", "note")
    size = 4 * len("\n".join(documents("tr")).encode())
    assert said.startswith(
        f"{spoilt.files}/tr.txt.xz: left out 1 of its documents, which are longer than 32,000 bytes; "
        f"the first is document 0, {size:,} bytes from byte 0 on."
    )
    assert "raise `download.max_document_bytes`, or say `split: line`" in said
    (row,) = rows(spoilt.work / "rejects/download/udhr/tr/oversized.arrow")
    assert (row["document"], row["reason"], row["value"]) == (0, "oversized", size)
    assert row["text"] and "\n".join(documents("tr")).startswith(row["text"][:1000])
    ledger = read_manifest(spoilt.work / "raw/manifest.json")["ledger"]["tr"]
    assert ledger == {"bytes": 0, "documents": 1, "dropped": {"oversized": 1}, "kept": 0, "tokens": 0}


MEASURE = """
import resource, sys
from small_run import call
for config in sys.argv[1:]:
    code = call("download", config, "-q", "--set", "download.part_bytes=32MiB").exit_code
    print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


@pytest.mark.slow
def test_a_line_of_200_mb_takes_no_more_memory_than_others(tmp_path):
    files = copy_sample(tmp_path / "cc-100", ["ja"])
    text = "\n\n".join(documents("ja")).encode()
    (files / "el.txt.xz").write_bytes(compressed([text * 800]))
    (files / "de.txt.xz").write_bytes(20 * lzma.compress(bytes(10_000_000).replace(b"\0", b"x"), preset=0))
    (files / "ru.txt.xz").write_bytes(lzma.compress(text.replace(b"\n\n", b"\n") * 1500, preset=0))
    sane = write_config(tmp_path / "sane", location=files, languages=["el"])
    huge = write_config(tmp_path / "huge", location=files, languages=["de", "ru", "ja"])

    process = python(MEASURE, sane, huge)
    (before, after) = (tuple(map(int, line.split())) for line in process.communicate()[0].splitlines())

    assert before[0] == after[0] == 0
    assert after[1] - before[1] < 64 << 20
    work = tmp_path / "huge/work"
    ledger = read_manifest(work / "raw/manifest.json")["ledger"]
    assert ledger["de"]["dropped"] == ledger["ru"]["dropped"] == {"oversized": 1}
    assert ledger["ja"]["kept"] == len(documents("ja"))
    (row,) = rows(work / "rejects/download/udhr/de/oversized.arrow")
    assert (row["text"], row["value"]) == ("x" * (64 << 10), 200e6)


@pytest.mark.parametrize("code", UNUSABLE)
def test_on_error_stop_ends_the_run(tmp_path, code):
    files = copy_sample(tmp_path / "cc-100", ["de"])
    spoil(files, code)
    config = write_config(tmp_path, location=files, languages=["de", code])
    result = call("download", config, "-q", "--set", "on_error=stop")
    assert result.exit_code == 5
    assert result.stderr.startswith(f"babelmill: download, udhr/{code}: {files}")
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "work/raw/manifest.json").exists()


def test_a_file_that_was_replaced_is_read_again(tmp_path):
    files = copy_sample(tmp_path / "cc-100", ["de"])
    spoil(files, "fr")
    config = write_config(tmp_path, location=files, languages=["de", "fr"])
    assert call("download", config, "-q").exit_code == 3
    german = next((tmp_path / "work/raw/udhr/de").glob("*.arrow")).stat()
    (files / "fr.txt.xz").write_bytes((SAMPLE / "fr.txt.xz").read_bytes())
    result = call("download", config, "--json")
    assert result.exit_code == 0 and events(result)[0]["tasks"] == 1
    assert b"".join(row["text"] for row in rows(*sorted((tmp_path / "work/raw/udhr/fr").glob("*.arrow")))) == (
        "".join(documents("fr")).encode()
    )
    assert next((tmp_path / "work/raw/udhr/de").glob("*.arrow")).stat().st_mtime_ns == german.st_mtime_ns


def unusable_models(good):
    """Ways in which a model's file can be wrong, and what the message has to say of it."""
    content = good.read_bytes()
    return {
        "text": (b"hello, world\n" * 100, "is not a"),
        "empty": (b"", "is "),
        "cut": (content[: len(content) // 2], ""),
        "other": (b"\0" + content, ""),
        "missing": (None, "cannot be read: No such file or directory; correct the path"),
    }


@pytest.mark.parametrize("kind", ["text", "empty", "cut", "other", "missing"])
@pytest.mark.parametrize("key", ["clean.language_id.model", "vocabulary.model_file"])
def test_a_model_that_is_not_one_is_refused_before_any_work(finished, tmp_path, key, kind):
    good = finished / "work/vocab/spm.model" if key.startswith("vocabulary") else langid.bundled_model()
    content, said = unusable_models(good)[kind]
    model = tmp_path / "wrong.model"
    if content is not None:
        model.write_bytes(content)
    config = write_config(tmp_path)
    section = f"vocabulary={{model_file: {model}}}" if key.startswith("vocabulary") else f"{key}={model}"
    for command in ("run", "status"):
        result = call(command, config, "--set", section)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"babelmill: {key}: {model} ") and said in result.stderr
    assert not (tmp_path / "work").exists()
