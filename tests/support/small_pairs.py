"""Whole runs on a few archives of OPUS that are made here, from articles of the embedded sample and their like."""

import lzma

import pyarrow as pa
from bitext_files import write_moses
from small_run import SAMPLE

PAIRS = (("de", "en"), ("en", "ru"))
CONFIG = """\
workdir: work
seed: 1
corpora:
{documents}  - {{name: News, format: opus, location: {opus}{chosen}}}
  - {{name: Talks, format: opus, location: {opus}, pairs: [[en, de]]}}
vocabulary: {{size: 1000, model: unigram, alpha: 0.3, threads: 1}}
shards: {{tokens: 3000, validation: 2}}
download: {{part_bytes: 8kB}}
pairs: {{filters: {{skip: [length_ratio, copy, script, language, numerals, punctuation, brackets, repetition]}}}}
"""
"""Its pairs are not always translations, so filters that would see that are off."""

DOCUMENTS = "  - {{name: udhr, format: cc100, location: {sample}, languages: [de, ja]}}\n"


def lines(code):
    """The paragraphs of a language of the sample."""
    text = lzma.decompress((SAMPLE / f"{code}.txt.xz").read_bytes()).decode()
    return [line for line in text.split("\n") if line]


def aligned(codes):
    """Lines of two languages, side by side: as many as the shorter has."""
    return list(zip(*(lines(code) for code in codes), strict=False))


def write_archives(folder):
    """`News` in two pairs of languages, with scores and lines that are empty; `Talks` repeats half of one of them."""
    for codes in PAIRS:
        pairs = [*aligned(codes), ("", "Nothing"), ("x" * 2000, "Too long")]
        scores = [f"{1 + number % 7 / 10}" for number in range(len(pairs))]
        write(folder, "News", codes, pairs, scores=_joined(scores))
    again = [(second.upper(), first) for first, second in aligned(PAIRS[0])[::2]]
    write(folder, "Talks", ("en", "de"), [(first, second) for first, second in again])
    return folder


def write(folder, corpus, codes, pairs, **others):
    """An archive of some pairs."""
    first, second = (_joined(side) for side in zip(*pairs, strict=True))
    path = folder / corpus / "v1" / "moses" / f"{'-'.join(sorted(codes))}.txt.zip"
    return write_moses(path, first, second, codes=codes, corpus=corpus, **others)


def _joined(texts):
    return "".join(f"{text}\n" for text in texts).encode()


def write_config(folder, *, documents=True, chosen="", more=""):
    """Write corpus.yaml and the archives into a folder; returns the configuration's path."""
    folder.mkdir(parents=True, exist_ok=True)
    write_archives(folder / "opus")
    path = folder / "corpus.yaml"
    others = DOCUMENTS.format(sample=SAMPLE) if documents else ""
    path.write_text(CONFIG.format(opus=folder / "opus", documents=others, chosen=chosen) + more)
    return path


def rows(folder):
    """Rows of all Arrow files below a folder."""
    return [
        row
        for path in sorted(folder.glob("**/*.arrow"))
        for row in pa.ipc.open_file(pa.memory_map(str(path))).read_all().to_pylist()
    ]
