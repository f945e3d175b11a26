"""`kill -9` at any moment, then the same command: the bytes of an undisturbed run, and nothing is done twice."""

import json
import random
import signal
import time

import pytest
from processes import start, wait_until
from small_run import call, hashes, write_config

JOURNALS = ("download-parts", "clean", "dedup", "sample", "vocab", "tokens", "order", "shards")
"""Where the stages note what is finished, in their order."""

KILLS = 5


def records(work, journal="*"):
    """Paths of the records of finished tasks, and of finished parts of downloads."""
    return list((work / ".babelmill/journal").glob(f"{journal}/**/*.json"))


def moments(undisturbed, seed):
    """Moments of a run, in order: a journal, how many records are in it, seconds after that."""
    chance = random.Random(seed)
    for number in sorted(chance.sample(range(len(JOURNALS)), KILLS)):
        most = len(records(undisturbed, JOURNALS[number]))
        yield JOURNALS[number], chance.randrange(most), chance.choice([0, 0.003, 0.03, 0.3])


def kill_at(moment, config, work):
    """Run until a moment, and no further."""
    journal, finished, seconds = moment
    process = start("run", config)
    plan = work / f".babelmill/plans/{journal.removesuffix('-parts')}.json"
    wait_until(lambda: (plan.exists() and len(records(work, journal)) >= finished) or process.poll() is not None)
    time.sleep(seconds)
    process.kill()
    said = process.communicate()[1]
    assert process.returncode == -signal.SIGKILL, said


def finished_files(work):
    """Files that are noted as finished: path -> what changes when a file is written again."""
    found = {}
    for path in records(work):
        record = json.loads(path.read_text())
        for file in [record["file"]] if "file" in record else record["files"].values():
            status = (work / file["path"]).stat()
            found[file["path"]] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return found


def data_files(work):
    """Paths of all files that are not under `.babelmill`."""
    paths = (path.relative_to(work) for path in work.glob("**/*") if path.is_file())
    return {path.as_posix() for path in paths if path.parts[0] != ".babelmill"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [395])
def test_killed_runs_end_with_the_bytes_of_an_undisturbed_one(finished, tmp_path, seed):
    config, work = write_config(tmp_path), tmp_path / "work"
    done = {}
    for moment in moments(finished / "work", seed):
        kill_at(moment, config, work)
        found = finished_files(work)
        assert {path: found.get(path) for path in done} == done
        # A file has its final name when it is whole, and not before.
        assert hashes(work).items() <= hashes(finished / "work").items()
        done = found

    result = call("run", config, "-q")

    assert result.exit_code == 0, result.output
    found = finished_files(work)
    assert {path: found.get(path) for path in done} == done
    assert data_files(work) == data_files(finished / "work")
    assert hashes(work) == hashes(finished / "work")
    assert not list((work / ".babelmill/tmp").iterdir())
