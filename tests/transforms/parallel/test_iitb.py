import pytest
from bitext_files import pairs, write_tar

from transforms.parallel import iitb
from transforms.parallel.bitext import Wanted
from transforms.sources import SourceError

HINDI = "एक\nदो\n".encode()


def locate(location=None, **asked):
    return iitb.locate(Wanted(corpus="IITB", location=location and str(location), **asked))


def test_both_texts_are_read_from_one_archive(tmp_path):
    write_tar(
        tmp_path / "parallel.tgz", {"parallel/IITB.en-hi.hi": HINDI, "parallel/IITB.en-hi.en": b"one\ntwo\n"}, "w:gz"
    )

    (found,) = locate(tmp_path)

    assert (found.name, found.languages, found.version, found.licence) == (
        "en-hi",
        ("en", "hi"),
        "train",
        "CC-BY-NC-4.0",
    )
    assert pairs(found) == [(b"one", "एक".encode()), (b"two", "दो".encode())]


def test_development_and_test_sets_are_apart(tmp_path):
    sets = {"dev": b"1\n", "test": b"2\n"}
    write_tar(
        tmp_path / "dev_test.tgz", {f"dev_test/{n}.{c}": t for n, t in sets.items() for c in ("en", "hi")}, "w:gz"
    )

    assert [pairs(locate(tmp_path, version=name)[0]) for name in sets] == [[(b"1", b"1")], [(b"2", b"2")]]
    with pytest.raises(SourceError, match=r"has no parallel.tgz: found dev_test.tgz"):
        locate(tmp_path)


def test_the_published_archive_is_the_training_set():
    (found,) = locate()

    assert found.addresses == (f"{iitb.PUBLISHED}/parallel.tgz",)
    assert locate(version="test")[0].addresses == (f"{iitb.PUBLISHED}/dev_test.tgz",)


def test_unequal_numbers_of_lines_are_refused_with_both(tmp_path):
    write_tar(tmp_path / "parallel.tgz", {"parallel/IITB.en-hi.hi": HINDI, "parallel/IITB.en-hi.en": b"one\n"}, "w:gz")

    with pytest.raises(SourceError, match=r"IITB.en-hi.en has 1 lines, .*IITB.en-hi.hi has 2 lines"):
        pairs(locate(tmp_path)[0])


def test_a_missing_member_is_refused(tmp_path):
    write_tar(tmp_path / "parallel.tgz", {"parallel/IITB.en-hi.hi": HINDI}, "w:gz")

    with pytest.raises(SourceError, match=r"has no member parallel/IITB.en-hi.en: found parallel/IITB.en-hi.hi"):
        pairs(locate(tmp_path)[0])


def test_what_it_does_not_have_is_refused():
    with pytest.raises(SourceError, match="has no version 'v2': expected one of train, dev, test"):
        locate(version="v2")
    with pytest.raises(SourceError, match=r"has no pair de-en: .*en-hi"):
        locate(pairs=[("de", "en")])
