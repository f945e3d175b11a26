"""Ledgers add up, and a manifest shows that it was touched."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelmill.format import (
    FormatError,
    Ledger,
    digest,
    ledger_from_json,
    ledger_to_json,
    read_manifest,
    sealed,
    total,
    unseal,
)

COUNTS = st.integers(0, 10**12)
LEDGERS = st.builds(
    Ledger,
    documents=COUNTS,
    kept=COUNTS,
    dropped=st.dictionaries(st.sampled_from(["language", "length", "script"]), COUNTS),
    bytes=COUNTS,
    tokens=COUNTS,
)
BALANCED = st.builds(
    lambda kept, dropped: Ledger(documents=kept + sum(dropped.values()), kept=kept, dropped=dropped),
    COUNTS,
    st.dictionaries(st.sampled_from(["language", "length", "script"]), COUNTS),
)


@given(LEDGERS, LEDGERS, LEDGERS)
def test_addition_is_associative_and_commutative(a, b, c):
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert (a + b).dropped.get("script", 0) == a.dropped.get("script", 0) + b.dropped.get("script", 0)


@given(BALANCED, BALANCED)
def test_balanced_ledgers_add_to_a_balanced_one(a, b):
    assert (a + b).balances


def test_a_lost_document_shows():
    ledger = Ledger(documents=10, kept=7, dropped={"length": 2, "language": 1})
    assert ledger.balances
    assert not (ledger + Ledger(documents=1)).balances
    assert not (ledger + Ledger(kept=1)).balances


def test_totals_are_by_language_in_order():
    parts = [{"fr": Ledger(1, 1)}, {"de": Ledger(5, 4, {"length": 1}), "fr": Ledger(2, 0, {"length": 2})}]
    assert list(total(parts).items()) == [("de", Ledger(5, 4, {"length": 1})), ("fr", Ledger(3, 1, {"length": 2}))]
    assert parts[0]["fr"] == Ledger(1, 1)


@given(st.dictionaries(st.sampled_from(["de", "fr", "zh-Hans"]), LEDGERS))
def test_a_ledger_survives_json(ledger):
    assert ledger_from_json(json.loads(json.dumps(ledger_to_json(ledger)))) == ledger


def test_a_digest_is_of_the_value_not_of_its_spelling():
    assert digest({"a": 1, "b": [1, 2]}) == digest(json.loads('{"b": [1,  2], "a": 1}'))
    assert digest({"a": 1}) != digest({"a": 2})


def test_a_manifest_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(sealed({"files": [], "stage": "shards"}), indent=2), encoding="utf-8")
    assert read_manifest(path) == {"files": [], "stage": "shards", "format": 1}


@pytest.mark.parametrize("edit", [{"stage": "clean"}, {"new": 1}, {"checksum": "0" * 64}])
def test_an_edit_by_hand_shows(edit):
    with pytest.raises(FormatError, match=r"work/manifest\.json was changed since"):
        unseal({**sealed({"stage": "shards"}), **edit}, "work/manifest.json")


@pytest.mark.parametrize("manifest", [[], {}, {"format": 1}, None])
def test_other_json_is_no_manifest(manifest):
    with pytest.raises(FormatError, match="no checksum"):
        unseal(manifest, "manifest.json")


def test_another_format_is_named():
    body = {"format": 99, "stage": "shards"}
    with pytest.raises(FormatError, match=r"has format 99, this version of Babelmill reads 1"):
        unseal({**body, "checksum": digest(body)}, "manifest.json")


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"files": [', b"\xff\xfe"])
def test_a_file_that_is_not_json_is_named(tmp_path, content):
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"manifest\.json is not JSON"):
        read_manifest(path)
