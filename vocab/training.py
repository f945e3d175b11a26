"""Training of a SentencePiece model, in a process of its own.

The trainer takes some twenty bytes of memory for each byte of text, gives none of it back, and writes to the
process's standard error whatever it is told. So it runs as `python -m vocab.training`: the sample goes in through a
pipe, the model comes back through another, and what the trainer logs is shown when it fails.

Reference: Kudo and Richardson, "SentencePiece", 2018; Kudo, "Subword Regularization", 2018 (unigram); Sennrich et
al., "Neural Machine Translation of Rare Words with Subword Units", 2016 (BPE).
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import sentencepiece

from vocab.model_file import WORD_MARK, ModelFile, VocabularyError

SPECIAL = {"unk": "<unk>", "bos": "<s>", "eos": "</s>", "pad": "<pad>"}
"""The first four pieces. Unknown, begin and end have SentencePiece's own ids, 0 to 2; padding, which it leaves out,
comes next."""

_SENTENCE_ENDS = (". ", "! ", "? ", "。", "！", "？", "।", "།", "။", "។", "۔", "؟ ", "։ ")
_RESERVED = "\u2585"  # The trainer's mark for a rare character: it drops every line that holds one.
_END = b"\0\n"
_REFUSED = 3  # Not 1, with which Python ends on an error that nobody expected.


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How to train. The same options over the same texts in the same order give the same bytes.

    Attributes:
        size: pieces of the vocabulary, special ones and bytes included.
        model: `unigram` or `bpe`.
        coverage: share of the sample's characters that get a piece of their own, 0.98 to 1.
        byte_fallback: whether other characters become their UTF-8 bytes, 256 pieces, instead of the unknown piece.
        user_defined_symbols: pieces that are never cut, with the ids after the special ones.
        threads: threads that train. A unigram model depends on their number.
        max_sentence_bytes: longest line that the trainer is given, in UTF-8 bytes; longer paragraphs are cut.
        split_digits: whether every digit is a piece of its own.
        normalization: rule that the model normalises text by: `nmt_nfkc`, `nfkc`, `nmt_nfkc_cf`, `nfkc_cf` or
            `identity`.
        hard_limit: whether a sample with too few different words for `size` is an error; otherwise the vocabulary is
            smaller.
    """

    size: int
    model: str = "unigram"
    coverage: float = 0.9995
    byte_fallback: bool = True
    user_defined_symbols: tuple[str, ...] = ()
    threads: int = 2
    max_sentence_bytes: int = 4192
    split_digits: bool = False
    normalization: str = "nmt_nfkc"
    hard_limit: bool = True

    def __post_init__(self):
        if self.model not in ("unigram", "bpe"):
            raise VocabularyError(f"model is {self.model!r}, expected 'unigram' or 'bpe'")
        if not 0.98 <= self.coverage <= 1:
            raise VocabularyError(f"coverage is {self.coverage}, expected 0.98 to 1")
        if self.max_sentence_bytes < 16:
            raise VocabularyError(f"max_sentence_bytes is {self.max_sentence_bytes}, expected 16 or more")
        if self.threads < 1:
            raise VocabularyError(f"threads is {self.threads}, expected 1 or more")
        _check_symbols(self.user_defined_symbols)

    def arguments(self) -> dict[str, Any]:
        """The options in SentencePiece's own words."""
        return {
            "model_type": self.model,
            "vocab_size": self.size,
            "character_coverage": self.coverage,
            "byte_fallback": self.byte_fallback,
            "user_defined_symbols": list(self.user_defined_symbols),
            "num_threads": self.threads,
            "max_sentence_length": self.max_sentence_bytes,
            "split_digits": self.split_digits,
            "normalization_rule_name": self.normalization,
            "hard_vocab_limit": self.hard_limit,
            "shuffle_input_sentence": False,
            **{f"{name}_id": number for number, name in enumerate(SPECIAL)},
            **{f"{name}_piece": piece for name, piece in SPECIAL.items()},
        }


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A trained model and what it was trained on.

    Attributes:
        model: the bytes of the `.model` file.
        paragraphs: paragraphs of the sample.
        cut: how many of them were longer than `max_sentence_bytes` and came in several pieces.
    """

    model: bytes = field(repr=False)
    paragraphs: int
    cut: int


def train(texts: Iterable[str], *, options: TrainingOptions) -> Trained:
    """Train a vocabulary on documents, whose paragraphs are separated by newlines.

    Safe to call from any thread; the interpreter's lock is free while the trainer works.

    Raises:
        VocabularyError: the sample is empty or does not fit the options, or the trainer failed or was killed.
    """
    sample = _Sample(texts, options.max_sentence_bytes)
    with tempfile.TemporaryFile() as log, _trainer(log) as (process, entry, exit_):
        _send(entry, options, sample)
        answer, code = exit_.read(), process.wait()
        log.seek(0)
        said = answer.decode() if code == _REFUSED else log.read().decode(errors="replace")
    if code:
        raise VocabularyError(_explain(said, code, options, sample))
    return Trained(model=answer, paragraphs=sample.paragraphs, cut=sample.cut)


def pieces_of(paragraph: str, most: int) -> list[str]:
    """Cut a paragraph into pieces of at most `most` UTF-8 bytes that together are the paragraph.

    A piece ends after a sentence, or else after a space, in its second half; where there is neither, after a character.

    Args:
        paragraph: text without newlines.
        most: 4 or more, the bytes of the longest character.

    Example: `pieces_of("One. Two, three. Four", 18)` is `["One. Two, three. ", "Four"]`.
    """
    data, start, pieces = paragraph.encode(), 0, []
    while len(data) - start > most:
        # A character that the window cuts in two is left to the next piece.
        window = data[start : start + most].decode(errors="ignore")
        ends = [window.rfind(mark) + len(mark) for mark in _SENTENCE_ENDS if mark in window]
        choices = (max(ends, default=0), window.rfind(" ") + 1)
        piece = window[: next((end for end in choices if end > len(window) // 2), len(window))]
        pieces.append(piece)
        start += len(piece.encode())
    return [*pieces, data[start:].decode()]


def vocab_lines(model: ModelFile) -> bytes:
    """A `.vocab` file as SentencePiece writes it: scores to six digits."""
    # In one go, which takes half as long as line by line.
    values = itertools.chain.from_iterable(zip(model.texts, model.scores, strict=True))
    return ("%s\t%g\n" * len(model.pieces) % tuple(values)).encode()


class _Sample:
    """The trainer's lines, counted as they pass.

    Attributes:
        paragraphs: paragraphs so far.
        cut: paragraphs that were too long for a line.
        bytes: UTF-8 bytes so far.
    """

    def __init__(self, texts: Iterable[str], most: int):
        self.paragraphs = self.cut = self.bytes = 0
        self._texts, self._most = texts, most

    def lines(self) -> Iterator[bytes]:
        for text in self._texts:
            for paragraph in text.replace(_RESERVED, " ").split("\n"):
                if paragraph.strip(" \0"):
                    yield from self._lines_of(paragraph)

    def _lines_of(self, paragraph: str) -> Iterator[bytes]:
        line = paragraph.encode()
        self.paragraphs += 1
        self.bytes += len(line)
        if len(line) <= self._most:
            yield line
        else:
            self.cut += 1
            yield from (piece.encode() for piece in pieces_of(paragraph, self._most))


def _check_symbols(symbols: tuple[str, ...]) -> None:
    for symbol in symbols:
        if not symbol or WORD_MARK in symbol or any(character.isspace() for character in symbol):
            raise VocabularyError(f"user_defined_symbols has {symbol!r}, expected one or more characters and no space")
        if symbol in SPECIAL.values() or re.fullmatch("<0x[0-9A-F]{2}>", symbol):
            raise VocabularyError(f"user_defined_symbols has {symbol!r}, which every vocabulary has; leave it out")
    if len(set(symbols)) < len(symbols):
        twice = next(symbol for symbol in symbols if symbols.count(symbol) > 1)
        raise VocabularyError(f"user_defined_symbols has {twice!r} more than once; leave it in once")


@contextlib.contextmanager
def _trainer(log: IO[bytes]) -> Iterator[tuple[subprocess.Popen, IO[bytes], IO[bytes]]]:
    """The trainer's process, its input and its output; it finds packages where this process does, and ends with it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command, pipe = [sys.executable, "-m", "vocab.training"], subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log, env=environment)
    assert process.stdin and process.stdout
    try:
        yield process, process.stdin, process.stdout
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def _send(stream: IO[bytes], options: TrainingOptions, sample: _Sample) -> None:
    # Where the trainer gives up before the end of the sample, its answer says why.
    with contextlib.suppress(BrokenPipeError):
        stream.write(json.dumps(options.arguments()).encode() + b"\n")
        stream.writelines(line + b"\n" for line in sample.lines())
        stream.write(_END)
        stream.flush()


def _explain(said: str, code: int, options: TrainingOptions, sample: _Sample) -> str:
    """What went wrong, in the words of this package where it is known."""
    of = f"a sample of {sample.paragraphs:,} paragraphs, {sample.bytes:,} bytes"
    if found := re.search(r"too high \(\d+\).*<= (\d+)", said):
        return (
            f"the vocabulary's size is {options.size:,}, but {of}, gives at most {int(found[1]):,} pieces; "
            "lower the size or draw a larger sample"
        )
    if found := re.search(r"smaller than required_chars\. \d+ vs (\d+)", said):
        return (
            f"the vocabulary's size is {options.size:,}, but {of}, needs {int(found[1]):,} pieces for its characters, "
            "bytes and special pieces alone; raise the size or lower the coverage"
        )
    if "sentences_.empty()" in said or "all_chars_count" in said:
        return f"there is nothing to train a vocabulary on: {of}; check what is kept, and the sample's size"
    if code < 0:
        return (
            f"the trainer was killed by signal {-code} on {of}; where memory ran out, draw a smaller sample: "
            "it takes about 20 bytes for each byte of text"
        )
    return f"SentencePiece could not train on {of}, with {options}: {said.strip()[-2000:]}"


def main() -> int:
    """The trainer's process: options (JSON, one line) and lines on standard input, the model on standard output.

    Returns:
        0, or 3 where standard output has the trainer's error instead.
    """
    options, model = json.loads(sys.stdin.buffer.readline()), io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=_received(sys.stdin.buffer), model_writer=model, minloglevel=1, **options
        )
    except (RuntimeError, ValueError) as error:
        sys.stdout.buffer.write(str(error).encode())
        return _REFUSED
    sys.stdout.buffer.write(model.getvalue())
    return 0


def _received(stream: IO[bytes]) -> Iterator[bytes]:
    """The sample's lines. From their end on, the process ends when the one that started it does."""
    for line in stream:
        if line == _END:
            threading.Thread(target=_end_with_sender, args=(stream.fileno(),), daemon=True).start()
            return
        yield line[:-1]
    os._exit(1)  # The sender died: half a sample makes no vocabulary.


def _end_with_sender(descriptor: int) -> None:
    """Wait for the other end of the pipe to close, which nobody does on purpose before the answer."""
    os.read(descriptor, 1)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
