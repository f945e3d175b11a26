import gzip

import pytest
from bitext_files import reader, rows

from transforms.parallel import commoncrawl
from transforms.parallel.bitext import Wanted
from transforms.sources import SourceError

NLLB = (
    b"one\teins\t1.125\t0.99\t0.98\tcrawl-data/CC-MAIN-2019\thttps://a.org\tparacrawl9\t_\n"
    b'"two\tzwei\t1.25\t1.0\t0.5\tx\t_\tx\t_\n'
)


def test_nllb_has_its_score_after_the_texts(tmp_path):
    (tmp_path / "eng_Latn-deu_Latn.gz").write_bytes(gzip.compress(NLLB))

    (found,) = commoncrawl.locate_nllb(Wanted(corpus="NLLB", location=str(tmp_path)))

    assert (found.name, found.languages, found.licence) == ("eng_Latn-deu_Latn", ("de", "en"), "ODC-By-1.0")
    assert rows(reader(found)) == [(0, b"eins", b"one", 1.125), (1, b"zwei", b'"two', 1.25)]


def test_ccmatrix_has_its_score_before_the_texts(tmp_path):
    (tmp_path / "de-en.bitextf.tsv.gz").write_bytes(gzip.compress(b"1.25\teins\tone\n1.125\tzwei\ttwo\n"))

    (found,) = commoncrawl.locate_ccmatrix(Wanted(corpus="CCMatrix", location=str(tmp_path)))

    assert (found.name, found.licence) == ("de-en", None)
    assert rows(reader(found)) == [(0, b"eins", b"one", 1.25), (1, b"zwei", b"two", 1.125)]


@pytest.mark.parametrize(
    ("locate", "pair", "address"),
    [
        (
            commoncrawl.locate_nllb,
            ("som_Latn", "eng_Latn"),
            "https://storage.googleapis.com/allennlp-data-bucket/nllb/eng_Latn-som_Latn.gz",
        ),
        (commoncrawl.locate_ccmatrix, ("en", "de"), "https://data.statmt.org/cc-matrix/de-en.bitextf.tsv.gz"),
    ],
)
def test_published_files_are_named_in_alphabetical_order(locate, pair, address):
    (found,) = locate(Wanted(corpus="Mined", pairs=[pair]))

    assert (found.addresses, found.local) == ((address,), False)


@pytest.mark.parametrize("locate", [commoncrawl.locate_nllb, commoncrawl.locate_ccmatrix])
def test_pairs_must_be_named_where_nothing_can_be_listed(locate):
    with pytest.raises(SourceError, match="has no list of its files; name `pairs`"):
        locate(Wanted(corpus="Mined"))
