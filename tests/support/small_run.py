"""Whole runs on a small part of the embedded sample, in the test's own process."""

import hashlib
import json
import lzma
from pathlib import Path

from click.testing import CliRunner

import babelmill
from pipelines.cli import babelmill as command_group
from pipelines.config_file import load

SAMPLE = Path(babelmill.__file__).parent / "sample" / "cc-100"
LANGUAGES = ("de", "ja", "ru", "th")

CONFIG = """\
workdir: work
seed: 1
corpora:
  - {{name: udhr, format: cc100, location: {location}, languages: [{languages}]}}
vocabulary: {{size: 1000, model: unigram, alpha: 0.3, threads: 1}}
shards: {{tokens: 2000, validation: 2}}
download: {{part_bytes: 8kB}}
"""


def call(*arguments):
    """Run a command; returns click's result."""
    return CliRunner().invoke(command_group, [str(argument) for argument in arguments], catch_exceptions=False)


def write_config(folder, *, location=SAMPLE, languages=LANGUAGES, more=""):
    """Write corpus.yaml into a folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "corpus.yaml"
    path.write_text(CONFIG.format(location=location, languages=", ".join(languages)) + more)
    return path


def copy_sample(folder, languages=LANGUAGES):
    """Copy files of the sample, to be changed."""
    folder.mkdir(parents=True, exist_ok=True)
    for code in languages:
        (folder / f"{code}.txt.xz").write_bytes((SAMPLE / f"{code}.txt.xz").read_bytes())
    return folder


def documents(code):
    """The documents of a language of the sample."""
    return lzma.decompress((SAMPLE / f"{code}.txt.xz").read_bytes()).decode().strip("\n").split("\n\n")


FOLDERS = ("raw", "clean", "signatures", "lexicon", "filter", "rejects", "dedup", "vocab", "tokens", "order", "shards")
"""Folders of a work directory in which results are."""


def hashes(work, *folders):
    """sha256 of every file below folders of a work directory, but for what is not data."""
    found = {}
    for folder in folders or FOLDERS:
        for path in sorted((work / folder).glob("**/*")):
            if path.is_file():
                found[path.relative_to(work).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def events(result):
    """The JSON lines of a command's output."""
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def config_of(folder):
    """The configuration that `write_config` wrote into a folder."""
    return load(folder / "corpus.yaml")
