"""A SentencePiece model as a Hugging Face `tokenizer.json` that gives the same ids.

What can still differ, and `differing_rows` finds:

* Unigram adds scores up: SentencePiece in float32 over the whole document, `tokenizers` in float64 over each word.
  Where two segmentations of a word come within that rounding, they may choose differently: one document in a
  thousand, longer ones rather.
* `<s>`, `</s>`, `<pad>` and `<unk>` spelled out in a text are plain characters to SentencePiece; to `tokenizers` they
  are the special tokens, as in every tokenizer of its kind. So is `<0x41>` where `<` has no piece of its own.
* `tokenizers` applies the normalisation rule to grapheme clusters or single characters, SentencePiece to the longest
  match. Decomposed text shows it, in Bengali for one; text in NFC, which `clean` makes, hardly ever does.
* A text that is one user-defined symbol and nothing else has no word mark before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from vocab.encoding import Encoder
from vocab.model_file import WORD_MARK, Algorithm, Kind, ModelFile, VocabularyError

# Both ends of a text. `^` and `$` are the ends of a line in some of the engines that read a tokenizer.json.
_START, _END = r"(?<![\s\S])", r"(?![\s\S])"

_NEVER_CHOSEN = -10_000.0
"""Added to the scores of pieces that segmentation must not find in a text, such as a byte's `<0x41>` spelled out."""


def tokenizer_json(model: ModelFile) -> bytes:
    """The content of a `tokenizer.json`: the same bytes for the same model.

    Raises:
        VocabularyError: the model has settings that `tokenizers` cannot follow.
    """
    return content(to_tokenizer(model))


def content(tokenizer: Tokenizer) -> bytes:
    """The `tokenizer.json` of a tokenizer."""
    return tokenizer.to_str(pretty=True).encode() + b"\n"


def to_tokenizer(model: ModelFile) -> Tokenizer:
    """A fast tokenizer for a unigram or BPE model. It adds no special tokens of its own accord, as the shards have
    none.

    Raises:
        VocabularyError: the model has settings that `tokenizers` cannot follow.
    """
    check_exportable(model)
    tokenizer = Tokenizer(_unigram(model) if model.algorithm is Algorithm.UNIGRAM else _bpe(model))
    tokenizer.normalizer = _normalizer(model)
    # The normaliser has put the first space already, where the model wants one.
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(WORD_MARK, prepend_scheme="never", split=True)
    tokenizer.decoder = _decoder(model)
    special = model.ids(Kind.UNKNOWN, Kind.CONTROL)
    tokenizer.add_special_tokens([AddedToken(model.pieces[i].text, normalized=False, special=True) for i in special])
    symbols = [model.pieces[i].text for i in model.ids(Kind.USER_DEFINED)]
    # Found in normalised text, so that spaces and words around a symbol are those of the whole text.
    tokenizer.add_tokens([AddedToken(symbol, normalized=True, special=False) for symbol in symbols])
    return tokenizer


def differences(tokenizer: Tokenizer, encoder: Encoder, texts: pa.StringArray) -> int:
    """How many documents get other ids from a tokenizer than from SentencePiece."""
    return len(differing_rows(tokenizer, encoder, texts))


def differing_rows(tokenizer: Tokenizer, encoder: Encoder, texts: pa.StringArray, *, batch: int = 256) -> np.ndarray:
    """The documents to which a tokenizer gives other ids than SentencePiece.

    Args:
        tokenizer: what `to_tokenizer` made, or a `tokenizer.json` loaded.
        encoder: of the same model.
        texts: string[n], without nulls.
        batch: documents that are encoded at once.

    Returns:
        int64[differing], row numbers, ascending.
    """
    rows: list[int] = []
    for start in range(0, len(texts), batch):
        part = texts.slice(start, batch)
        expected = encoder.encode(part)
        found = tokenizer.encode_batch_fast(part.to_pylist(), add_special_tokens=False)
        pairs = zip(found, expected, strict=True)
        rows += [start + i for i, (ours, theirs) in enumerate(pairs) if ours.ids != theirs.as_py()]
    return np.array(rows, np.int64)


def merges(model: ModelFile) -> list[tuple[str, str]]:
    """The merges of a BPE model, first to last.

    SentencePiece keeps the merged pieces only, and merges any two neighbours that together are a piece, best piece
    first. So each piece stands for every way to part it into two pieces.

    Example: pieces `a, b, c, ab, bc, abc`, scored in this order, give `a+b, b+c, a+bc, ab+c`.
    """
    known = {piece.text for piece in model.pieces if piece.kind is Kind.NORMAL}
    best_first = sorted((piece for piece in model.pieces if piece.kind is Kind.NORMAL), key=lambda piece: -piece.score)
    return [pair for piece in best_first for pair in _partings(piece.text) if pair[0] in known and pair[1] in known]


def _partings(text: str) -> Iterator[tuple[str, str]]:
    return ((text[:at], text[at:]) for at in range(1, len(text)))


def check_exportable(model: ModelFile) -> None:
    """Refuse what `tokenizers` has no counterpart for.

    Raises:
        VocabularyError: the model has settings that `tokenizers` cannot follow.
    """
    problem = ""
    if model.algorithm not in (Algorithm.UNIGRAM, Algorithm.BPE):
        problem = f"its kind is {model.algorithm.name.lower()}, expected unigram or bpe"
    elif model.suffix_whitespace:
        problem = "it was trained with treat_whitespace_as_suffix"
    elif not model.escape_spaces:
        problem = "it was trained with escape_whitespaces off"
    if problem:
        raise VocabularyError(
            f"{model.name} has no tokenizer.json that gives the same ids: {problem}; "
            "train one without, or use the .model file as it is"
        )


def _unigram(model: ModelFile) -> models.Unigram:
    normal, scores = model.kinds == Kind.NORMAL, np.array(model.scores)
    never = (scores[normal].min() if normal.any() else 0.0) + _NEVER_CHOSEN
    pieces = list(zip(model.texts, np.where(normal, scores, never).tolist(), strict=True))
    return models.Unigram(pieces, model.ids(Kind.UNKNOWN)[0], model.byte_fallback)


def _bpe(model: ModelFile) -> models.BPE:
    return models.BPE(
        {piece.text: index for index, piece in enumerate(model.pieces)},
        merges(model),
        unk_token=model.pieces[model.ids(Kind.UNKNOWN)[0]].text,
        fuse_unk=True,
        byte_fallback=model.byte_fallback,
    )


def _normalizer(model: ModelFile) -> normalizers.Normalizer:
    steps: list[normalizers.Normalizer] = []
    if model.character_map:
        steps.append(normalizers.Precompiled(model.character_map))
    if model.squeeze_spaces:
        steps.append(normalizers.Replace(Regex(" {2,}"), " "))
        steps.append(normalizers.Replace(Regex(f"{_START} | {_END}"), ""))
    if model.dummy_prefix:
        # Added tokens are normalised too, to be looked for, and must not get a space.
        symbols = "|".join(re.escape(model.pieces[i].text) for i in model.ids(Kind.USER_DEFINED))
        unless = f"(?!(?:{symbols}){_END})" if symbols else ""
        steps.append(normalizers.Replace(Regex(rf"{_START}(?=[\s\S]){unless}"), " "))
    return normalizers.Sequence(steps)


def _decoder(model: ModelFile) -> decoders.Decoder:
    steps: list[decoders.Decoder] = [decoders.Replace(WORD_MARK, " "), decoders.ByteFallback(), decoders.Fuse()]
    if model.dummy_prefix:
        steps.append(decoders.Strip(" ", 1, 0))
    return decoders.Sequence(steps)
