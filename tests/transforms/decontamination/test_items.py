import unicodedata

from transforms.decontamination.items import ITEMS, collect


def rows(sets, form="NFC"):
    table = collect(sets, form)
    assert table.schema.equals(ITEMS)
    return [tuple(row.values()) for row in table.to_pylist()]


def test_items_say_where_they_stand(test_set):
    one = test_set("lines", {"a": " x  y \n\nz\n"}, location="a", name="one", language="en")
    other = test_set("lines", {"b": "x y"}, location="b", name="other", drop="paragraph")
    assert rows([one, other]) == [
        ("one", "document", "en", "a", 0, "x y"),
        ("one", "document", "en", "a", 2, "z"),
        ("other", "paragraph", None, "b", 0, "x y"),
    ]


def test_items_are_normalised_as_texts_are(test_set):
    one = test_set("lines", {"a": unicodedata.normalize("NFD", "Größe é") + " ﬁ"}, location="a")
    assert rows([one])[0][-1] == "Größe é ﬁ"
    assert rows([one], "NFKC")[0][-1] == "Größe é fi"


def test_a_text_is_an_item_once_in_a_language(test_set):
    files = {"dev/deu.dev": "Zwei\nEins!\neins\n", "dev/nld.dev": "eins\n", "devtest/deu.devtest": "EINS\nDrei"}
    assert [row[2:] for row in rows([test_set("flores", files)])] == [
        ("de", "dev/deu.dev", 0, "Zwei"),
        ("de", "dev/deu.dev", 1, "Eins!"),
        ("nl", "dev/nld.dev", 0, "eins"),
        ("de", "devtest/deu.devtest", 1, "Drei"),
    ]


def test_no_test_sets_no_items():
    assert rows([]) == []
