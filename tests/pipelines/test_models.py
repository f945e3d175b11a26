"""`babelmill models convert`: releases that CTranslate2 converts, and what it cannot."""

import json
import sys

import pyarrow as pa
import pytest
from neural_models import write_release
from small_run import call

from transforms.engines.neural import CTranslate2, family_of


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return write_release(tmp_path_factory.mktemp("release"))


def test_a_release_of_marian_becomes_a_model_that_translates(release, tmp_path):
    out = tmp_path / "models/opus-mt-en-es"
    result = call("models", "convert", release, out)
    assert result.exit_code == 0, result.output
    assert f"{out}: marian, " in result.stdout and f"model: {out}, pairs: [[en, es]]}}" in result.stdout
    assert {"model.bin", "config.json", "source.spm", "target.spm"} <= {path.name for path in out.iterdir()}
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    engine = CTranslate2(folder=out, family=family_of(out), pairs=[("en", "es")])
    with engine:
        found = engine.translate(["the cat sat", "on the mat"], source="en", target="es", seed=1)
    assert len(found.texts) == 2 and found.texts.type == pa.string() and (found.scores < 0).all()


def test_int8_is_smaller_than_float32(release, tmp_path):
    for quantization in ("int8", "float32"):
        assert (
            call("models", "convert", release, tmp_path / quantization, "--quantization", quantization).exit_code == 0
        )
    assert (tmp_path / "int8/model.bin").stat().st_size < (tmp_path / "float32/model.bin").stat().st_size


def test_a_folder_that_is_there_is_left_alone(release, tmp_path):
    (tmp_path / "out").mkdir()
    result = call("models", "convert", release, tmp_path / "out")
    assert result.exit_code == 5 and "exists: name another folder" in result.stderr
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "holds neither decoder.yml"),
        ({"decoder.yml": ""}, "lacks source.spm"),
        ({"config.json": json.dumps({"model_type": "m2m_100"})}, "lacks sentencepiece.bpe.model"),
        ({"config.json": json.dumps({"model_type": "bert"})}, "is a model of type bert, expected marian or m2m_100"),
        ({"config.json": "{}"}, "is a model of type None"),
        ({"config.json": "{"}, "config.json is not what Hugging Face writes"),
        ({"config.json": "[]"}, "config.json is not what Hugging Face writes"),
    ],
)
def test_what_is_no_release_is_refused(files, message, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    result = call("models", "convert", folder, tmp_path / "out")
    assert result.exit_code == 5 and message in result.stderr and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("model.npz", b"no archive"), ("model.npz", b"PK\3\4 cut off"), ("decoder.yml", b""), ("decoder.yml", b"{")],
)
def test_a_broken_model_leaves_nothing(name, content, release, tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    for file in release.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / name).write_bytes(content)
    result = call("models", "convert", folder, tmp_path / "out")
    assert result.exit_code == 5 and "CTranslate2 cannot convert" in result.stderr
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".out*"))


def test_a_missing_ctranslate2_is_named(release, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    result = call("models", "convert", release, tmp_path / "out")
    assert result.exit_code == 5 and result.stderr.startswith("babelmill: CTranslate2 is not installed")
    assert "pip install 'babelmill[mt]'" in result.stderr


def test_missing_transformers_are_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "m2m_100"}))
    (folder / "sentencepiece.bpe.model").write_bytes(b"")
    result = call("models", "convert", folder, tmp_path / "out")
    assert result.exit_code == 5 and "pip install transformers torch" in result.stderr


@pytest.mark.parametrize("name", ["no-such-folder", "./no/folder", "/no/folder"])
def test_a_folder_that_is_not_there_is_said_so(name, tmp_path):
    result = call("models", "convert", name, tmp_path / "out")
    assert result.exit_code == 5 and f"{name} is no folder here" in result.stderr


def test_a_name_of_the_hub_needs_transformers(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    result = call("models", "convert", "Helsinki-NLP/opus-mt-en-es", tmp_path / "out")
    assert result.exit_code == 5 and "pip install transformers torch" in result.stderr
