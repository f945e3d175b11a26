"""A SentencePiece model as a Hugging Face `tokenizer.json` that gives the same ids.

What can still differ, and is counted by `differing_rows`:

* Unigram adds scores up, SentencePiece in float32 over the whole document, `tokenizers` in float64 over each word. Where two
  segmentations of a word come within that rounding, they may choose differently: a document in a thousand.
* `<s>`, `</s>`, `<pad>` and `<unk>` spelled out in a text are characters for SentencePiece; `tokenizers` reads them as the
  special tokens, as it does in every tokenizer.
* `tokenizers` applies the normalisation rule to grapheme clusters, SentencePiece to the longest match; a combining mark on a
  character that the rule rewrites can be lost. Text in NFC hardly ever shows it.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from vocab.encoding import Encoder
from vocab.model_file import WORD_MARK, Algorithm, Kind, ModelFile, VocabularyError, read_model, write_whole

# Ends of the text; `^` and `$` would be ends of a line in some of the engines that read a tokenizer.json.
_START, _END = r"(?<![\s\S])", r"(?![\s\S])"
