"""SentencePiece model files made up for tests, and texts that are hard to normalise and to cut."""

import struct

import sentencepiece
from hypothesis import strategies as st

from vocab.model_file import Algorithm, Kind, parse_model

TRICKY = [
    *("", " ", "  ", "\n", "\0", "\x01", "▁", "▁▁", " ▁ ", "a▁b", "▁a  b▁ c", "<unk>", "<s>", "<0x41>"),
    *("a b", " a", "a ", "a  b", "a\tb\nc\r\nd", "a\0b \0", "\x01 a\x01 \x01b", "\x7f"),
    *("\u3000", "a\u3000\u3000b\u00a0"),
    *("´", "a´b", "a ´b", "a´ b", "´ ´", "¨\u3000¨", "ﷺ" * 14, "ﷺ ﷺ", "½ ™ ① ﬃ Å", "e\u0301", "A\u030aB"),
    *("\u0344 a\u0345", "\u1100\u1161\u11a8", "각\u11a8", "\u200b", "a\u200bb", "\ufeffa", "\ufffd", "İSS ß ς"),
    *("ด\u0e4d\u0e32", "\u0f77 \u0f71\u0f72", "ភាសាខ្មែរ", "ภาษาไทย" * 30, "日本語の文章です。", "これは" * 40),
    *("😀", "a😀b 𓀀", "\U0010ffff\U00010000", "<mask>", "a<mask>b", "<mask><mask> <mas", "abcab ab abc"),
    *("a" * 41, "a" * 40, "é" * 20, "é" * 21, "w" * 300 + " a"),
]

_PIECES = st.text("abcé日😀", min_size=1, max_size=4)
TEXTS = st.lists(st.one_of(st.sampled_from(TRICKY), _PIECES, st.text(max_size=4)), max_size=12).map("".join)
"""Texts with much that a normaliser changes."""

PLAIN = st.text("abcé日😀x ", max_size=60)
"""Texts with much that random vocabularies have in them."""


def model_file(
    pieces,
    *,
    algorithm=Algorithm.UNIGRAM,
    rule="identity",
    byte_fallback=False,
    suffix=False,
    dummy_prefix=True,
    squeeze=True,
    escape=True,
):
    """The bytes of a model: <unk>, pieces of bytes if there is a fallback to them, and pieces.

    Args:
        pieces: (text, score) or (text, score, kind).
        rule: name of a rule of normalisation, or a dictionary of replacements.
    """
    special = [("<unk>", 0.0, Kind.UNKNOWN)]
    if byte_fallback:
        special += [(f"<0x{byte:02X}>", 0.0, Kind.BYTE) for byte in range(256)]
    content = [_field(1, _piece(*piece)) for piece in [*special, *pieces]]
    trainer = [_field(3, int(algorithm)), _field(24, int(suffix)), _field(35, int(byte_fallback))]
    flags = zip((3, 4, 5), (dummy_prefix, squeeze, escape), strict=True)
    normalizer = [
        _field(1, str(rule).encode()),
        _field(2, character_map(rule)),
        *(_field(n, int(flag)) for n, flag in flags),
    ]
    return b"".join([*content, _field(2, b"".join(trainer)), _field(3, b"".join(normalizer))])


def character_map(rule):
    """A rule of normalisation, compiled by the library: one of its own by name, or a dictionary of replacements."""
    wanted = {"norm_map": list(rule.items())} if isinstance(rule, dict) else {"rule_name": rule}
    normalizer = sentencepiece.SentencePieceNormalizer(**wanted).serialized_model_proto()
    unknown = _field(1, _piece("<unk>", 0.0, Kind.UNKNOWN))  # without it, it is no model
    return parse_model(unknown + normalizer, name="normaliser").character_map


def library(data):
    """The SentencePiece library with a model."""
    return sentencepiece.SentencePieceProcessor(model_proto=data)


@st.composite
def unigram_pieces(draw, *, marks, scores=(0.1, 0.2, 0.3, 0.7)):
    """Pieces whose sums of scores often are the same but for rounding.

    Args:
        marks: "words" for word marks at the beginning of pieces only, "anywhere", or "none".
        scores: to draw from; multiples of them are scores.
    """
    inner = "abcé日😀▁" if marks == "anywhere" else "abcé日😀"
    texts = draw(st.sets(st.text(inner, min_size=1, max_size=4), min_size=1, max_size=30))
    if marks == "words":
        texts |= {"▁", *("▁" + text for text in draw(st.sets(st.sampled_from(sorted(texts)))))}
    score = st.builds(lambda unit, times: -unit * times, st.sampled_from(scores), st.integers(1, 12))
    return [(text, draw(score)) for text in sorted(texts)]


@st.composite
def bpe_pieces(draw, *, marks):
    """Characters and pieces that are merged from them, many with the same score; `marks` as of `unigram_pieces`."""
    known = sorted(draw(st.sets(st.sampled_from("abcé日😀"), min_size=2)))
    known += ["▁"] if marks != "none" else []
    for _ in range(draw(st.integers(0, 25))):
        right = [text for text in known if marks != "words" or "▁" not in text]
        merged = draw(st.sampled_from(known)) + draw(st.sampled_from(right))
        if merged not in known and len(merged) <= 8:
            known.append(merged)
    return [(text, -float(draw(st.integers(0, 9)))) for text in known]


def _piece(text, score, kind=Kind.NORMAL):
    return _field(1, text.encode()) + _field(2, float(score)) + (b"" if kind is Kind.NORMAL else _field(3, int(kind)))


def _field(number, value):
    """A field of a protobuf message."""
    if isinstance(value, float):
        return _varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value):
    found = b""
    while value > 127:
        found, value = found + bytes([value & 127 | 128]), value >> 7
    return found + bytes([value])
