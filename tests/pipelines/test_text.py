"""Whole runs that keep the text beside the ids."""

import shutil

import datasets
import pytest
import sentencepiece
from small_run import call, events

import babelmill
from babelmill.format import TEXTS


def with_text(finished, folder):
    """A copy of a finished run, run again to keep the text; and how many tasks each stage had."""
    shutil.copytree(finished, folder)
    result = call("run", folder / "corpus.yaml", "--json", "--set", "shards.text=true")
    assert result.exit_code == 0, result.output
    return folder / "work", {event["stage"]: event["tasks"] for event in events(result) if event["event"] == "start"}


@pytest.fixture(scope="module")
def pairs_with_text(finished_pairs, tmp_path_factory):
    """A finished run with pairs that keeps the text: its work directory, and how many tasks each stage had."""
    return with_text(finished_pairs, tmp_path_factory.mktemp("text") / "copy")


@pytest.fixture(scope="module")
def pseudo_with_text(translated, tmp_path_factory):
    """The same with pseudo pairs."""
    return with_text(translated, tmp_path_factory.mktemp("text") / "copy")


def rows_of(work, kind):
    shards = babelmill.open(work, kind=kind)
    return [shards[number] for number in range(len(shards))]


@pytest.mark.parametrize(
    ("run", "plain", "kinds"),
    [
        ("pairs_with_text", "finished_pairs", ("documents", "pairs")),
        ("pseudo_with_text", "translated", ("pseudo",)),
    ],
)
def test_text_stands_beside_its_ids(run, plain, kinds, request):
    finished = request.getfixturevalue(plain)
    work, tasks = request.getfixturevalue(run)
    assert tasks["dedup"] == 0 < tasks["tokens"]
    processor = sentencepiece.SentencePieceProcessor(model_file=str(work / "vocab/spm.model"))
    for kind in kinds:
        rows, before = rows_of(work, kind), rows_of(finished / "work", kind)
        assert len(rows) == len(before) > 50
        for row, old in zip(rows, before, strict=True):
            texts = {name: row.pop(name) for name in TEXTS.values() if name in row}
            assert len(texts) == (1 if kind == "documents" else 2)
            for ids, name in TEXTS.items():
                if ids in row:
                    assert processor.encode(texts[name]) == row[ids].tolist() == old[ids].tolist()
            assert row.keys() == old.keys() and row["document"] == old["document"]
    assert call("verify", work.parent / "corpus.yaml", "--set", "shards.text=true").exit_code == 0


def test_datasets_reads_the_text_too(pairs_with_text, tmp_path):
    work, _ = pairs_with_text
    loaded = datasets.load_dataset(str(work / "shards/pairs"), split="train", cache_dir=str(tmp_path / "cache"))
    ours = rows_of(work, "pairs")
    assert sorted(zip(loaded["source"], loaded["target"], strict=True)) == sorted(
        (row["source"], row["target"]) for row in ours
    )


def test_ids_alone_unless_it_is_asked_for(finished_pairs):
    assert not any(name in row for row in rows_of(finished_pairs / "work", "pairs") for name in TEXTS.values())
