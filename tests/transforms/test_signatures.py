import numpy as np
import pyarrow as pa
import pytest

from babelmill.format import CLEAN, PAIR_SIGNATURES, RAW, SIGNATURES
from transforms.clean import Measures, measure
from transforms.clean_pairs import CLEAN as CLEAN_PART
from transforms.clean_pairs import measure as measure_pairs
from transforms.filters.signals import PairMeasuring
from transforms.jaccard import shingle_sets
from transforms.languages import language
from transforms.minhash import pair_hashes, sign, text_hashes
from transforms.pair_sides import SideMeasuring
from transforms.parallel.batches import PAIRS
from transforms.signatures import Documents, signed_rows
from transforms.storage import CorruptFile, WorkDirectory

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
    return Documents(
        work=work,
        names=["a", "b"],
        starts=np.array([0, 40, 80]),
        groups=np.array([0]),
        signature_files=signatures,
        text_files=texts,
        score_files=signatures,
        shingle=5,
    )


def test_numbers_go_through_all_parts(documents):
    assert len(documents) == 80 and documents.start("b") == 40
    parts, rows = documents.locate(np.array([0, 39, 40, 79], np.int32))
    assert parts.tolist() == [0, 0, 1, 1] and rows.tolist() == [0, 39, 0, 39]


def test_documents_are_read_by_number(documents):
    wanted = np.array([3, 15, 16, 39, 40, 79], np.int32)
    texts = pa.array([TEXTS[number // 40][number % 40] for number in wanted.tolist()])
    expected = sign(texts)
    minhash, shingles = documents.signatures(wanted)
    assert np.array_equal(documents.hashes(wanted).view(np.uint8), expected.hash)
    assert np.array_equal(minhash, expected.minhash) and np.array_equal(shingles, expected.shingles)
    (characters,) = documents.columns(wanted, ["characters"])
    assert characters.tolist() == [len(text) for text in texts.to_pylist()]
    for found, right in zip(documents.shingle_sets(wanted), shingle_sets(texts), strict=True):
        assert np.array_equal(found, right)


def test_no_documents(documents):
    nothing = np.zeros(0, np.int32)
    assert documents.signatures(nothing)[0].shape == (0, 128)
    values, offsets = documents.shingle_sets(nothing)
    assert values.size == 0 and offsets.tolist() == [0]


def test_a_file_that_was_damaged_is_refused(documents):
    path = documents.work.path(documents.signature_files[1].path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    documents.hashes(np.array([3], np.int32))
    with pytest.raises(CorruptFile):
        documents.hashes(np.array([3, 40], np.int32))


def test_columns_are_views_of_a_table_in_one_piece():
    signed = sign(pa.array(TEXTS[0]))
    columns = [
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), 40, [None, pa.py_buffer(signed.hash)]),
        pa.FixedSizeListArray.from_arrays(pa.array(signed.minhash.reshape(-1)), 128),
        pa.array(signed.shingles),
        pa.array(np.arange(40, dtype=np.int32)),
        pa.array(np.ones(40, np.float32)),
    ]
    batch = pa.record_batch(columns, schema=SIGNATURES)
    for table in (batch, pa.Table.from_batches([batch[:7], batch[7:]])):
        found = signed_rows(table)
        assert np.array_equal(found.hash.view(np.uint8), signed.hash) and np.array_equal(found.minhash, signed.minhash)
    part = signed_rows(batch[5:9])
    assert np.array_equal(part.hash.view(np.uint8), signed.hash[5:9])
    assert np.array_equal(part.minhash, signed.minhash[5:9]) and part.characters.tolist() == [5, 6, 7, 8]


@pytest.mark.parametrize("by", ["pair", "source", "target"])
def test_pairs_are_signed_when_they_are_asked_for(tmp_path, by):
    sides = [[f"{side} {row} of so many words" for row in range(30)] for side in ("Satz", "sentence")]
    work, measuring = WorkDirectory(tmp_path), SideMeasuring("NFC", None)
    columns = [range(30), *([text.encode() for text in side] for side in sides), [0.5] * 30]
    batch = pa.record_batch([pa.array(column) for column in columns], names=PAIRS.names).cast(PAIRS)
    text, signature = work.write_arrow("text", CLEAN_PART), work.write_arrow("signatures", PAIR_SIGNATURES)
    with text, signature:
        for start, end in ((0, 13), (13, 30)):
            languages = PairMeasuring(source=language("de"), target=language("en"))
            clean, signed = measure_pairs(batch[start:end], languages, by, measuring)
            text.write(clean)
            signature.write(signed)
    pairs = Documents(
        work=work,
        names=["a"],
        starts=np.array([0, 30]),
        groups=np.array([0]),
        signature_files=[signature.file],
        text_files=[text.file],
        score_files=[text.file],
        shingle=3,
        by=by,
    )
    wanted = np.array([0, 12, 13, 29], np.int32)
    said = {"source": sides[0], "target": sides[1], "pair": ["\n".join(both) for both in zip(*sides, strict=True)]}[by]
    expected = sign(pa.array([said[row] for row in wanted]), words=3)
    minhash, shingles = pairs.signatures(wanted)
    both = [text_hashes(pa.array([side[row] for row in wanted])) for side in sides]
    assert np.array_equal(pairs.hashes(wanted), pair_hashes(*both) if by == "pair" else both[by == "target"])
    assert np.array_equal(minhash, expected.minhash) and np.array_equal(shingles, expected.shingles)
    assert pairs.signatures(wanted[:0])[0].shape == (0, 128)
