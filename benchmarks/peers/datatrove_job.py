"""The same job in datatrove, the framework that one would install: CC-100's files to token files.

    python benchmarks/peers/datatrove_job.py IN OUT --tokenizer tokenizer.json --lid lid.176.ftz --workers 2

Language filter (fastText), MinHash deduplication in its four steps, tokens: the steps of its own examples
(`fineweb.py`, `tokenize_c4.py`) with its own defaults, 14 bands of 8 and shingles of 5 words. A file is a task. All of
it is datatrove's code, but for a reader of documents that are separated by blank lines, which it has none for.

Words are cut by spaCy's tokenizer for any language (`xx`), which is no slower than those for single ones and lets all
languages be one job, so that both cores are busy.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
from datatrove.pipeline.filters import LambdaFilter, LanguageFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.readers.base import BaseDiskReader
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.writers.jsonl import JsonlWriter
from datatrove.utils.lid import FT176LID
from datatrove.utils.logging import logger
from datatrove.utils.word_tokenizers import WhitespaceTokenizer


class DocumentReader(BaseDiskReader):
    """Reads documents that are separated by blank lines; a document knows the language that its file claims."""

    name = "CC-100"

    def read_file(self, filepath: str) -> Iterator[Document]:
        """Yield the documents of a file."""
        with self.data_folder.open(filepath, "rt", compression="infer", encoding="utf-8", errors="replace") as file:
            lines: list[str] = []
            for line in file:
                if line.strip():
                    lines.append(line)
                elif lines:
                    yield self._document(lines, filepath)
                    lines = []
            if lines:
                yield self._document(lines, filepath)

    def _document(self, lines: list[str], filepath: str) -> Document:
        self._number = getattr(self, "_number", -1) + 1
        data = {"text": "".join(lines).strip(), "claimed": filepath.split(".")[0].split("-")[0]}
        return self.get_document_from_dict(data, filepath, self._number)


def is_claimed(document: Document) -> bool:
    """Whether fastText found the language that the file claims."""
    return document.metadata["language"] == document.metadata["claimed"]


def run(options: argparse.Namespace, tasks: int) -> None:
    """Run the five steps."""
    config, out = MinhashConfig(), options.out

    def step(name: str, pipeline: list, tasks: int = tasks) -> None:
        LocalPipelineExecutor(
            pipeline, tasks=tasks, workers=options.workers, logging_dir=str(out / "logs" / name), start_method="fork"
        ).run()

    filtered, signed, paired, removed = (str(out / name) for name in ("filtered", "signed", "paired", "removed"))
    step(
        "filter",
        [
            DocumentReader(str(options.folder), glob_pattern="*.txt.xz"),
            LanguageFilter(language_threshold=options.language_threshold),
            LambdaFilter(is_claimed),
            JsonlWriter(filtered, compression=None),
        ],
    )
    step("sign", [JsonlReader(filtered), MinhashDedupSignature(signed, config, language=WhitespaceTokenizer())])
    step("pair", [MinhashDedupBuckets(signed, paired, config=config)], tasks=config.num_buckets)
    step("cluster", [MinhashDedupCluster(paired, removed, config=config)], tasks=1)
    step(
        "tokenize",
        [
            JsonlReader(filtered),
            MinhashDedupFilter(removed),
            DocumentTokenizer(str(out / "tokens"), tokenizer_name_or_path=str(options.tokenizer)),
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="CC-100's files to token files, in datatrove.")
    parser.add_argument("folder", type=Path, help="holds xx.txt.xz")
    parser.add_argument("out", type=Path, help="folder for what it writes")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json")
    parser.add_argument("--lid", required=True, help="fastText model")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--language-threshold", type=float, default=0.5)
    options = parser.parse_args()
    logger.remove()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    FT176LID.MODEL_URL = options.lid  # which it would download
    start = time.perf_counter()
    run(options, tasks=len(list(options.folder.glob("*.txt.xz"))))
    tokens = [json.loads(path.read_text()) for path in (options.out / "logs/tokenize").glob("stats.json")]
    print(json.dumps({"seconds": time.perf_counter() - start, "stats": tokens}))


if __name__ == "__main__":
    main()
