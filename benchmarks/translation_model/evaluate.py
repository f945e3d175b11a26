"""chrF and BLEU of translations of held-out texts, and of the texts as they are: the floor.

    python -m benchmarks.translation_model.evaluate OPUS MODEL [MODEL ...]

OPUS is a folder laid out as OPUS's own, each MODEL a directory for CTranslate2 with `source.spm` and `target.spm`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click
import ctranslate2
import sentencepiece as spm
from sacrebleu.metrics import BLEU, CHRF

from benchmarks.translation_model.data import Pair, read_pairs, split


def translate(model: Path, texts: Sequence[str], *, beam: int) -> list[str]:
    """Translations by a CTranslate2 model, in the precision of its weights, on one thread."""
    source, target = (spm.SentencePieceProcessor(model_file=str(model / f"{side}.spm")) for side in Pair._fields)
    translator = ctranslate2.Translator(str(model), inter_threads=1, intra_threads=1)
    results = translator.translate_batch(
        source.encode(list(texts), out_type=str), beam_size=beam, max_batch_size=2_048, batch_type="tokens"
    )
    return [target.decode(result.hypotheses[0]) for result in results]


def scores(translations: Sequence[str], pairs: Sequence[Pair]) -> dict[str, float]:
    """`chrF` (chrF2 of Popović 2015) and `BLEU` of translations of the pairs' sources: 0 to 100, by sacrebleu."""
    references = [[pair.target for pair in pairs]]
    metrics = {"chrF": CHRF(), "BLEU": BLEU()}
    return {name: metric.corpus_score(list(translations), references).score for name, metric in metrics.items()}


@click.command()
@click.argument("opus", type=click.Path(exists=True, file_okay=False))
@click.argument("models", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--corpus", default="LibreOffice", show_default=True, help="Name of the corpus.")
@click.option("--languages", nargs=2, default=("en", "es"), show_default=True, help="Codes of source and target.")
@click.option("--beam", default=1, show_default=True, help="Translations that are followed at a time.")
@click.option("--show", default=0, help="Translations to print.")
def main(opus: str, models: tuple[Path, ...], corpus: str, languages: tuple[str, str], beam: int, show: int) -> None:
    """Score MODELS on held-out pairs of a corpus in OPUS."""
    pairs = split(read_pairs(opus, languages, corpus=corpus)).held_out
    texts = [pair.source for pair in pairs]
    click.echo(f"{len(pairs):,} held-out pairs")
    for model in (None, *models):
        began = time.process_time()
        translations = translate(model, texts, beam=beam) if model else texts
        seconds = time.process_time() - began
        found = ", ".join(f"{name} {score:.1f}" for name, score in scores(translations, pairs).items())
        click.echo(f"{model or 'the source as it is'}: {found}" + (f"; {seconds:.1f} s of CPU" if model else ""))
        for pair, translation in zip(pairs[: show if model else 0], translations, strict=False):
            click.echo(f"  {pair.source}\n    {translation}\n    {pair.target}")


if __name__ == "__main__":
    main()
