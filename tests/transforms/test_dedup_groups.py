"""Groups that one worker deduplicates, against the graph for groups of any size and against brute force."""

import pytest
from small_dedup import WORDS, clusters, corpus, damage_when_planned, deduplicate, found_clusters, in_parts

from transforms.dedup import Deduplicate
from transforms.dedup_groups import DeduplicateGroups, OfGroups
from transforms.storage import WorkDirectory
from transforms.tasks import Plan

TEXT = " ".join(WORDS[:80])
GROUPS = {"c/en/a": "en", "c/de/a": "de", "c/de/b": "de"}


def by_groups(**settings):
    """The graph of small groups."""
    return DeduplicateGroups(Deduplicate(**settings))


@pytest.mark.parametrize("seed", [0, 1])
def test_clusters_are_those_of_brute_force(tmp_path, seed):
    texts = corpus(seed)
    parts = in_parts(texts, [50, 40, len(texts) - 90])
    removed, records = deduplicate(WorkDirectory(tmp_path), parts, graph=by_groups, workers=2)
    assert found_clusters(parts, removed) == clusters(texts, 0.8)
    assert sorted(record.name for record in records) == sorted(parts)
    assert all(ledger.balances for record in records for ledger in record.ledger.values())


@pytest.mark.parametrize("changes", [{}, {"likeness": None}, {"piece": 1 << 16}])
def test_the_lists_are_those_of_the_graph_for_large_groups(tmp_path, changes):
    parts = in_parts(corpus(2), [30, 1, 0, 94]) | {"c/de/a": corpus(3)[:70], "c/de/b": corpus(3)[70:]}
    groups = {name: name.split("/")[1] for name in parts}
    spread = deduplicate(WorkDirectory(tmp_path / "spread"), parts, groups=groups, **changes)
    grouped = deduplicate(WorkDirectory(tmp_path / "grouped"), parts, graph=by_groups, groups=groups, **changes)
    assert grouped == spread
    assert len(spread[0]) > 40


def test_no_document_is_no_duplicate(tmp_path):
    removed, records = deduplicate(WorkDirectory(tmp_path), {"c/en/a": []}, graph=by_groups)
    assert removed == {} and records[0].ledger["en"].documents == 0


def test_a_part_that_cannot_be_read_fails_its_group_alone(tmp_path, monkeypatch):
    work = WorkDirectory(tmp_path)
    damage_when_planned(monkeypatch, "signatures/c/de/b")
    parts = {"c/en/a": [TEXT, TEXT], "c/de/a": [TEXT, TEXT], "c/de/b": [TEXT]}
    removed, records = deduplicate(work, parts, graph=by_groups, groups=GROUPS)
    failures = {record.name: record.failure for record in records}
    assert failures["c/en/a"] is None and removed == {("c/en/a", 1): ("exact_duplicate", "c/en/a#0")}
    assert all("signatures/c/de/b" in failures[name] and "sha256" in failures[name] for name in ("c/de/a", "c/de/b"))


@pytest.mark.parametrize("largest, small", [(0, []), (1, ["c/en/a"]), (2, ["c/en/a"]), (3, sorted(GROUPS))])
def test_groups_are_small_or_large_by_their_documents(tmp_path, largest, small):
    work = WorkDirectory(tmp_path)
    deduplicate(work, {"c/en/a": [TEXT], "c/de/a": [TEXT, TEXT], "c/de/b": [TEXT]}, groups=GROUPS)
    name = Plan.file_name("dedup")
    for kind, expected in {"documents": {True: small, False: sorted({*GROUPS} - {*small})}, "pairs": {}}.items():
        for wanted in (True, False):
            chosen = OfGroups(root=str(tmp_path), plan=name, kind=kind, largest=largest, small=wanted).chosen
            found = [task.name for task in Plan.read(work, name).todo if chosen(task.to_json())]
            assert sorted(found) == expected.get(wanted, [])
