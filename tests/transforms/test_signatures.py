import numpy as np
import pyarrow as pa
import pytest

from babelmill.format import CLEAN, RAW, SIGNATURES
from transforms.clean import Measures, measure
from transforms.jaccard import shingle_sets
from transforms.languages import language
from transforms.minhash import sign
from transforms.signatures import Documents, numbers, split
from transforms.storage import WorkDirectory

TEXTS = [[f"document {part} {row} says something about the number {row * 7}" for row in range(40)] for part in (0, 1)]


@pytest.fixture
def documents(tmp_path):
    work, texts, signatures = WorkDirectory(tmp_path), {}, {}
    measures = Measures(form="NFC", model=None, shingle=5)
    for part, rows in enumerate(TEXTS):
        text = work.write_arrow(f"text-{part}", CLEAN)
        signature = work.write_arrow(f"signatures-{part}", SIGNATURES)
        with text, signature:
            for start in range(0, len(rows), 16):
                chosen = rows[start : start + 16]
                raw = [
                    pa.array(range(start, start + len(chosen)), pa.int64()),
                    pa.array([row.encode() for row in chosen]),
                ]
                clean, signed = measure(pa.record_batch(raw, schema=RAW), language("en"), measures)
                text.write(clean)
                signature.write(signed)
        texts[part], signatures[part] = text.file, signature.file
    return Documents(work=work, signature_files=signatures, text_files=texts, shingle=5)


def test_numbers_go_both_ways():
    parts, rows = split(numbers(7, np.array([0, 5, 2**31 - 1])))
    assert parts.tolist() == [7, 7, 7] and rows.tolist() == [0, 5, 2**31 - 1]


def test_documents_of_any_order_and_part(documents):
    wanted = [(1, 39), (0, 3), (1, 0), (0, 17), (0, 3)]
    keys = np.concatenate([numbers(part, np.array([row])) for part, row in wanted])
    texts = pa.array([TEXTS[part][row] for part, row in wanted])
    assert documents.read(keys).equals(texts)
    expected = sign(texts)
    assert np.array_equal(documents.sign(keys).minhash, expected.minhash)
    assert np.array_equal(documents.hashes(keys), expected.hash)
    assert np.array_equal(documents.signatures(keys)[1], expected.shingles)
    for found, right in zip(documents.shingle_sets(keys), shingle_sets(texts), strict=True):
        assert np.array_equal(found, right)


def test_no_documents(documents):
    nothing = np.zeros(0, np.uint64)
    assert len(documents.read(nothing)) == 0
    assert documents.sign(nothing).minhash.shape == (0, 128)
