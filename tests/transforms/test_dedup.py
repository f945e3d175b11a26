"""Deduplication as a graph against brute force: all pairs of a small corpus compared by their true similarity."""

import pytest
from small_dedup import WORDS, clusters, corpus, damage_when_planned, deduplicate, found_clusters, in_parts

from transforms.signatures import Documents
from transforms.storage import WorkDirectory

TWO_PARTS = in_parts(corpus(2), [60, 65])


@pytest.mark.parametrize("seed", [0, 1])
def test_clusters_are_those_of_brute_force(tmp_path, seed):
    texts = corpus(seed)
    parts = in_parts(texts, [50, 40, len(texts) - 90])
    removed, records = deduplicate(WorkDirectory(tmp_path), parts, workers=2)
    assert found_clusters(parts, removed) == clusters(texts, 0.8)
    for record in records:
        (ledger,) = record.ledger.values()
        kept = [text for row, text in enumerate(parts[record.name]) if (record.name, row) not in removed]
        assert ledger.balances and ledger.kept == len(kept)
        assert ledger.bytes == sum(len(text.encode()) for text in kept)


@pytest.fixture(scope="module")
def removed_at_once(tmp_path_factory):
    """What goes of a corpus in two parts, in one pass and one partition."""
    removed, _ = deduplicate(WorkDirectory(tmp_path_factory.mktemp("once")), TWO_PARTS, partitions=1)
    assert len(removed) > 40
    return removed


@pytest.mark.parametrize("passes, partitions, workers", [(1, 32, 2), (2, 1, 1), (3, 2, 2), (6, 1, 2)])
def test_the_same_whatever_the_passes_and_partitions(tmp_path, removed_at_once, passes, partitions, workers):
    settings = {"passes": passes, "partitions": partitions, "workers": workers}
    assert deduplicate(WorkDirectory(tmp_path), TWO_PARTS, **settings)[0] == removed_at_once


def test_no_document_is_no_duplicate(tmp_path):
    removed, records = deduplicate(WorkDirectory(tmp_path), {"c/en/a": []}, passes=2)
    assert removed == {} and records[0].ledger["en"].documents == 0


def test_a_later_pass_reads_nothing_of_what_an_earlier_one_joined(tmp_path, monkeypatch):
    asked = {"hashes": [], "signatures": []}

    def watch(name):
        method = getattr(Documents, name)
        monkeypatch.setattr(Documents, name, lambda *given: asked[name].append(given[1].size) or method(*given))

    watch("hashes")
    watch("signatures")
    text, other = " ".join(WORDS[:80]), " ".join(WORDS[:81])
    parts = {"c/en/a": [text] * 3 + [other], "c/en/b": [text]}
    removed, _ = deduplicate(WorkDirectory(tmp_path), parts, passes=5, partitions=1)
    assert len(removed) == 4
    # Of equal texts one stands for all.
    assert asked == {"hashes": [3], "signatures": [2]}


def test_exact_and_near_duplicates_are_told_apart(tmp_path):
    text = " ".join(WORDS[:80])
    parts = {"c/en/a": [text, text.upper(), text + " more"], "c/en/b": [text]}
    removed, _ = deduplicate(WorkDirectory(tmp_path), parts)
    assert removed == {
        ("c/en/a", 0): ("near_duplicate", "c/en/a#2"),
        ("c/en/a", 1): ("exact_duplicate", "c/en/a#2"),
        ("c/en/b", 0): ("exact_duplicate", "c/en/a#2"),
    }


def test_exact_duplicates_alone(tmp_path):
    text = " ".join(WORDS[:80])
    parts = {"c/en/a": [text, text + " more", text]}
    removed, _ = deduplicate(WorkDirectory(tmp_path), parts, likeness=None)
    assert removed == {("c/en/a", 2): ("exact_duplicate", "c/en/a#0")}


def test_groups_are_apart(tmp_path):
    text = " ".join(WORDS[:80])
    parts = {"c/en/a": [text], "c/de/a": [text], "c/de/b": [text]}
    groups = {"c/en/a": "en", "c/de/a": "de", "c/de/b": "de"}
    removed, _ = deduplicate(WorkDirectory(tmp_path), parts, groups=groups)
    assert removed == {("c/de/b", 0): ("exact_duplicate", "c/de/a#0")}


@pytest.mark.parametrize("passes", [1, 3])
def test_a_part_that_cannot_be_read_fails_its_group_alone(tmp_path, monkeypatch, passes):
    text = " ".join(WORDS[:80])
    parts, work = {"c/en/a": [text], "c/de/a": [text, text], "c/de/b": [text]}, WorkDirectory(tmp_path)
    groups = {"c/en/a": "en", "c/de/a": "de", "c/de/b": "de"}
    damage_when_planned(monkeypatch, "signatures/c/de/b")
    removed, records = deduplicate(work, parts, groups=groups, passes=passes)
    failures = {record.name: record.failure for record in records}
    assert failures["c/en/a"] is None and not removed
    assert all("signatures/c/de/b" in failures[name] and "sha256" in failures[name] for name in ("c/de/a", "c/de/b"))
