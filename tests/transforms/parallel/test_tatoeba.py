"""Exports of Tatoeba, by language and as a whole, against a join of dictionaries."""

import bz2
import random

import pytest
from bitext_files import pairs, reader, rows, write_tar

from transforms.parallel import tatoeba
from transforms.parallel.bitext import Wanted
from transforms.sources import SourceError

SENTENCES = {
    "eng": {1: "One.", 5: 'He said "two".', 77: "A\\\\B\\\tC", 6: "Not linked"},
    "fra": {2: "Un.", 3: "Il a dit « deux ».", 80: "A\\B"},
    "deu": {4: "Eins."},
}
LINKS = [(1, 2), (2, 1), (5, 3), (1, 4), (77, 80), (1, 999), (1, 3)]
EXPECTED = [
    (0, b"One.", b"Un."),
    (2, b'He said "two".', "Il a dit « deux ».".encode()),
    (4, b"A\\B\tC", b"AB"),
    (6, b"One.", "Il a dit « deux ».".encode()),
]


def table(rows, end="\n"):
    return "".join("\t".join(map(str, row)) + end for row in rows).encode()


def sentences(*codes):
    return table((number, code, text) for code in codes for number, text in SENTENCES[code].items())


@pytest.fixture
def by_language(tmp_path):
    """The files of two languages; links are written as Python's csv module does, with CRLF."""
    for code in ("eng", "fra"):
        (tmp_path / f"{code}_sentences.tsv.bz2").write_bytes(bz2.compress(sentences(code)))
    (tmp_path / "eng-fra_links.tsv.bz2").write_bytes(bz2.compress(table(LINKS, "\r\n")))
    return tmp_path


@pytest.fixture
def whole(tmp_path):
    """The export of all languages; one sentence is of an unknown one."""
    write_tar(
        tmp_path / "sentences.tar.bz2", {"sentences.csv": sentences("fra", "eng", "deu") + b"9\t\\N\t?\n"}, "w:bz2"
    )
    write_tar(tmp_path / "links.tar.bz2", {"links.csv": table(LINKS)}, "w:bz2")
    return tmp_path


def locate(location=None, **asked):
    return tatoeba.locate(Wanted(corpus="Tatoeba", location=location and str(location), **asked))


def test_the_files_of_two_languages(by_language):
    (found,) = locate(by_language)

    assert (found.name, found.languages, found.licence) == ("eng-fra", ("en", "fr"), "CC BY 2.0 FR")
    assert [row[:3] for row in rows(reader(found))] == EXPECTED


def test_the_files_of_all_languages(whole):
    (found,) = locate(whole, pairs=[("eng", "fra")])

    assert [row[:3] for row in rows(reader(found))] == EXPECTED


def test_another_pair_of_the_same_files(whole):
    (found,) = locate(whole, pairs=[("eng", "deu")])

    assert pairs(found) == [(b"Eins.", b"One.")]


@pytest.mark.parametrize("batch_bytes", [30, 1 << 20])
def test_many_links_in_many_batches(tmp_path, batch_bytes):
    rng = random.Random(3)
    texts = {code: {number: f"{code} {number}" for number in rng.sample(range(10**9), 300)} for code in ("eng", "fra")}
    links = [(rng.choice([*texts["eng"]]), rng.choice([*texts["fra"], 7])) for _ in range(500)]
    for code, known in texts.items():
        (tmp_path / f"{code}_sentences.tsv").write_bytes(table((n, code, t) for n, t in known.items()))
    (tmp_path / "eng-fra_links.tsv").write_bytes(table(links))

    found = pairs(locate(tmp_path)[0], batch_bytes=batch_bytes)

    assert found == [(texts["eng"][a].encode(), texts["fra"][b].encode()) for a, b in links if b != 7]


def test_published_files_are_in_folders_of_their_languages():
    (found,) = locate(pairs=[("fra", "eng")])

    assert found.addresses == (
        "https://downloads.tatoeba.org/exports/per_language/eng/eng_sentences.tsv.bz2",
        "https://downloads.tatoeba.org/exports/per_language/fra/fra_sentences.tsv.bz2",
        "https://downloads.tatoeba.org/exports/per_language/eng/eng-fra_links.tsv.bz2",
    )
    assert found.targets[2] == "Tatoeba/eng-fra_links.tsv.bz2"


def test_links_without_sentences_are_refused(by_language):
    (by_language / "fra_sentences.tsv.bz2").unlink()

    with pytest.raises(SourceError, match=r"has eng-fra_links.tsv.bz2 but no fra_sentences.tsv.bz2"):
        locate(by_language)


def test_pairs_must_be_named_where_nobody_lists_them(whole):
    with pytest.raises(SourceError, match="has the sentences of all languages: name `pairs`"):
        locate(whole)
    with pytest.raises(SourceError, match="has no list of what it links; name `pairs`"):
        locate()


def test_a_language_without_sentences_is_refused(whole):
    with pytest.raises(SourceError, match="has no sentence of 'de': expected lines of a number, the code"):
        pairs(locate(whole, pairs=[("de", "eng")])[0])


@pytest.mark.parametrize("line", [b"1 2\n", b"1\tx\n", b"1\t2\t3\n"])
def test_links_that_are_none_are_refused(by_language, line):
    (by_language / "eng-fra_links.tsv.bz2").write_bytes(bz2.compress(b"1\t2\n" + line))

    with pytest.raises(SourceError, match=r"eng-fra_links.tsv.bz2, (line 2: found|after line 0: a sentence's number)"):
        pairs(locate(by_language)[0])
