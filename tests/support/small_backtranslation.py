"""Whole runs with back-translation, by a program that only seems to translate."""

import sys

import translator
from small_run import FOLDERS, SAMPLE

CONFIG = """\
workdir: work
seed: 1
corpora:
  - {{name: udhr, format: cc100, location: {sample}, languages: [de, en, es]}}
vocabulary: {{size: 1000, model: unigram, alpha: 0.3, threads: 1, user_defined_symbols: ["<BT>"]}}
shards: {{tokens: 3000, validation: 5}}
backtranslation:
  engines: [{{name: command, program: [{program}], timeout: 5}}]
  pairs: [[de, en], [es, en]]
  per_language: 60
  min_characters: 20
  batch: 200
"""
RESULTS = (*FOLDERS, "sentences", "pseudo", "sift")


def write_config(folder, *fault, more=""):
    folder.mkdir(parents=True, exist_ok=True)
    program = ", ".join(map(str, (sys.executable, translator.__file__, folder / "calls.txt", *fault)))
    path = folder / "corpus.yaml"
    path.write_text(CONFIG.format(sample=SAMPLE, program=program) + more)
    return path
