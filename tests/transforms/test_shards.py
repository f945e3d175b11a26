import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelmill.format import DOCUMENTS, TOKENS, File
from transforms import shards
from transforms.journal import Task
from transforms.shards import GatherShard, OrderLanguage, cut, held_out, windows
from transforms.storage import WorkDirectory


@given(st.lists(st.integers(0, 20), max_size=40), st.integers(1, 30))
def test_cut_fills_shards_up_to_the_bound(lengths, most):
    cuts = cut(np.array(lengths, np.int64), most).tolist()
    assert cuts[0] == 0 and cuts[-1] == len(lengths) and cuts == sorted(set(cuts))
    for start, stop in itertools.pairwise(cuts):
        assert sum(lengths[start:stop]) <= most or stop == start + 1
        assert stop == len(lengths) or sum(lengths[start : stop + 1]) > most


@given(st.lists(st.integers(0, 50), max_size=200), st.integers(0, 30), st.integers(0, 9))
def test_held_out_documents_are_few_and_their_copies_go_with_them(keys, most, seed):
    keys = np.array(keys, np.uint64)
    out = held_out(keys, most=most, seed=seed)
    assert out.sum() <= min(most, keys.size // 10)
    assert not set(keys[out]) & set(keys[~out])


def test_held_out_documents_are_as_many_as_asked_for():
    keys = np.random.default_rng(0).integers(0, 2**63, 1000).astype(np.uint64)
    first, second = held_out(keys, most=50, seed=1), held_out(keys, most=50, seed=2)
    assert first.sum() == second.sum() == 50 and (first != second).any()
    assert held_out(keys, most=500, seed=1).sum() == 100
    assert (held_out(keys[::-1], most=50, seed=1)[::-1] == first).all()


def test_windows_hold_every_part_once():
    members = windows(150, seed=1, language="de")
    assert [len(window) for window in members] == [64, 64, 22]
    assert sorted(np.concatenate(members)) == list(range(150))
    assert (np.concatenate(members) != np.concatenate(windows(150, seed=2, language="de"))).any()


@pytest.fixture
def language(tmp_path):
    """A work directory with the token files of a language: two corpora, three parts, 300 documents."""
    work, rng, parts, rows = WorkDirectory(tmp_path), np.random.default_rng(0), [], []
    for corpus, number in (("a", 0), ("a", 1), ("b", 0)):
        name = f"tokens/{corpus}/de/part-{number:05d}.arrow"
        with work.write_arrow(name, TOKENS) as writer:
            for start in (0, 60):
                ids = [rng.integers(0, 99, rng.integers(0, 9)).tolist() for _ in range(50)]
                documents = range(1000 * number + start, 1000 * number + start + 50)
                columns = [
                    pa.array(range(50), pa.int32()),
                    pa.array(documents, pa.int64()),
                    pa.array(rng.integers(0, 2**63, 50), pa.uint64()),
                    pa.array(ids, pa.list_(pa.int32())),
                ]
                writer.write(pa.record_batch(columns, schema=TOKENS))
                rows += [(corpus, document, ids[i]) for i, document in enumerate(documents)]
        parts.append([corpus, vars(writer.file)])
    return work, parts, rows


def ordered(work, parts, **changes):
    settings = {"seed": 1, "tokens": 100, "validation": 20, **changes}
    task = Task(name="de", parameters="p", inputs="i", size=0, job={"language": "de", "parts": parts})
    return OrderLanguage(**settings)(work, task)


def gathered(work, record):
    """The rows of every shard of a language, by split, in order."""
    found = {}
    for split, cuts in record.facts["cuts"].items():
        found[split] = []
        for number, (start, stop) in enumerate(itertools.pairwise(cuts)):
            job = {"language": "de", "order": vars(record.files["order"]), "start": start, "stop": stop}
            task = Task(name=f"documents/{split}/de/{number:05d}", parameters="p", inputs="i", size=0, job=job)
            shard = GatherShard()(work, task).files["shard"]
            table = work.open_arrow(shard).read_all()
            assert table.schema.equals(DOCUMENTS) and set(table.column("language").to_pylist()) == {"de"}
            rows = table.select(["corpus", "document", "input_ids"]).to_pylist()
            assert sum(len(row["input_ids"]) for row in rows) <= 100
            found[split] += [tuple(row.values()) for row in rows]
    return found


def test_shards_hold_every_document_once(language):
    work, parts, rows = language
    found = gathered(work, ordered(work, parts))
    assert len(found["validation"]) == 20
    assert sorted(found["train"] + found["validation"]) == sorted(rows)


def test_the_order_is_the_seeds(language):
    work, parts, _ = language
    first = ordered(work, parts).files["order"]
    assert ordered(work, parts).files["order"].sha256 == first.sha256
    assert ordered(work, parts, seed=2).files["order"].sha256 != first.sha256
    found = gathered(work, ordered(work, parts))["train"]
    places = [document for _, document, _ in found]
    assert abs(np.corrcoef(places, range(len(places)))[0, 1]) < 0.2


def test_a_large_language_is_shuffled_window_by_window(language, monkeypatch):
    work, parts, rows = language
    monkeypatch.setattr(shards, "WINDOW", 1)
    found = gathered(work, ordered(work, parts, validation=0))["train"]
    assert sorted(found) == sorted(rows)
    part = [(corpus, document // 1000) for corpus, document, _ in found]
    assert sum(one != other for one, other in itertools.pairwise(part)) == 2


def test_gathering_reads_a_damaged_part_as_an_error(language):
    work, parts, _ = language
    record = ordered(work, parts)
    path = work.path(File(**parts[0][1]).path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="sha256"):
        gathered(work, record)
