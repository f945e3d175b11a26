import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
import sentencepiece
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spm_files import TEXTS, model_file
from spm_files import library as library_of

from vocab.encoding import Encoder, load
from vocab.model_file import Algorithm, VocabularyError


@pytest.fixture(scope="module")
def library(encoder):
    return sentencepiece.SentencePieceProcessor(model_file=str(encoder.path))


def test_ids_are_the_librarys_own_for_each_document(encoder, library, documents):
    found = encoder.encode(pa.array(documents))
    assert found.type == pa.list_(pa.int32())
    assert found.to_pylist() == [library.encode(document) for document in documents]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(st.one_of(TEXTS, st.text(st.characters(codec="utf-8"))), max_size=8))
def test_ids_of_any_text(encoder, library, texts):
    assert encoder.encode(pa.array(texts, pa.string())).to_pylist() == [library.encode(text) for text in texts]


def test_slices_and_empty_columns(encoder, library, documents):
    part = pa.array(documents).slice(5, 3)
    assert encoder.encode(part).to_pylist() == [library.encode(document) for document in documents[5:8]]
    for texts in ([], [""], ["", "a", "  ", ""]):
        found = encoder.encode(pa.array(texts, pa.string()))
        assert found.type == pa.list_(pa.int32())
        assert found.to_pylist() == [library.encode(text) for text in texts]
        assert encoder.decode(found).to_pylist() == [text.strip() for text in texts]


def test_decoding_gives_the_librarys_text(encoder, library, documents):
    ids = encoder.encode(pa.array(documents))
    found = encoder.decode(ids)
    assert found.type == pa.string()
    assert found.to_pylist() == [library.decode(row) for row in ids.to_pylist()]
    assert encoder.decode(ids.slice(7, 2)).to_pylist() == found.to_pylist()[7:9]


def test_what_byte_fallback_encodes_comes_back(encoder):
    texts = ["𐍈𐌰 𓀀", "a😀b"]
    assert encoder.decode(encoder.encode(pa.array(texts))).to_pylist() == texts


@pytest.mark.parametrize("wrong", [3000, -1, 2**31 - 1])
def test_an_id_of_another_vocabulary_is_named(encoder, wrong):
    with pytest.raises(VocabularyError, match=f"id {wrong} is not in .*spm.model, which has 3000 pieces; decode with"):
        encoder.decode(pa.array([[5, 6], [wrong]], pa.list_(pa.int32())))


def test_two_threads_share_an_encoder(encoder, library, documents):
    parts = [documents[start::8] for start in range(8)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda part: encoder.encode(pa.array(part)).to_pylist(), parts))
    assert found == [library.encode(part) for part in parts]


@pytest.mark.parametrize("algorithm", [Algorithm.CHAR, Algorithm.WORD])
def test_a_model_that_kernels_do_not_cover_goes_to_the_library(algorithm, tmp_path, caplog):
    data = model_file([("▁", -1.0), ("a", -1.0), ("▁ab", -2.0), ("b", -3.0)], algorithm=algorithm)
    path = tmp_path / "spm.model"
    path.write_bytes(data)
    encoder = Encoder(path)
    reason = f"the algorithm {algorithm.name.lower()}"
    assert encoder.uncovered == reason
    assert caplog.messages == [f"{path} has {reason}: SentencePiece encodes with it, not the faster kernels"]
    texts = ["ab a", "", "b ab"]
    assert encoder.encode(pa.array(texts)).to_pylist() == library_of(data).encode(texts)
    assert len(encoder.encode(pa.array([], pa.string()))) == 0


def test_kernels_cover_what_babelmill_trains(encoder, library, monkeypatch):
    assert encoder.uncovered == ""
    monkeypatch.setattr(encoder, "_library", None)
    assert encoder.encode(pa.array(["the sea"])).to_pylist() == [library.encode("the sea")]


def test_mapped_columns(encoder, library, documents, tmp_path):
    batch = pa.record_batch([pa.array(documents)], ["text"])
    with pa.OSFile(str(tmp_path / "texts.arrow"), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    column = pa.ipc.open_file(pa.memory_map(str(tmp_path / "texts.arrow"))).get_batch(0).column("text")
    assert encoder.encode(column.slice(3)).to_pylist() == library.encode(documents[3:])


def test_a_model_that_the_library_refuses(tmp_path):
    path = tmp_path / "spm.model"
    path.write_bytes(model_file([("a", -1.0), ("a", -2.0)]))
    with pytest.raises(VocabularyError, match=r"spm\.model cannot be loaded by SentencePiece: .*; train it again"):
        Encoder(path)


def test_load_keeps_a_model_until_its_file_changes(trained, tmp_path):
    path = tmp_path / "spm.model"
    path.write_bytes(trained("unigram").model)
    first = load(path)
    with ThreadPoolExecutor(4) as pool:
        assert all(other is first for other in pool.map(load, [path] * 8))
    assert load(str(path)) is first
    os.utime(path, ns=(1, 1))
    assert load(path) is not first
    path.write_bytes(trained("bpe").model)
    os.utime(path, ns=(1, 1))
    assert load(path).encode(pa.array(["a b"])) == Encoder(path).encode(pa.array(["a b"]))


def test_an_encoder_pickles_as_its_path(encoder):
    data = pickle.dumps(encoder)
    assert len(data) < 1000
    assert pickle.loads(data).encode(pa.array(["Haus"])) == encoder.encode(pa.array(["Haus"]))


def test_a_file_that_is_no_model(tmp_path):
    path = tmp_path / "wrong.model"
    with pytest.raises(FileNotFoundError):
        load(path)
    path.write_bytes(b"<html>")
    with pytest.raises(VocabularyError, match=r"wrong\.model is not a SentencePiece model"):
        load(path)


def test_ids_are_int32_and_below_the_size(encoder, documents):
    values = encoder.encode(pa.array(documents)).flatten().to_numpy()
    assert values.dtype == np.int32
    assert 0 <= values.min() <= values.max() < len(encoder) == 3000
