"""Documents to token ids: the kernels that run over the buffers of an Arrow column.

A document is normalised, then cut into pieces. Where no piece and no rule of normalisation goes across a space, that is
done word by word, and a table remembers the words. All other models, and documents that hold a word mark of their own,
are taken as a whole.

Kernels make no arrays: they stop at a document for which one is too short, and `Segmenter` goes on with a longer one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from vocab import bpe as _bpe
from vocab import unigram as _unigram
from vocab.compiled import kernel
from vocab.model_file import WORD_MARK, Algorithm, Kind, ModelFile
from vocab.normaliser import BLANK, Rules, compile_rules, normalise
from vocab.pieces import lay_out
from vocab.word_cache import (
    FEW,
    IDS,
    MOST_IDS,
    WordCache,
    Words,
    eight_bytes,
    enter,
    find,
    new_cache,
    new_words,
    number_and_limit,
    read_words,
)

CACHED_LINES = 1 << 18
"""Lines of the table of words that a thread uses: 16 MiB, and 2 MiB for words of many pieces."""

_DONE, _WHOLE, _MORE_TEXT, _MORE_WAYS, _MORE_IDS = range(5)  # why a kernel has stopped
_SPACE = 32
_TEXT, _PLACES = 1 << 16, 1 << 13  # bytes of normal text, and places of a lattice or an agenda, in a workspace
_ZERO = np.float32(0.0)


class Workspace(NamedTuple):
    """Memory for one call at a time.

    Attributes:
        text: uint8[some], for normal text.
        ways: for ways to cut it.
        cache: the words that are known.
        words: the words that are next.
    """

    text: np.ndarray
    ways: _unigram.Lattice | _bpe.Agenda
    cache: WordCache
    words: Words


class Segmenter:
    """Encodes documents with kernels; any number of threads may use it at once, each call with a workspace of its own.

    Attributes:
        separators: bool[256], the bytes that separate words; none where documents are taken as a whole.
    """

    def __init__(self, model: ModelFile, *, cached_lines: int = CACHED_LINES):
        """Lay out a model.

        Args:
            model: what the model file says.
            cached_lines: words that a workspace remembers, a power of two.

        Raises:
            ValueError: the kernels do not cover the model; the message goes on after "has".
        """
        if model.algorithm not in (Algorithm.UNIGRAM, Algorithm.BPE):
            raise ValueError(f"the algorithm {model.algorithm.name.lower()}")
        pieces = lay_out(model)
        symbols = [model.texts[i] for i in model.ids(Kind.USER_DEFINED)]
        self._rules = compile_rules(
            model.character_map,
            [symbol.encode() for symbol in symbols],
            dummy_prefix=model.dummy_prefix,
            suffix=model.suffix_whitespace,
            squeeze=model.squeeze_spaces,
            escape=model.escape_spaces,
        )
        self._unigram: _unigram.Unigram | None = None
        self._bpe: _bpe.Bpe | None = None
        if model.algorithm is Algorithm.UNIGRAM:
            self._unigram = _unigram.unigram_model(pieces)
            self._scores = self._unigram.scores
        else:
            self._bpe = _bpe.bpe_model(pieces, self._rules.symbols)
            self._scores = self._bpe.scores
        self._most = int(abs(self._scores).max()) + 2
        self.separators = _separators(model, self._rules, symbols)
        self._cached_lines = cached_lines
        self._workspaces: list[Workspace] = []

    def encode(self, data: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Encode documents.

        Args:
            data: uint8[bytes], their UTF-8, read-only.
            offsets: int32[n + 1], read-only; document i is `data[offsets[i] : offsets[i + 1]]`.

        Returns:
            int32[ids], and int32[n + 1]: where each document's ids begin, and the last one's end.
        """
        if data.size < 16:
            data = np.frombuffer(data.tobytes() + bytes(16), np.uint8)
        documents, longest = offsets.size - 1, int(np.diff(offsets).max(initial=0))
        guess = int(offsets[-1] - offsets[0]) // 3 + MOST_IDS
        ends, ids = np.zeros(documents + 1, np.int32), np.empty(guess, np.int32)
        texts, document = (data, eight_bytes(data), offsets), 0
        model = (self._rules, self._scores, self._most, self._unigram, self._bpe, self.separators)
        with self._lent() as workspace:
            while document < documents:
                document, why = encode_documents(*texts, document, *model, workspace, ids, ends)
                if why == _MORE_IDS:
                    ids = _longer(ids, ends[document])
                elif why == _MORE_TEXT:
                    size = max(2 * workspace.text.size, longest * 5 // 4)
                    workspace = workspace._replace(text=np.empty(size, np.uint8))
                elif why == _MORE_WAYS:
                    workspace = workspace._replace(ways=self._new_ways(2 * workspace.ways[0].size))
        return ids[: ends[-1]], ends

    @contextmanager
    def _lent(self) -> Iterator[Workspace]:
        """Lend a workspace: one that is back from an earlier call, or a new one if all are out."""
        try:
            workspace = self._workspaces.pop()  # one step for all threads, as is append
        except IndexError:
            cache = new_cache(lines=self._cached_lines)
            workspace = Workspace(np.empty(_TEXT, np.uint8), self._new_ways(_PLACES), cache, new_words())
        yield workspace
        self._workspaces.append(workspace)

    def _new_ways(self, places: int) -> _unigram.Lattice | _bpe.Agenda:
        return _unigram.new_lattice(places) if self._bpe is None else _bpe.new_agenda(places)


def _separators(model: ModelFile, rules: Rules, symbols: list[str]) -> np.ndarray:
    """The bytes that separate words, bool[256]; none if the words of a document are not independent.

    They are, if every word begins with a word mark of its own and no piece has another, if nothing is made of a space
    and what is next to it, and if what comes out of a word can be squeezed by itself.
    """
    found = np.zeros(256, np.bool_)
    normal = list(itertools.compress(model.texts, model.kinds == Kind.NORMAL))
    texts, replacements = "\0" + "\0".join(normal), bytes(rules.replacements)
    if (
        model.dummy_prefix
        and model.squeeze_spaces
        and model.escape_spaces
        and not model.suffix_whitespace
        and WORD_MARK in normal
        and texts.count(WORD_MARK) == texts.count("\0" + WORD_MARK)
        and not any(WORD_MARK in symbol for symbol in symbols)
        and WORD_MARK.encode() not in replacements
        and b"  " not in replacements
    ):
        blank = [byte for byte in range(1, 33) if rules.flags[byte] == BLANK]
        found[[byte for byte in blank if not any(chr(byte) in symbol for symbol in symbols)]] = True
    return found if found[_SPACE] else np.zeros_like(found)


def _longer(ids: np.ndarray, used: int) -> np.ndarray:
    """Twice the memory, with the ids in it that are used."""
    found = np.empty(2 * ids.size, np.int32)
    found[:used] = ids[:used]
    return found


@kernel
def encode_documents(
    data, eights, offsets, document, rules, scores, most, unigram, bpe, separators, workspace, ids, ends
):
    """Encode documents, from `document` on.

    Args:
        data: uint8[bytes], the documents' UTF-8.
        eights: uint64, see `eight_bytes`.
        offsets: int32[documents + 1]; document i is `data[offsets[i] : offsets[i + 1]]`.
        document: the first one.
        rules: Rules.
        scores: float32[pieces + 1], of the model.
        most: more than any of them, whatever its sign, also when sums are rounded.
        unigram: Unigram, or None.
        bpe: Bpe, or None.
        separators: bool[256], which bytes separate words: a space and maybe others, or none.
        workspace: Workspace, of which this call must be the only user.
        ids: int32, gets the ids.
        ends: int32[documents + 1], gets where each document's ids end.

    Returns:
        The document that comes next; why it stopped: `_DONE`, or what that document needs.
    """
    for current in range(document, ends.size - 1):
        start, end, first = np.int64(offsets[current]), np.int64(offsets[current + 1]), np.int64(ends[current])
        count, why = first, _WHOLE
        if separators[_SPACE]:
            count, why = _encode_words(
                data, eights, start, end, rules, scores, most, unigram, bpe, separators, workspace, ids, first
            )
        if why == _WHOLE:
            count, why = _encode_whole(data, start, end, rules, unigram, bpe, workspace, ids, first)
        if why != _DONE:
            return current, why
        ends[current + 1] = count
    return ends.size - 1, _DONE


@kernel
def _encode_whole(data, start, end, rules, unigram, bpe, workspace, ids, count):
    """Append the ids of data[start:end] as it is; returns how many there are, and why it stopped."""
    text, ways, _, _ = workspace
    size, _ = normalise(data, start, end, rules, text)
    if size < 0:
        return count, _MORE_TEXT
    if count + size > ids.size:
        return count, _MORE_IDS
    last, _, _ = _segment(text, size, _ZERO, False, unigram, bpe, ways, ids, count, count)
    return (count, _MORE_WAYS) if last < 0 else (last, _DONE)


@kernel
def _segment(text, size, total, judged, unigram, bpe, ways, ids, count, first):
    """Append the ids of text[:size]; see `unigram.segment`. Nothing is compiled for the model that is None."""
    limit = _unigram.GREATEST_SUM
    if unigram is not None:
        count, total, limit = _unigram.segment(text, size, total, judged, unigram, ways, ids, count, first)
    if bpe is not None:
        count = _bpe.segment(text, size, bpe, ways, ids, count, first)
    return count, total, limit


@kernel
def _encode_words(data, eights, at, end, rules, scores, most, unigram, bpe, separators, workspace, ids, count):
    """Append the ids of data[at:end]; returns how many there are, and why it stopped."""
    text, ways, cache, words = workspace
    lines = cache.lines
    places, keys, letters = words
    total, summed, first, read = _ZERO, count, count, 1
    while read > 0:
        read, at = read_words(data, eights, at, end, separators, lines, words)
        k = np.int64(0)
        while True:
            k, count, total, summed = _known_words(k, read, words, cache, scores, most, ids, count, total, summed)
            if k == read:
                break
            start, stop, key = places[k, 0], places[k, 1], keys[k]
            size, marked = normalise(data, start, stop, rules, text)
            if marked or size < 0:
                return first, _WHOLE
            if count + max(size, MOST_IDS) > ids.size:
                return count, _MORE_IDS
            if key and size < MOST_IDS and find(lines, letters, k, stop - start, key) < 0:
                last, _, limit = _segment(text, size, _ZERO, True, unigram, bpe, ways, ids, count, count)
                enter(cache, letters, k, stop - start, key, limit, ids, count, last, scores.size - 1)
                if abs(total) + most * (count - summed) < limit:
                    count, k = last, k + 1
                    continue
            total = _sum(scores, ids, summed, count, total)
            count, total, _ = _segment(text, size, total, False, unigram, bpe, ways, ids, count, first)
            if count < 0:
                return first, _WHOLE
            summed, k = count, k + 1
    return count, _DONE


@kernel
def _known_words(k, read, words, cache, scores, most, ids, count, total, summed):
    """Append the ids of words that the table knows, from the k-th on, as long as their limits allow.

    What the sum of scores is, is only asked where it might reach a limit.

    Returns:
        Which word is next; how many ids there are; the sum of scores of ids[:summed] of the document; `summed`.
    """
    places, keys, letters = words
    lines, table, many = cache
    reach = np.int64(abs(total)) + 1
    while k < read and count + MOST_IDS <= ids.size:
        size, key = places[k, 1] - places[k, 0], keys[k]
        line = find(lines, letters, k, size, key) if key else -1
        if line < 0:
            break
        number, limit = number_and_limit(lines, line)
        if reach + most * (count - summed) >= limit:
            total, summed = _sum(scores, ids, summed, count, total), count
            reach = np.int64(abs(total)) + 1
            if not abs(total) < limit:
                break
        if number <= FEW:  # copied without a look at their number, which would have to be guessed
            one, two, three, four = (
                table[line, IDS], table[line, IDS + 1], table[line, IDS + 2], table[line, IDS + 3]
            )  # fmt: skip
            ids[count], ids[count + 1], ids[count + 2], ids[count + 3] = one, two, three, four
        else:
            place = table[line, IDS]
            for i in range(number):
                ids[count + i] = many[place + i]
        count, k = count + number, k + 1
    return k, count, total, summed


@kernel
def _sum(scores, ids, first, last, total):
    """A sum of scores, and that of ids[first:last] added to it one by one."""
    for i in range(first, last):
        total += scores[ids[i]]
    return total
