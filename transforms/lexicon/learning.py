"""Learning a lexicon from a sample of pairs, from words to calibrated scores.

The sample is what the lexicon will score, so it has pairs in it that are none. `DISCOUNT` keeps them from being learnt
by heart, and the calibration only needs most of its pairs to be true. It is made on pairs that were not learnt from,
as what it finds there is what new pairs will get.

Pairs of a text and itself, which are half of some corpora of software, are not learnt from either: they teach that
words are best left as they are. Their words are counted all the same, as they are what the scores must expect to meet.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
import pyarrow as pa

from transforms.lexicon.calibration import USUAL, area, calibrate, scores
from transforms.lexicon.entries import Entries, Places, Side, find_entries
from transforms.lexicon.guess import guess
from transforms.lexicon.links import lay_links
from transforms.lexicon.model import Lexicon
from transforms.lexicon.scoring import discounted
from transforms.lexicon.training import Trained, train
from transforms.lexicon.word_list import WordList
from transforms.words import Words, segment
from vocab.compiled import njit
from vocab.encoding import Encoder


@dataclass(frozen=True, kw_only=True)
class LexiconOptions:
    """How a lexicon is learnt. With these bounds it takes less than 1 GiB, and 80 bytes for each word of the sample.

    Attributes:
        at_least: times that a word must be met to be known, and pairs in which two words must meet to be looked at.
        words: known words of each language at most: the most frequent. `rows` tells 2^24 apart.
        pair_links: words of the source times words of the target; a pair with more is not learnt from. Long texts take
            the most time and say the least about which word belongs to which.
        links: the same, summed over all pairs learnt from: the sample's first pairs that keep within.
        entries: pairs of words that are looked at; if there were more, they must meet in more pairs than `at_least`.
        guessed: least probability, in either direction, that the first guess must give two words for them to be looked
            at further. 1e-4 costs next to nothing of the area under the scores' curve, 1e-3 costs 0.0001.
        model1: iterations of IBM model 1, from a first guess.
        diagonal: iterations of the diagonal model.
        empty: probability that a word comes from nothing.
        calibration: pairs that scores are calibrated on, at most; a tenth of the sample, which is not learnt from.
    """

    at_least: int = 2
    words: int = 1 << 17
    pair_links: int = 1600
    links: int = 1 << 26
    entries: int = 1 << 23
    guessed: float = 5e-4
    model1: int = 1
    diagonal: int = 1
    empty: float = 0.08
    calibration: int = 20_000

    def __post_init__(self):
        for name, value in asdict(self).items():
            if value <= 0 or (name == "empty" and value >= 1):
                expected = "between 0 and 1" if name == "empty" else "positive"
                raise ValueError(f"{name} is {value}, expected a number that is {expected}")


def learn(
    source: pa.StringArray,
    target: pa.StringArray,
    *,
    languages: tuple[str, str],
    options: LexiconOptions | None = None,
    pieces: Encoder | None = None,
) -> Lexicon:
    """Learn from a sample of pairs, the same lexicon for the same sample.

    Args:
        source, target: string[n], valid UTF-8, without nulls; pairs in an order that has nothing to do with what they
            say, since pairs far apart are taken for examples of what does not belong together.
        languages: codes of the source and the target.
        options: how.
        pieces: the vocabulary that cuts scripts without spaces; None: each of their characters is a word.

    Raises:
        ValueError: the columns differ in length.
    """
    if len(source) != len(target):
        raise ValueError(f"{len(source):,} source texts and {len(target):,} target texts are not pairs")
    options = options or LexiconOptions()
    # Evenly spread: every tenth, or fewer where that is more than it takes.
    held_out = np.arange(0, len(source), max(10, -(-len(source) // options.calibration)))
    found = segment(source, pieces), segment(target, pieces)
    learnt = np.delete(np.arange(len(source)), held_out)
    lexicon = _learnt(found[0].take(learnt), found[1].take(learnt), languages, options, pieces)
    return _calibrated(lexicon, found[0].take(held_out), found[1].take(held_out))


def _learnt(
    source: Words, target: Words, languages: tuple[str, str], options: LexiconOptions, pieces: Encoder | None
) -> Lexicon:
    """A lexicon whose scores are not calibrated."""
    rows, left_out = _usable(source, target, options)
    (source_words, source_side), (target_words, target_side) = (_side(words, options) for words in (source, target))
    source_side, target_side = source_side.take(rows), target_side.take(rows)
    entries, trained = _trained(source_side, target_side, options)
    words = np.maximum([target_side.words.size, source_side.words.size], 1)
    return Lexicon(
        languages=languages,
        source=source_words,
        target=target_words,
        table=discounted(entries.starts, entries.targets, trained.counts, target_size=target_words.size),
        tension=(float(trained.tension[0]), float(trained.tension[1])),
        empty=options.empty,
        weights=USUAL,
        facts={
            "options": asdict(options),
            "learnt": int(rows.size),
            "left_out": left_out,
            "entries": int(entries.targets.size),
            # By iteration, per word: of the target given the source, and the reverse.
            "log_likelihood": (trained.likelihood / words).tolist(),
        },
        pieces=pieces,
    )


def _side(words: Words, options: LexiconOptions) -> tuple[WordList, Side]:
    """The known words of one language, and the sample in their numbers."""
    known = WordList.learn(words, at_least=options.at_least, most=options.words)
    return known, Side(known.numbers(words.hashes), words.offsets, known.size)


def _usable(source: Words, target: Words, options: LexiconOptions) -> tuple[np.ndarray, dict[str, int]]:
    """The pairs to learn from (int64), and how many others there are by reason.

    Pairs with the same two lengths follow each other, since `train` is fastest then.
    """
    lengths = np.diff(source.offsets), np.diff(target.offsets)
    links = lengths[0] * lengths[1]
    empty, long = links == 0, links > options.pair_links
    copied = _copied(source.hashes, source.offsets, target.hashes, target.offsets) & ~empty & ~long
    fitting = np.flatnonzero(~empty & ~long & ~copied)
    rows = fitting[np.cumsum(links[fitting]) <= options.links]
    left_out = {
        "empty": int(empty.sum()),
        "long": int(long.sum()),
        "copied": int(copied.sum()),
        "links": fitting.size - rows.size,
    }
    return rows[np.lexsort((lengths[1][rows], lengths[0][rows]))], left_out


@njit(cache=True, nogil=True)
def _copied(source, source_offsets, target, target_offsets):
    """Whether the words of both texts are the same in the same order, bool (n,)."""
    copied = np.zeros(source_offsets.shape[0] - 1, np.bool_)
    for p in range(copied.shape[0]):
        words = source[source_offsets[p] : source_offsets[p + 1]]
        others = target[target_offsets[p] : target_offsets[p + 1]]
        copied[p] = words.shape[0] == others.shape[0] and (words == others).all()
    return copied


def _trained(source: Side, target: Side, options: LexiconOptions) -> tuple[Entries, Trained]:
    """Learn from pairs, those in a good order."""
    places = Places.of(source)
    met = find_entries(source, target, places, at_least=options.at_least, most=options.entries)
    entries, begin = guess(met, target.size, least=options.guessed)
    trained = train(
        source,
        target,
        entries,
        lay_links(source, target, places, entries),
        begin=begin,
        model1=options.model1,
        diagonal=options.diagonal,
        empty=options.empty,
    )
    return entries, trained


def _calibrated(lexicon: Lexicon, source: Words, target: Words) -> Lexicon:
    """The lexicon with weights from pairs that it has not met: as they are, and each source with a far target."""
    count = source.offsets.size - 1
    if count < 2:
        return replace(lexicon, facts=lexicon.facts | {"calibrated": 0, "area": None})
    far = target.take(np.roll(np.arange(count), count // 2))
    true, shuffled = (lexicon.evidence(source, texts) for texts in (target, far))
    weights = calibrate(true, shuffled)
    found = area(scores(true, weights), scores(shuffled, weights))
    return replace(lexicon, weights=weights, facts=lexicon.facts | {"calibrated": count, "area": found})
