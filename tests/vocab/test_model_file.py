import contextlib

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from vocab.model_file import Algorithm, Kind, VocabularyError, parse_model, read_model


def test_pieces_are_those_that_the_library_reads(encoder):
    library = sentencepiece.SentencePieceProcessor(model_file=str(encoder.path))
    model = read_model(encoder.path)
    assert len(model.pieces) == library.get_piece_size() == 3000
    for index, piece in enumerate(model.pieces):
        assert piece.text == library.id_to_piece(index)
        assert piece.score == library.get_score(index)
        assert (piece.kind is Kind.UNKNOWN) == library.is_unknown(index)
        assert (piece.kind is Kind.CONTROL) == library.is_control(index)
        assert (piece.kind is Kind.BYTE) == library.is_byte(index)


def test_settings_of_the_trainer_and_the_normaliser(trained):
    unigram, bpe = (parse_model(trained(kind).model, name=kind) for kind in ("unigram", "bpe"))
    assert (unigram.algorithm, bpe.algorithm) == (Algorithm.UNIGRAM, Algorithm.BPE)
    for model in (unigram, bpe):
        assert model.byte_fallback and model.dummy_prefix and model.squeeze_spaces and model.escape_spaces
        assert not model.suffix_whitespace
        assert model.normalization == "nmt_nfkc"
        assert int.from_bytes(model.character_map[:4], "little") < len(model.character_map)
        assert model.ids(Kind.UNKNOWN, Kind.CONTROL) == [0, 1, 2, 3]
        assert [model.pieces[i].text for i in model.ids(Kind.USER_DEFINED)] == ["<mask>", "<2de>"]
        assert len(model.ids(Kind.BYTE)) == 256


def test_settings_that_are_off_are_read_as_such():
    piece = b"\x0a\x05\x0a\x01?\x18\x02"  # "?", for unknown characters
    trainer = b"\x12\x08\x18\x02\xc0\x01\x01\x98\x02\x01"  # BPE, treat_whitespace_as_suffix, byte_fallback
    normalizer = b"\x1a\x06\x18\x00\x20\x00\x28\x00"
    found = parse_model(piece + trainer + normalizer, name="made.model")
    assert found.algorithm is Algorithm.BPE
    assert found.suffix_whitespace and found.byte_fallback
    assert not (found.dummy_prefix or found.squeeze_spaces or found.escape_spaces)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html><body>404 Not Found</body></html>", b"\x1f\x8b\x08\x00" * 9, b"\x0a\x03\x0a\x01a", b"\xff" * 40],
)
def test_what_is_not_a_model_is_named(content, tmp_path):
    path = tmp_path / "my.model"
    path.write_bytes(content)
    with pytest.raises(
        VocabularyError, match=r"my\.model is not a SentencePiece model \([\d,]+ bytes .*; give a \.model"
    ):
        read_model(path)


def test_a_model_that_was_cut_off_is_named(trained):
    whole = trained("bpe").model
    for size in (1, 1000, len(whole) // 2, len(whole) - 1):
        with pytest.raises(VocabularyError, match=r"cut\.model is not a SentencePiece model"):
            parse_model(whole[:size], name="cut.model")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    with contextlib.suppress(VocabularyError):
        parse_model(content, name="random.model")
