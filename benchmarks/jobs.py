"""The whole job as commands: Babelmill, the script that one would write instead, and datatrove."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import inputs
from benchmarks.harness import BABELMILL, ROOT, Finished, run_command
from transforms.langid import bundled_model
from vocab.export import tokenizer_json
from vocab.model_file import read_model

PEERS = ROOT / "benchmarks" / "peers"
ONE_THREAD = {"RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
"""For libraries that would start threads in every process of a pool."""

CONFIG = """\
workdir: work
seed: 1
corpora: [{{name: corpora, format: cc100, location: {location}}}]
clean: {{language_id: {{threshold: 0.5}}}}
dedup: {{threshold: 0.8}}
vocabulary: {{model_file: {model}}}
shards: {{tokens: 4000000}}
"""


class Ran(NamedTuple):
    """A job that is done.

    Attributes:
        seconds: wall time of the command.
        memory: bytes, peak of the process tree; 0 where nobody looked.
        said: the JSON object of its last line.
        digest: of what it wrote, for Babelmill: shards with the same digest are the same bytes.
    """

    seconds: float
    memory: int
    said: dict[str, Any]
    digest: str = ""


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """The jobs over one folder of texts.

    Attributes:
        texts: folder with xx.txt.xz.
        model: SentencePiece model.
        scratch: folder for what the jobs write; it is emptied before each.
    """

    texts: Path
    model: Path
    scratch: Path

    def babelmill(self, *, cores: int, watch_memory: bool = False, settings: Sequence[str] = ()) -> Ran:
        """`babelmill run` from nothing; the work directory stays until the next one.

        Args:
            cores: how many it may use, and how many workers it is told to have.
            watch_memory: whether to look at its memory, which makes it slower.
            settings: overrides of the configuration, `key=value`.
        """
        out = self._empty("babelmill")
        config = out / "job.yaml"
        config.write_text(CONFIG.format(location=json.dumps(str(self.texts)), model=json.dumps(str(self.model))))
        overrides = [word for setting in settings for word in ("--set", setting)]
        command: list[str | Path] = [
            *BABELMILL,
            "run",
            config,
            "--json",
            *overrides,
            "--",
            f"--direct_num_workers={cores}",
        ]
        done = run_command(command, cores=cores, watch_memory=watch_memory)
        manifest = (out / "work/shards/manifest.json").read_bytes()
        return Ran(done.seconds, done.memory, _last(done), hashlib.sha256(manifest).hexdigest())

    def verify(self) -> None:
        """Check every sha256 and every ledger of what Babelmill wrote last.

        Raises:
            RuntimeError: something does not agree.
        """
        run_command([*BABELMILL, "verify", self.scratch / "babelmill/job.yaml"])

    def handrolled(self, *, cores: int) -> Ran:
        """`peers/handrolled.py`."""
        out = self._empty("handrolled")
        command: list[str | Path] = [sys.executable, PEERS / "handrolled.py", self.texts, out, "--model", self.model]
        done = run_command(
            [*command, "--lid", bundled_model(), "--workers", str(cores)], cores=cores, environment=ONE_THREAD
        )
        return Ran(done.seconds, 0, _last(done))

    def datatrove(self, *, cores: int) -> Ran:
        """`peers/datatrove_job.py`, with the vocabulary as Babelmill exports it for Hugging Face."""
        out = self._empty("datatrove")
        tokenizer = self.scratch / "tokenizer.json"
        tokenizer.write_bytes(tokenizer_json(read_model(self.model)))
        command: list[str | Path] = [
            sys.executable,
            PEERS / "datatrove_job.py",
            self.texts,
            out,
            "--tokenizer",
            tokenizer,
        ]
        done = run_command(
            [*command, "--lid", bundled_model(), "--workers", str(cores)], cores=cores, environment=ONE_THREAD
        )
        return Ran(done.seconds, 0, _last(done))

    def _empty(self, name: str) -> Path:
        """An empty folder. What an earlier job left in it is put aside without its content, and goes with `scratch`.

        It is not removed: for some minutes ext4 passes over each inode of a removed file when it makes a new one, which
        took a job of many small files a third of a second that nobody else would see.
        """
        out = self.scratch / name
        if out.exists():
            for path in out.rglob("*"):
                if path.is_file():
                    os.truncate(path, 0)
            out.rename(Path(tempfile.mkdtemp(dir=self.scratch)) / name)
        out.mkdir(parents=True)
        return out


def _last(done: Finished) -> dict[str, Any]:
    """The JSON object in the last line that a command said."""
    return json.loads(done.output.strip().splitlines()[-1])


def subset(sources: dict[str, Path], folder: Path, megabytes: float) -> Path:
    """A folder with the first documents of some files, `megabytes` in all, the same from each."""
    folder.mkdir(parents=True, exist_ok=True)
    for code, path in sources.items():
        documents = lzma.decompress(path.read_bytes()).split(b"\n\n")
        size, count = 0.0, 0
        while count < len(documents) and size < 1e6 * megabytes / len(sources):
            size += len(documents[count]) + 2
            count += 1
        content = b"\n\n".join(documents[:count]) + b"\n"
        (folder / f"{code}{inputs.SUFFIX}").write_bytes(lzma.compress(content, preset=1))
    return folder
