import json

import numpy as np
import pyarrow as pa
import pytest
from toy_bitexts import bitext, word

from babelmill.format import FormatError, sealed
from transforms.lexicon.learning import learn
from transforms.lexicon.saving import TRANSLATIONS, load, save
from transforms.places import CorruptFile
from transforms.storage import WorkDirectory


@pytest.fixture(scope="module")
def lexicon():
    return learn(*bitext(1000), languages=("xa", "xb"))


@pytest.fixture
def work(tmp_path):
    return WorkDirectory(tmp_path)


def change(work, **values):
    """Give the manifest other values and a checksum that fits."""
    path = work.path("lexicons/xa-xb/lexicon.json")
    body = json.loads(path.read_text())
    del body["checksum"]
    path.write_text(json.dumps(sealed({**body, **values})))


def test_what_is_read_is_what_was_written(lexicon, work):
    files = save(lexicon, work, "lexicons/xa-xb")
    found = load(work, "lexicons/xa-xb")

    assert {role: file.path for role, file in files.items()} == {
        "source": "lexicons/xa-xb/source.arrow",
        "target": "lexicons/xa-xb/target.arrow",
        "table": "lexicons/xa-xb/table.arrow",
        "manifest": "lexicons/xa-xb/lexicon.json",
    }
    source, target = bitext(200, seed=3)
    assert found.score(source, target).tolist() == lexicon.score(source, target).tolist()
    assert found.translations(word(1)) == lexicon.translations(word(1))
    assert found.translate(source)[0] == lexicon.translate(source)[0]
    for name in ("languages", "tension", "empty", "weights", "facts", "pieces"):
        assert getattr(found, name) == getattr(lexicon, name)


def test_tables_are_mapped(lexicon, work):
    save(lexicon, work, "lexicons/xa-xb")
    before = pa.total_allocated_bytes()
    found = load(work, "lexicons/xa-xb")

    assert pa.total_allocated_bytes() == before
    assert not found.table.forward.flags.owndata


def test_a_lexicon_of_nothing(work):
    empty = pa.array([], pa.string())
    save(learn(empty, empty, languages=("xa", "xb")), work, "none")

    found = load(work, "none")

    assert found.facts["area"] is None
    assert found.translate(pa.array(["as it is"]))[0].to_pylist() == ["as it is"]
    assert np.isfinite(found.score(pa.array(["a"]), pa.array(["b"]))).all()


def test_a_changed_table_is_refused(lexicon, work):
    save(lexicon, work, "lexicons/xa-xb")
    path = work.path("lexicons/xa-xb/table.arrow")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(CorruptFile, match=r"table\.arrow"):
        load(work, "lexicons/xa-xb")


def test_a_changed_manifest_is_refused(lexicon, work):
    save(lexicon, work, "lexicons/xa-xb")
    path = work.path("lexicons/xa-xb/lexicon.json")
    path.write_text(path.read_text().replace('"empty": 0.08', '"empty": 0.09'))

    with pytest.raises(FormatError, match="was changed"):
        load(work, "lexicons/xa-xb")


def test_another_version_is_refused(lexicon, work):
    save(lexicon, work, "lexicons/xa-xb")
    change(work, lexicon=99)

    with pytest.raises(FormatError, match=r"lexicon\.json is of version 99, expected 1"):
        load(work, "lexicons/xa-xb")


def test_another_vocabulary_is_refused(lexicon, work):
    save(lexicon, work, "lexicons/xa-xb")
    change(work, pieces="0123456789abcdef")

    with pytest.raises(FormatError, match="learnt with the vocabulary 0123456789ab, found no vocabulary"):
        load(work, "lexicons/xa-xb")


def test_other_columns_are_refused(lexicon, work):
    save(lexicon, work, "lexicons/xa-xb")
    schema = TRANSLATIONS.remove(3)
    with work.write_arrow("lexicons/xa-xb/table.arrow", schema) as writer:
        writer.write(pa.record_batch([pa.array([1], field.type) for field in schema], schema=schema))
    body = json.loads(work.path("lexicons/xa-xb/lexicon.json").read_text())
    described = {"rows": 1, "bytes": writer.file.bytes, "sha256": writer.file.sha256, "path": "table.arrow"}
    change(work, files={**body["files"], "table": described})

    with pytest.raises(FormatError, match=r"table\.arrow has columns \['source', 'target', 'forward'\], expected"):
        load(work, "lexicons/xa-xb")


def test_there_is_none(work):
    with pytest.raises(FileNotFoundError):
        load(work, "lexicons/xa-xb")
