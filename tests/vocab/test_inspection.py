import json

import pyarrow as pa
import pytest

from vocab.inspection import Fertility, fertility, table, to_json
from vocab.model_file import Kind


def naive(encoder, texts):
    pieces = [encoder.model.pieces[i] for row in encoder.encode(pa.array(texts)).to_pylist() for i in row]
    return Fertility(
        documents=len(texts),
        characters=sum(map(len, texts)),
        bytes=sum(len(text.encode()) for text in texts),
        tokens=len(pieces),
        unknown=sum(piece.kind is Kind.UNKNOWN for piece in pieces),
        byte_tokens=sum(piece.kind is Kind.BYTE for piece in pieces),
        single=sum(piece.kind is Kind.NORMAL and len(piece.text.replace("▁", "")) <= 1 for piece in pieces),
    )


def test_counts_are_those_of_a_loop_over_pieces(encoder, sample):
    for language in ("de", "ja", "th", "my"):
        texts = [*sample[language], "𐍈😀", ""]
        found = fertility(encoder, pa.array(texts))
        assert found == naive(encoder, texts)
        assert found.byte_tokens >= 8


def test_counts_of_parts_add_up(encoder, sample):
    texts = pa.array(sample["de"])
    parts = [fertility(encoder, texts.slice(start, 10)) for start in range(0, len(texts), 10)]
    assert sum(parts, Fertility()) == fertility(encoder, texts)


def test_no_documents_give_no_tokens_and_rates_of_zero(encoder):
    nothing = fertility(encoder, pa.array([], pa.string()))
    assert nothing == Fertility()
    assert set(nothing.rates().values()) == {0.0}


COUNTS = Fertility(documents=2, characters=30, bytes=60, tokens=10, unknown=1, byte_tokens=2, single=4)


def test_rates():
    assert COUNTS.rates() == pytest.approx(
        {
            "characters_per_token": 3,
            "bytes_per_token": 6,
            "unknown_rate": 0.1,
            "byte_fallback_rate": 0.2,
            "single_character_share": 0.4,
        }
    )


def test_json_has_counts_and_rates_by_language():
    content = to_json({"fi": Fertility(), "de": COUNTS})
    assert list(content) == ["de", "fi"]
    assert json.loads(json.dumps(content))["de"]["tokens"] == 10
    assert content["de"]["unknown_rate"] == 0.1
    assert content["fi"]["characters_per_token"] == 0


def test_the_table_has_a_line_a_language_and_the_sum():
    lines = table({"fi": COUNTS, "de": COUNTS}).split("\n")
    assert [line.split()[0] for line in lines] == ["language", "de", "fi", "all"]
    assert lines[-1].split()[1:] == ["4", "3.00", "6.00", "10.00%", "20.00%", "40.00%"]
    assert len({len(line) for line in lines}) == 1
