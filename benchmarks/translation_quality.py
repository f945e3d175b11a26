"""How good translations of engines are: chrF on held-out real pairs that no model saw, against copying the source.

    python -m benchmarks.translation_quality OPUS                             # lexical, Apertium as far as installed
    python -m benchmarks.translation_quality OPUS --model tests/data/en-es-tiny    # and a neural model, en-es

Which pairs are held out, `translation_model/data.py` says: some of each language pair, by the hash of the source text,
of what looks translated. The lexicon is learnt from the others; scripts without spaces are cut by a vocabulary that is
trained on them. chrF (Popović, 2015) is sacrebleu's, with its defaults; Markdown comes out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import sacrebleu

from benchmarks.translation_model.data import Pair, draw, read_pairs, split
from transforms.engines.apertium import Apertium
from transforms.engines.engine import Engine
from transforms.engines.neural import CTranslate2
from transforms.learn_pairs import PIECES, texts_without_spaces
from transforms.lexicon.learning import learn
from transforms.lexicon.model import Lexicon
from transforms.translating import translate
from transforms.words import unspaced
from vocab.encoding import Encoder
from vocab.training import train

PAIRS = ("en-es", "en-de", "ru-en", "el-en", "ja-en", "hi-en", "ko-en", "km-en", "zh-Hans-en", "dz-en", "vi-en")
ENGINES = ("copy", "lexical", "apertium", "ctranslate2")


def lexicon_of(pairs: Sequence[Pair], languages: tuple[str, str]) -> Lexicon:
    """A lexicon of some pairs."""
    ordered = sorted(pairs, key=lambda pair: draw(pair.source))
    sides = [pa.array([getattr(pair, side) for pair in ordered]) for side in ("source", "target")]
    if not any(unspaced(side) for side in sides):
        return learn(*sides, languages=languages)
    with tempfile.NamedTemporaryFile(suffix=".model") as file:
        file.write(train(texts_without_spaces(sides), options=PIECES).model)
        file.flush()
        return learn(*sides, languages=languages, pieces=Encoder(file.name))


def chrf(said: Sequence[str | None], pairs: Sequence[Pair]) -> float:
    """Of translations; one that is missing is empty."""
    return sacrebleu.corpus_chrf([text or "" for text in said], [[pair.target for pair in pairs]]).score


def by_engine(engine: Engine, sources: pa.StringArray, languages: tuple[str, str]) -> list[str | None]:
    """Translations of sentences, as the pipeline has them made."""
    source, target = languages
    with engine:
        return translate(sources, engine, source=source, target=target, name="quality", seed=1).texts.to_pylist()


def row(opus: Path, name: str, engines: Sequence[Engine], version: str) -> Iterator[str]:
    """The cells of a pair of languages."""
    source, _, target = name.rpartition("-")
    languages = (source, target)
    divided = split(read_pairs(str(opus), languages, version=version), fewest=100)
    sources = pa.array([pair.source for pair in divided.held_out])
    lexicon = lexicon_of(divided.training, languages)
    said = {"copy": sources.to_pylist(), "lexical": lexicon.translate(sources)[0].to_pylist()}
    for engine in engines:
        if engine.serves(*languages):
            said[engine.name] = by_engine(engine, sources, languages)
    scores = {engine: chrf(texts, divided.held_out) for engine, texts in said.items()}
    yield from (name, f"{len(divided.training):,}", f"{len(divided.held_out):,}")
    yield from (f"{scores[engine]:.1f}" if engine in scores else "" for engine in ENGINES)
    yield f"{scores['lexical'] - scores['copy']:+.1f}"
    for pair, gloss in list(zip(divided.held_out, said["lexical"], strict=True))[:3]:
        print(f"{name}: {pair.source} ||| {gloss} ||| {pair.target}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("opus", type=Path, help="a folder laid out as OPUS's own")
    parser.add_argument("--pairs", nargs="+", default=PAIRS, help="from-to, languages with archives")
    parser.add_argument("--version", default="v7.4")
    parser.add_argument("--model", type=Path, help="a converted model from English to Spanish")
    options = parser.parse_args()
    engines: list[Engine] = [Apertium()]
    if options.model:
        engines.append(CTranslate2(folder=options.model, family="marian", pairs=[("en", "es")]))
    print("| from-to | learnt from | judged by |", " | ".join(ENGINES), "| `lexical` above copying |")
    print("|---" * (4 + len(ENGINES)) + "|")
    for name in options.pairs:
        print("|", " | ".join(row(options.opus, name, engines, options.version)), "|", flush=True)


if __name__ == "__main__":
    main()
