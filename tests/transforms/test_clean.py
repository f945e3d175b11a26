import lzma
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import babelmill
from babelmill.format import CLEAN, RAW, SIGNATURES
from transforms import clean as module
from transforms import langid, minhash
from transforms.clean import CleanPart, Measures, measure, measuring_digest
from transforms.journal import Task
from transforms.languages import language
from transforms.rules import Rules
from transforms.storage import WorkDirectory

SAMPLE = Path(babelmill.__file__).parent / "sample" / "cc-100"
RULES = Rules(
    min_characters=10,
    max_characters=10_000,
    invalid_utf8="repair",
    script_share=0.5,
    threshold=0.5,
    foreign_threshold=0.95,
)


def texts_of(code):
    return lzma.decompress((SAMPLE / f"{code}.txt.xz").read_bytes()).strip(b"\n").split(b"\n\n")


def raw_batch(texts, start=0):
    columns = [pa.array(range(start, start + len(texts)), pa.int64()), pa.array(texts, pa.binary())]
    return pa.record_batch(columns, schema=RAW)


@pytest.fixture(scope="module")
def measures():
    return Measures(form="NFC", model=langid.BUNDLED, shingle=5)


GERMAN = [*texts_of("de")[:6], b"kurz", b"", texts_of("ru")[3], texts_of("fr")[3], b"\x00\xff" + texts_of("de")[7]]


def test_measuring_a_batch(measures):
    clean, signatures = measure(raw_batch(GERMAN), language("de"), measures)
    assert clean.schema.equals(CLEAN) and signatures.schema.equals(SIGNATURES)
    texts = clean.column("text").to_pylist()
    assert texts[0] == GERMAN[0].decode() and texts[-1].startswith("\ufffd")
    assert clean.column("characters").to_pylist() == [len(text) for text in texts]
    assert clean.column("replaced").to_pylist() == [0] * 10 + [1]
    assert clean.column("label").to_pylist()[:6] == ["de"] * 6 and clean.column("label")[9].as_py() == "fr"
    script = clean.column("script").to_numpy()
    assert script[0] == 1 and script[8] < 0.1 and np.isnan(script[7])
    assert np.array_equal(
        signatures.column("minhash").flatten().to_numpy().reshape(-1, 128), minhash.sign(clean.column("text")).minhash
    )


def run(work, measures, *, rules=RULES, measured=None, texts=GERMAN, batches=2):
    name = "c/de/part-00000"
    with work.write_arrow(f"raw/{name}.arrow", RAW) as writer:
        for rows in np.array_split(np.arange(len(texts)), batches):
            writer.write(raw_batch([texts[row] for row in rows], int(rows[0])))
    digest = measuring_digest(measures, "model", "de", writer.file)
    job = {"corpus": "c", "code": "de", "part": asdict(writer.file), "measuring": digest, "rules": asdict(rules)}
    job |= {"measured": measured} if measured else {}
    return CleanPart(measures=measures)(work, Task(name=name, parameters="p", inputs="i", size=1, job=job))


def test_a_part_is_cleaned_and_every_document_accounted_for(tmp_path, measures):
    work = WorkDirectory(tmp_path)
    record = run(work, measures)
    (ledger,) = record.ledger.values()
    assert ledger.balances and ledger.documents == len(GERMAN)
    assert ledger.dropped == {"empty": 1, "too_short": 1, "script": 1, "language": 1}
    rejects = work.open_arrow(record.files["rejects"]).read_all().to_pylist()
    assert [(row["row"], row["document"], row["reason"]) for row in rejects] == [
        (6, 6, "too_short"),
        (7, 7, "empty"),
        (8, 8, "script"),
        (9, 9, "language"),
    ]
    assert rejects[3]["text"] == GERMAN[9].decode() and rejects[3]["value"] > 0.5
    texts = work.open_arrow(record.files["part"]).read_all().column("text").to_pylist()
    kept = [text for row, text in enumerate(texts) if row not in {6, 7, 8, 9}]
    assert ledger.bytes == sum(len(text.encode()) for text in kept)


def test_judging_again_measures_nothing(tmp_path, measures, monkeypatch):
    work = WorkDirectory(tmp_path)
    first = run(work, measures)
    files = {role: asdict(first.files[role]) for role in ("part", "signatures")}
    stricter = Rules(**{**asdict(RULES), "min_characters": 100})
    whole = run(WorkDirectory(tmp_path / "whole"), measures, rules=stricter)
    monkeypatch.setattr(module, "measure", None)
    second = run(work, measures, rules=stricter, measured=files)
    assert second.files == whole.files and second.ledger == whole.ledger
    assert second.ledger["de"].dropped["too_short"] > 1


def test_signatures_are_cut_into_batches_of_equal_rows(tmp_path, measures, monkeypatch):
    monkeypatch.setattr(module, "SIGNATURE_ROWS", 3)
    texts = [b"Dokument Nummer %d" % number for number in range(100)]
    work = WorkDirectory(tmp_path)
    record = run(work, measures, texts=texts, batches=7)
    reader = work.open_arrow(record.files["signatures"])
    sizes = [reader.get_batch(number).num_rows for number in range(reader.num_record_batches)]
    assert sizes == [3] * 33 + [1]
    values = reader.read_all().column("minhash").combine_chunks().flatten().to_numpy().reshape(-1, 128)
    assert np.array_equal(values, minhash.sign(pa.array([text.decode() for text in texts])).minhash)


def test_no_language_identification(measures):
    without = Measures(form="NFC", model=None, shingle=5)
    clean, _ = measure(raw_batch(GERMAN), language("de"), without)
    assert clean.column("label").null_count == len(GERMAN)
    assert np.isnan(clean.column("own").to_numpy()).all()


def test_what_measuring_depends_on(measures, tmp_path):
    file = WorkDirectory(tmp_path).write_bytes("a", b"content")
    other = WorkDirectory(tmp_path).write_bytes("a", b"other content")
    digests = {
        measuring_digest(measures, "model", "de", file),
        measuring_digest(measures, "other", "de", file),
        measuring_digest(measures, "model", "ru", file),
        measuring_digest(measures, "model", "de", other),
        measuring_digest(Measures(form="NFKC", model=None, shingle=5), "model", "de", file),
        measuring_digest(Measures(form="NFC", model=None, shingle=4), "model", "de", file),
    }
    assert len(digests) == 6
