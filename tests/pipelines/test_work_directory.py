"""Bad luck with the work directory: a full disk, a read-only folder, another run, files that were changed."""

import lzma
import shutil

import pytest
from processes import start, wait_until
from small_run import LANGUAGES, call, copy_sample, documents, events, hashes, write_config

from babelmill.format import read_manifest

FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))"
"""For a process: a file that grows beyond 1 MiB fails as on a disk that is full."""

FORBIDDEN = """
import ctypes, os
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
if os.geteuid() == 0:
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)
"""
"""For a process: what permissions forbid is forbidden to root as well."""


def copied(finished, tmp_path):
    """A copy of a finished run that may be changed: its configuration and work directory."""
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy/corpus.yaml", tmp_path / "copy/work"


def flip(path):
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("command", "part", "file", "texts"),
    [
        ("download", "de", "raw/udhr/de/part-00000", ["Ein Satz, der recht lang ist. " * 100] * 700),
        (
            "clean",
            "de/part-00000",
            "signatures/udhr/de/part-00000",
            [f"Satz {number} von 4000." for number in range(4000)],
        ),
    ],
    ids=["download", "clean"],
)
def test_a_full_disk_ends_the_run_and_the_next_goes_on(tmp_path, command, part, file, texts):
    files = copy_sample(tmp_path / "cc-100", ["ru"])
    (files / "de.txt.xz").write_bytes(lzma.compress("\n\n".join(texts).encode(), preset=0))
    config, work = write_config(tmp_path, location=files, languages=["de", "ru"]), tmp_path / "work"
    settings = ["--set", "download.part_bytes=32MiB", "--set", "clean.language_id=false", "-q"]
    if command == "clean":
        assert call("download", config, *settings).exit_code == 0

    process = start(command, config, *settings, before=FULL)
    said = process.communicate()[1]

    assert process.returncode == 5
    assert said == (
        f"babelmill: {command}, udhr/{part}: cannot write {work}/{file}.arrow: File too large; "
        "raise the limit on the size of files and run the same command again: finished parts are kept\n"
    )
    assert not (work / f"{file}.arrow").exists() and not list((work / ".babelmill/tmp").iterdir())
    assert call(command, config, *settings).exit_code == 0
    manifest = "raw" if command == "download" else command
    assert read_manifest(work / manifest / "manifest.json")["ledger"]["de"]["documents"] == len(texts)


def test_a_read_only_workdir(tmp_path):
    (tmp_path / "work").mkdir(mode=0o555)
    process = start("download", write_config(tmp_path), before=FORBIDDEN)
    said = process.communicate()[1]
    assert process.returncode == 5
    assert said.startswith(f"babelmill: cannot write {tmp_path}/work: Permission denied; name a `workdir` that you may")


def test_a_folder_of_the_workdir_that_became_read_only(finished, tmp_path):
    config, work = copied(finished, tmp_path)
    folder = work / "raw/udhr/de"
    folder.chmod(0o555)
    process = start("download", config, "-q", "--set", "download.part_bytes=4kB", before=FORBIDDEN)
    said = process.communicate()[1]
    folder.chmod(0o755)
    assert process.returncode == 5
    assert said.startswith(f"babelmill: download, udhr/de: cannot write {folder}/part-00000.arrow: Permission denied; ")
    assert "name a `workdir` that you may write to" in said


def test_a_workdir_below_a_file(tmp_path):
    (tmp_path / "work").write_text("a file")
    result = call("download", write_config(tmp_path))
    assert result.exit_code == 5
    assert result.stderr == (
        f"babelmill: cannot write {tmp_path}/work: Not a directory; name a `workdir` that is a folder "
        "and run the same command again: finished parts are kept\n"
    )


def test_two_runs_on_one_workdir(tmp_path, faulty_server):
    files = copy_sample(tmp_path / "cc-100", ["de"])
    server = faulty_server({"de.txt.xz": (files / "de.txt.xz").read_bytes()}, delay=60)
    config = write_config(tmp_path, location=server.address, languages=["de"])
    process = start("download", config)
    wait_until(lambda: server.open)
    result = call("download", config)
    process.kill()
    process.communicate()
    assert result.exit_code == 75
    assert f"{tmp_path}/work is in use by process {process.pid}: wait for it to end, or name another" in result.stderr
    server.delay = 0
    assert call("download", config).exit_code == 0


@pytest.mark.parametrize("stage", ["raw", "vocab", "shards"])
def test_a_manifest_that_was_edited_by_hand(finished, tmp_path, stage):
    config, work = copied(finished, tmp_path)
    path = work / stage / "manifest.json"
    path.write_text(path.read_text().replace('"documents": 31', '"documents": 30').replace('"pieces": ', '"pieces": 1'))
    for command, code in (("run", 5), ("verify", 4)):
        result = call(command, config)
        assert result.exit_code == code
        assert f"{path} was changed since Babelmill wrote it: its checksum is " in result.output
        assert "delete it and run again, finished parts are kept" in result.output
    path.unlink()
    result = call("run", config, "--json")
    assert result.exit_code == 0
    assert all(event["tasks"] == 0 for event in events(result) if event["event"] == "start")
    assert hashes(work) == hashes(finished / "work")


def test_a_part_with_a_wrong_sha256(finished, tmp_path):
    config, work = copied(finished, tmp_path)
    path = work / "raw/udhr/de/part-00000.arrow"
    flip(path)
    again = ["--json", "--set", "clean.form=NFKC"]
    result = call("clean", config, *again)
    assert result.exit_code == 3
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"failed: clean udhr/de/part-00000: {path}: found sha256 ")
    assert line.endswith("remove it and run the same command again: it will be made anew, with all that depends on it")
    ledger = read_manifest(work / "clean/manifest.json")["ledger"]
    assert all(ledger[code]["documents"] == len(documents(code)) for code in LANGUAGES if code != "de")
    assert 0 < ledger["de"]["documents"] < len(documents("de"))

    path.unlink()
    assert call("download", config, *again).exit_code == 0
    result = call("clean", config, *again)
    assert result.exit_code == 0 and events(result)[0]["tasks"] == 1
    assert hashes(work, "raw") == hashes(finished / "work", "raw")


def test_verify_names_every_file_that_differs(finished, tmp_path):
    config, work = copied(finished, tmp_path)
    changed = [next(work.glob(f"{stage}/**/*.arrow")) for stage in ("raw", "clean", "signatures", "dedup", "tokens")]
    changed += [work / "vocab/spm.model", next(work.glob("order/*.arrow")), next(work.glob("shards/**/th/*.arrow"))]
    for path in changed:
        flip(path)
    result = call("verify", config)
    assert result.exit_code == 4
    lines = result.stdout.splitlines()
    assert len(lines) == len(changed)
    for path in changed:
        assert sum(f": {path}: found sha256 " in line for line in lines) == 1
