import pytest

from transforms.decontamination import sets
from transforms.sources import SourceError

FILES = {"dev/deu_Latn.dev": "Eins\n", "dev/zho_Hans.dev": "一\n"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("de", "de", True),
        ("de", "nl", False),
        (None, "nl", True),
        ("zh", "zh-Hant", True),
        ("zh-Hans", "zh-Hant", True),
        ("nb", "no", True),
        ("hi", "hi-Latn", True),
        ("arz", "ar", False),
    ],
)
def test_which_texts_are_held_against_which_items(one, other, same):
    assert sets.same_language(one, other) is same


def test_a_digest_follows_the_files_of_its_languages_alone(test_set):
    def digests(files):
        one = test_set("flores", files)
        return [one.digest(one.files(), tags) for tags in (["de"], ["zh-Hant"], ["fr"], ["fr", "de"])]

    first, changed = digests(FILES), digests({**FILES, "dev/deu_Latn.dev": "Zwei\n"})
    assert first[2] is None and first[0] == first[3] != first[1]
    assert changed[0] != first[0] and changed[1:3] == first[1:3]


def test_a_digest_follows_what_is_done_and_not_where_the_files_lie(test_set, tmp_path):
    files = {"a/t.en": "one\n", "b/t.en": "one\n"}

    def digest(**values):
        one = test_set("lines", files, **values)
        return one.digest(one.files(), ["en"])

    assert digest(location="a/t.en") == digest(location="b/t.en")
    assert (
        len(
            {
                digest(location="a/t.en", **more)
                for more in ({}, {"drop": "paragraph"}, {"name": "x"}, {"language": "en"})
            }
        )
        == 4
    )


def test_a_table_without_a_language_concerns_only_those_named(test_set):
    one = test_set("tatoeba", {"t.txt": "deu\teng\ta\tb\n"}, languages=("de", "en"))
    assert one.digest(one.files(), ["fr"]) is None
    assert one.digest(one.files(), ["en"]) is not None


@pytest.mark.parametrize(
    ("layout", "files", "location", "message"),
    [
        ("lines", {}, "missing", "missing does not exist; correct `location` of the test set 'held-out'"),
        ("lines", {"x/t.txt": "a"}, "x", "is a folder: expected a file, with `format: lines`"),
        ("flores", {"x/README": "a"}, "x", r"found README; expected files such as dev/deu_Latn\.dev"),
        ("xnli", {"x/a.txt": "a"}, "x", r"found a\.txt; expected files such as xnli\.test\.tsv"),
    ],
)
def test_what_is_not_there_is_said(test_set, layout, files, location, message):
    with pytest.raises(SourceError, match=message):
        test_set(layout, files, location=location).files()
