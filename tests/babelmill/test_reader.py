"""`babelmill.open` against the same rows in Python lists."""

import gc
import json
import os
import pickle
import resource
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import babelmill
from babelmill.format import DOCUMENTS, PAIRS, PSEUDO, FormatError, sealed, with_text


def make_rows(seed, language, count):
    """Rows as a user would write them down; every fifth has no ids."""
    rng = np.random.default_rng(seed)
    lengths = [0 if i % 5 == 3 else int(rng.integers(1, 40)) for i in range(count)]
    return [
        {
            "input_ids": rng.integers(0, 1000, length).tolist(),
            "language": language,
            "corpus": ["cc-100", "noisy", "wiki"][i * 3 // count],
            "document": 10 * i + seed,
        }
        for i, length in enumerate(lengths)
    ]


def write_file(path, rows, rows_a_batch=100, schema=DOCUMENTS):
    """One shard, with dictionaries of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema), max_chunksize=rows_a_batch)


def write_manifest(root):
    """List every file under `root` as `babelmill shard` does."""
    entries = []
    for path in root.rglob("*.arrow"):
        content = path.read_bytes()
        with pa.ipc.open_file(path) as reader:
            rows = sum(reader.get_batch(i).num_rows for i in range(reader.num_record_batches))
        where = path.relative_to(root).as_posix()
        entries.append({"path": where, "rows": rows, "bytes": len(content), "sha256": sha256(content).hexdigest()})
    (root / "manifest.json").write_text(json.dumps(sealed({"stage": "shards", "files": entries})))


def write_shards(root):
    """Shards of three languages; return the rows of the training set, in order of the files' paths."""
    rows = {language: make_rows(seed, language, 70 + seed) for seed, language in enumerate(["de", "hi-Latn", "th"], 6)}
    train = root / "documents" / "train"
    write_file(train / "de" / "00000-of-00002.arrow", rows["de"][:40], 7)
    write_file(train / "de" / "00001-of-00002.arrow", rows["de"][40:])
    write_file(train / "hi-Latn" / "00000-of-00001.arrow", rows["hi-Latn"], 20)
    write_file(train / "th" / "00000-of-00002.arrow", [], 1)
    write_file(train / "th" / "00001-of-00002.arrow", rows["th"], 1)
    write_file(root / "documents" / "validation" / "de" / "00000-of-00001.arrow", make_rows(1, "de", 5), 5)
    write_manifest(root)
    return rows["de"] + rows["hi-Latn"] + rows["th"][:0] + rows["th"]


@pytest.fixture
def shards(tmp_path):
    write_shards(tmp_path / "work" / "shards")
    return tmp_path / "work" / "shards"


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same rows through the reader and in a list."""
    root = tmp_path_factory.mktemp("shards")
    rows = write_shards(root)
    assert len(rows) == 76 + 77 + 78
    return babelmill.open(root), rows


def plain(row):
    return {**row, "input_ids": row["input_ids"].tolist()}


def rows_of(batch):
    return [
        {
            "input_ids": batch.input_ids[batch.offsets[i] : batch.offsets[i + 1]].tolist(),
            "language": batch.languages[i],
            "corpus": batch.corpora[i],
            "document": batch.documents[i],
        }
        for i in range(len(batch))
    ]


def test_every_row_by_number(both):
    shards, rows = both
    assert len(shards) == len(rows)
    assert shards.tokens == sum(len(row["input_ids"]) for row in rows)
    assert shards.languages == ["de", "hi-Latn", "th"]
    assert [plain(shards[i]) for i in range(len(rows))] == rows
    assert [plain(shards[i - len(rows)]) for i in range(len(rows))] == rows
    assert [plain(row) for row in shards] == rows


def test_a_row_is_a_view_of_the_mapped_file(both):
    ids = both[0][0]["input_ids"]
    assert ids.dtype == np.int32
    assert not ids.flags.owndata and not ids.flags.writeable


def test_a_row_outlives_its_set(tmp_path):
    rows = write_shards(tmp_path)
    ids = [row["input_ids"] for row in babelmill.open(tmp_path)]
    for path in tmp_path.rglob("*.arrow"):
        path.unlink()
    gc.collect()
    assert [array.tolist() for array in ids] == [row["input_ids"] for row in rows]


@given(indices=st.lists(st.integers(-231, 230), max_size=60))
def test_a_batch_is_its_rows(both, indices):
    shards, rows = both
    batch = shards.batch(indices)
    assert (batch.input_ids.dtype, batch.offsets.dtype, batch.documents.dtype) == (np.int32, np.int64, np.int64)
    assert batch.offsets[0] == 0 and batch.offsets[-1] == len(batch.input_ids)
    assert rows_of(batch) == [rows[i] for i in indices]


@pytest.mark.parametrize("i", [231, -232, 10**12])
def test_a_row_that_is_not_there(both, i):
    with pytest.raises(IndexError, match=rf"no row {i}; allowed: 0 to 230, or -231 to -1"):
        both[0][i]
    with pytest.raises(IndexError, match=rf"no row {i}; allowed"):
        both[0].batch([0, i])


@pytest.mark.parametrize("indices", [[1.5], np.ones(231, bool), 3, [[1, 2]], ["1"]])
def test_indices_that_are_no_integers(both, indices):
    with pytest.raises(TypeError, match=r"expected integers\[n\]"):
        both[0].batch(indices)
    with pytest.raises(TypeError):
        both[0][1.0]


@given(seed=st.integers(0, 1000), epoch=st.integers(0, 3), size=st.integers(1, 300))
def test_a_pass_gives_every_row_once(both, seed, epoch, size):
    shards, rows = both
    order = babelmill.Permutation(len(rows), seed, epoch)(np.arange(len(rows)))
    batches = list(shards.iterate(seed=seed, epoch=epoch, batch_size=size))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert [row for batch in batches for row in rows_of(batch)] == [rows[i] for i in order]
    assert sorted(order) == list(range(len(rows)))


def test_a_pass_by_rows_is_a_pass_by_batches(both):
    shards, _ = both
    one = [plain(row) for row in shards.iterate(seed=3)]
    assert one == [row for batch in shards.iterate(seed=3, batch_size=17) for row in rows_of(batch)]
    assert one != [plain(row) for row in shards.iterate(seed=4)]
    assert one != [plain(row) for row in shards.iterate(seed=3, epoch=1)]


def test_a_pass_longer_than_what_is_computed_ahead(both, monkeypatch):
    shards, _ = both
    whole = [row for batch in shards.iterate(seed=3, batch_size=7) for row in rows_of(batch)]
    monkeypatch.setattr("babelmill.reader._AHEAD", 20)
    assert whole == [row for batch in shards.iterate(seed=3, batch_size=7) for row in rows_of(batch)]


@given(before=st.integers(0, 12), size=st.integers(1, 40), position=st.integers(0, 231))
def test_a_pass_goes_on_where_it_stopped(both, before, size, position):
    shards, _ = both
    whole = [plain(row) for row in shards.iterate(seed=2, epoch=1)]
    started = shards.iterate(seed=2, epoch=1, batch_size=size, position=position)
    seen = [row for _, batch in zip(range(before), started, strict=False) for row in rows_of(batch)]
    state = json.loads(json.dumps(started.state()))
    rest = [row for batch in shards.iterate(state=state, batch_size=5) for row in rows_of(batch)]
    assert whole[position:] == seen + rest
    assert state["position"] == position + len(seen)


def test_a_state_of_other_shards_is_refused(both):
    shards, _ = both
    state = babelmill.open(shards.root, languages=["de"]).iterate(seed=1).state()
    with pytest.raises(ValueError, match="the state is of shards with digest"):
        shards.iterate(state=state)
    with pytest.raises(ValueError, match="the state lacks epoch, position, seed"):
        shards.iterate(state={"shards": state["shards"]})


@pytest.mark.parametrize("wrong", [{"position": -1}, {"position": 232}, {"batch_size": 0}, {"seed": -1}])
def test_a_pass_with_a_value_out_of_range(both, wrong):
    with pytest.raises(ValueError, match="expected"):
        both[0].iterate(**wrong)


def test_the_folder_may_be_named_in_three_ways(shards):
    rows = [plain(row) for row in babelmill.open(shards)]
    for path in (shards.parent, shards / "documents", str(shards)):
        assert [plain(row) for row in babelmill.open(path)] == rows


def test_splits_and_languages(shards):
    assert [row["language"] for row in babelmill.open(shards, split="validation")] == ["de"] * 5
    assert {row["language"] for row in babelmill.open(shards, languages=["th", "de"])} == {"th", "de"}
    assert len(babelmill.open(shards, languages="hi-Latn")) == 77
    empty = babelmill.open(shards, split="validation", languages=["th"])
    assert len(empty) == 0 and list(empty.iterate(batch_size=4)) == [] and empty.batch([]).offsets.tolist() == [0]
    with pytest.raises(ValueError, match=r"no documents in xx; it has de, hi-Latn, th"):
        babelmill.open(shards, languages=["de", "xx"])
    with pytest.raises(
        ValueError, match=r"no documents/test; its manifest lists documents/train, documents/validation"
    ):
        babelmill.open(shards, split="test")


def test_a_set_can_be_pickled(shards):
    opened = babelmill.open(shards, languages=["th", "de"])
    copy = pickle.loads(pickle.dumps(opened))
    assert [plain(row) for row in copy] == [plain(row) for row in opened]


def make_pair(number, **more):
    return {
        "source_ids": [number] * (number % 3),
        "target_ids": [number, number + 1],
        "source_language": "de",
        "target_language": "en",
        "score": number / 2,
        "origin": "human",
        "corpus": "News",
        "document": number,
        **more,
    }


@pytest.fixture(scope="module")
def bilingual(tmp_path_factory):
    """Shards of pairs and of pseudo pairs, and their rows."""
    root = tmp_path_factory.mktemp("bilingual")
    pairs = [make_pair(number) for number in range(11)]
    pseudo = [make_pair(number, origin="lexical", synthetic="source", sentence=number % 4) for number in range(20, 27)]
    write_file(root / "pairs/train/de-en/00000-of-00001.arrow", pairs, 4, PAIRS)
    write_file(root / "pseudo/train/de-en/00000-of-00001.arrow", pseudo, 3, PSEUDO)
    write_manifest(root)
    return root, pairs, pseudo


def test_pairs_and_pseudo_pairs_in_one_set(bilingual):
    root, pairs, pseudo = bilingual
    shards = babelmill.open(root, kind="pairs+pseudo", languages=["de-en"])
    expected = [{**pair, "synthetic": "", "sentence": -1} for pair in pairs] + pseudo
    rows = [shards[number] for number in range(len(shards))]
    assert [{**row, **{ids: row[ids].tolist() for ids in ("source_ids", "target_ids")}} for row in rows] == expected
    batch = pickle.loads(pickle.dumps(shards)).batch(np.arange(len(expected))[::-1])
    assert batch.sentences.tolist()[::-1] == [row["sentence"] for row in expected]
    assert batch.synthetic.tolist()[::-1] == [row["synthetic"] for row in expected]
    assert batch.documents.tolist()[::-1] == [row["document"] for row in expected]
    seen = [document for one in shards.iterate(seed=1, batch_size=5) for document in one.documents.tolist()]
    assert sorted(seen) == sorted(row["document"] for row in expected) and seen != sorted(seen)


@pytest.mark.parametrize("kind", ["pairs", "pseudo", "pairs+pseudo"])
def test_the_example_reads_pairs_of_all_kinds(bilingual, kind):
    repository = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, repository / "examples/read_pairs.py", bilingual[0], "--kind", kind],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(repository)},
    )
    assert "BTMLM input_ids: (4, " in done.stdout


def test_pairs_and_pseudo_pairs_apart(bilingual):
    root, pairs, pseudo = bilingual
    assert len(babelmill.open(root)) == len(babelmill.open(root / "pairs")) == len(pairs)
    assert len(babelmill.open(root, kind="pseudo")) == len(pseudo)
    for kind in ("documents", "documents+pairs", "pair"):
        with pytest.raises(ValueError, match=f"has no {kind}/train; its manifest lists".replace("+", r"\+")):
            babelmill.open(root, kind=kind)


def test_one_set_needs_both_kinds(bilingual, tmp_path):
    shutil.copytree(bilingual[0] / "pairs", tmp_path / "pairs")
    write_manifest(tmp_path)
    with pytest.raises(ValueError, match="has no pseudo/train; its manifest lists pairs/train"):
        babelmill.open(tmp_path, kind="pairs+pseudo")


def test_text_is_in_rows_where_shards_have_it(tmp_path):
    rows = [{**row, "text": f"text {row['document']}"} for row in make_rows(3, "de", 20)]
    write_file(tmp_path / "documents/train/de/00000-of-00001.arrow", rows, 6, with_text(DOCUMENTS))
    write_manifest(tmp_path)
    shards = babelmill.open(tmp_path)
    assert [plain(shards[number]) for number in range(20)] == rows
    assert rows_of(shards.batch(range(20))) == [{k: v for k, v in row.items() if k != "text"} for row in rows]


def test_an_unfinished_run_is_refused(shards):
    (shards / "manifest.json").unlink()
    with pytest.raises(FormatError, match=r"has no manifest\.json, which is written last"):
        babelmill.open(shards)
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        babelmill.open(shards / "nowhere")


def test_a_file_of_another_size_or_none(shards):
    path = shards / "documents" / "train" / "th" / "00001-of-00002.arrow"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FormatError, match=rf"00001-of-00002\.arrow has {size - 1:,} bytes, its manifest says {size:,}"):
        babelmill.open(shards)
    path.unlink()
    with pytest.raises(FormatError, match=r"00001-of-00002\.arrow is missing"):
        babelmill.open(shards)
    assert len(babelmill.open(shards, languages=["de"])) == 76


def test_a_file_of_other_content(shards):
    path = shards / "documents" / "train" / "th" / "00001-of-00002.arrow"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"00001-of-00002\.arrow has sha256 \w{12}, its manifest says"):
        babelmill.open(shards, verify=True)
    path.write_bytes(bytes(len(content)))
    with pytest.raises(FormatError, match="is not an Arrow IPC file"):
        babelmill.open(shards)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (pa.schema([("input_ids", pa.list_(pa.int64())), *list(DOCUMENTS)[1:]]), r"input_ids is list<item: int64>"),
        (pa.schema(list(DOCUMENTS)[:3]), r"column document is missing, expected int64"),
    ],
)
def test_a_file_with_other_columns(shards, schema, message):
    path = shards / "documents" / "train" / "th" / "00001-of-00002.arrow"
    write_file(path, make_rows(1, "th", 3), schema=schema)
    write_manifest(shards)
    with pytest.raises(FormatError, match=message):
        babelmill.open(shards)


def test_a_file_with_nulls_or_more_rows_than_listed(shards):
    path = shards / "documents" / "train" / "th" / "00001-of-00002.arrow"
    write_file(path, [{**row, "corpus": None} for row in make_rows(1, "th", 3)])
    write_manifest(shards)
    with pytest.raises(FormatError, match="column corpus has nulls"):
        babelmill.open(shards)
    write_file(path, make_rows(1, "th", 3))
    write_manifest(shards)
    manifest = json.loads((shards / "manifest.json").read_text())
    entry = next(entry for entry in manifest["files"] if "th/00001" in entry["path"])
    entry["rows"] = 4
    (shards / "manifest.json").write_text(json.dumps(sealed({"files": manifest["files"]})))
    with pytest.raises(FormatError, match="has 3 rows, its manifest says 4"):
        babelmill.open(shards)


def test_a_damaged_list_is_named_and_not_followed(shards):
    path = shards / "documents" / "train" / "th" / "00001-of-00002.arrow"
    write_file(path, [{**row, "input_ids": [7] * 12345} for row in make_rows(1, "th", 2)])
    offsets, damaged = (np.array([0, 12345, end], np.int32).tobytes() for end in (24690, 10**9))
    content = path.read_bytes()
    assert content.count(offsets) == 1
    path.write_bytes(content.replace(offsets, damaged))
    write_manifest(shards)
    opened = babelmill.open(shards, languages=["th"])
    assert len(opened[0]["input_ids"]) == 12345
    for read in (lambda: opened[1], lambda: opened.batch([0, 1])):
        with pytest.raises(
            FormatError, match=r"00001-of-00002\.arrow is damaged: row 1 .* goes from 12345 to 1000000000"
        ):
            read()


def test_a_set_may_have_more_files_than_a_process_may_open(tmp_path):
    for number in range(100):
        write_file(tmp_path / "documents" / "train" / "de" / f"{number:05}-of-00100.arrow", make_rows(number, "de", 2))
    write_manifest(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        assert len(babelmill.open(tmp_path)) == 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
