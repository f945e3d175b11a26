import gzip

from bitext_files import reader, rows

from transforms.parallel import wikimatrix
from transforms.parallel.bitext import Wanted


def test_every_published_pair_is_known_but_for_simple_english():
    found = wikimatrix.locate(Wanted(corpus="WikiMatrix"))

    names = {one.name for one in found}
    assert len(found) == len(names) == 1619
    assert {"de-en", "nds_nl-nl", "wuu-zh"} <= names
    assert "en-simple" not in names
    assert all(one.codes == tuple(sorted(one.codes)) for one in found)


def test_languages_choose_among_what_is_published():
    found = wikimatrix.locate(Wanted(corpus="WikiMatrix", languages=["de", "en", "ja", "ru", "zu"]))

    assert [one.name for one in found] == ["de-en", "de-ja", "de-ru", "en-ja", "en-ru", "ja-ru"]
    assert found[0].addresses == ("https://dl.fbaipublicfiles.com/laser/WikiMatrix/v1/WikiMatrix.de-en.tsv.gz",)
    assert (found[0].local, found[0].licence, found[0].version) == (False, "CC-BY-SA-4.0", "v1")


def test_a_mirror_has_the_same_names():
    wanted = Wanted(corpus="WikiMatrix", location="https://mirror.org/wm/", pairs=[("en", "de")])

    assert wikimatrix.locate(wanted)[0].addresses == ("https://mirror.org/wm/WikiMatrix.de-en.tsv.gz",)


def test_a_folder_is_read_by_its_names_and_columns(tmp_path):
    table = b'1.25\teins\tone\n1.03\tzwei\t"two\n'
    (tmp_path / "WikiMatrix.de-en.tsv.gz").write_bytes(gzip.compress(table))
    (tmp_path / "list_of_bitexts.txt").write_bytes(b"")

    (found,) = wikimatrix.locate(Wanted(corpus="WikiMatrix", location=str(tmp_path)))

    assert found.name == "de-en"
    assert rows(reader(found)) == [(0, b"eins", b"one", 1.25), (1, b"zwei", b'"two', rows(reader(found))[1][3])]
    assert [row[0] for row in rows(reader(found, min_score=1.04))] == [0]
