import json

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from vocab.encoding import Encoder
from vocab.export import differences, differing_rows, merges, to_tokenizer, tokenizer_json
from vocab.model_file import Algorithm, Kind, ModelFile, Piece, VocabularyError
from vocab.training import TrainingOptions, train


@pytest.fixture(scope="module")
def tokenizer(encoder, tmp_path_factory):
    """Written and read again, as users have it."""
    path = tmp_path_factory.mktemp("export") / "tokenizer.json"
    path.write_bytes(tokenizer_json(encoder.model))
    return Tokenizer.from_file(str(path))


def model_of(pieces, **changes):
    """A model by hand: pieces (text, score), after the unknown one."""
    settings = {
        "algorithm": Algorithm.BPE,
        "byte_fallback": False,
        "suffix_whitespace": False,
        "normalization": "identity",
        "character_map": b"",
        "dummy_prefix": True,
        "squeeze_spaces": True,
        "escape_spaces": True,
        **changes,
    }
    known = tuple(Piece(text, score, Kind.NORMAL) for text, score in pieces)
    return ModelFile(name="made.model", pieces=(Piece("<unk>", 0.0, Kind.UNKNOWN), *known), **settings)


def test_every_document_of_the_sample_has_the_same_ids(encoder, tokenizer, documents):
    """Newlines between paragraphs, 12 scripts. Documents this short leave float32 no room to err."""
    assert any("\n" in document for document in documents)
    assert differing_rows(tokenizer, encoder, pa.array(documents)).tolist() == []
    whole_languages = [" ".join(documents[start : start + 31]) for start in range(0, len(documents), 31)]
    assert differences(tokenizer, encoder, pa.array(whole_languages)) <= 1


PARTS = st.sampled_from(
    [*"a <>▁ﬁ①㍿éかがำ😀𐍈\n\t\u200b\u3000\u00ad", "  ", "क़", "...", "-----", "１２", "Haus", "mask", "<mask>", "<2de>"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(text=st.lists(PARTS, max_size=12).map("".join))
def test_spaces_symbols_and_compatibility_characters(encoder, tokenizer, text):
    assume(text.strip(" \n\t\u200b\u3000▁") not in ("<mask>", "<2de>"))  # They have no word mark: see the module.
    assert differences(tokenizer, encoder, pa.array([text])) == 0


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_a_byte_spelled_out_is_not_the_byte(kind, documents, tmp_path):
    trained = train([*documents, *["< 0 x 4 1 A >"] * 100], options=TrainingOptions(size=3000, model=kind))
    (tmp_path / "spm.model").write_bytes(trained.model)
    encoder = Encoder(tmp_path / "spm.model")
    texts = pa.array(["a <0x41> b", "<0x41>", "<0x41", "<0xA1>"])
    assert encoder.model.pieces[4 + 0x41].text == "<0x41>"
    assert 4 + 0x41 not in encoder.encode(texts).flatten().to_pylist()
    assert differences(to_tokenizer(encoder.model), encoder, texts) == 0


def test_decoding_gives_the_same_text(encoder, tokenizer, documents):
    ids = encoder.encode(pa.array([*documents, "😀 a"]))
    found = tokenizer.decode_batch(ids.to_pylist())
    assert found == encoder.decode(ids).to_pylist()


def test_differing_rows_are_found(encoder, tokenizer):
    texts = pa.array(["plain"] * 300 + ["a </s> b", "plain", "<s>"])
    assert differing_rows(tokenizer, encoder, texts, batch=7).tolist() == [300, 302]
    assert differences(tokenizer, encoder, texts) == 2


def test_special_and_added_tokens(encoder, tokenizer):
    for name in ("<unk>", "<s>", "</s>", "<pad>", "<mask>", "<2de>"):
        assert tokenizer.token_to_id(name) == next(
            i for i, piece in enumerate(encoder.model.pieces) if piece.text == name
        )
    assert tokenizer.get_vocab_size() == len(encoder)
    assert tokenizer.encode("Haus").ids == tokenizer.encode("Haus", add_special_tokens=False).ids
    assert tokenizer.decode([1, *tokenizer.encode("Haus").ids, 2, 3]) == "Haus"
    assert tokenizer.decode([*tokenizer.encode("Haus").ids, tokenizer.token_to_id("<mask>")]) == "Haus<mask>"


def test_the_same_model_gives_the_same_bytes(encoder):
    first = tokenizer_json(encoder.model)
    assert first == tokenizer_json(Encoder(encoder.path).model)
    assert json.loads(first)["version"] == "1.0"


@pytest.mark.parametrize(
    "options",
    [
        {"byte_fallback": False, "coverage": 0.98},
        {"normalization": "identity"},
        {"normalization": "nfkc_cf"},
        {"split_digits": True},
    ],
)
@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_other_settings_are_followed(kind, options, sample, tmp_path):
    documents = [text for language in ("de", "el", "ja", "th", "hi") for text in sample[language]]
    trained = train(documents, options=TrainingOptions(size=1500, model=kind, **options))
    (tmp_path / "spm.model").write_bytes(trained.model)
    encoder = Encoder(tmp_path / "spm.model")
    texts = pa.array([*documents, *sample["ko"], "12 345\u3000６７ ÄÖÜ", "  a  b  "])
    assert differing_rows(to_tokenizer(encoder.model), encoder, texts).tolist() == []


def test_merges_of_a_worked_example():
    pieces = [("ab", 0.0), ("bc", -1.0), ("abc", -2.0), ("a", -3.0), ("b", -4.0), ("c", -5.0)]
    assert merges(model_of(pieces)) == [("a", "b"), ("b", "c"), ("a", "bc"), ("ab", "c")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algorithm": Algorithm.WORD}, "its kind is word, expected unigram or bpe"),
        ({"suffix_whitespace": True}, "treat_whitespace_as_suffix"),
        ({"escape_spaces": False}, "escape_whitespaces off"),
    ],
)
def test_what_tokenizers_cannot_follow_is_refused(changes, message):
    with pytest.raises(VocabularyError, match=rf"made\.model has no tokenizer\.json .*: .*{message}"):
        to_tokenizer(model_of([("a", 0.0)], **changes))
