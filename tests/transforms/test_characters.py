"""What kind each character is."""

import unicodedata

from transforms.characters import END, among, blocks, categories, category


def test_categories_are_those_of_python():
    found = categories()
    for point in (*range(0, END, 7), *range(0xE0000, 0xE1000)):
        assert found[point] == category(unicodedata.category(chr(point)))
    assert found[0x10FFFF] == category("Cn")


def test_kinds_go_by_the_first_letter():
    letters = among("L")
    assert letters[ord("ß")] and letters[ord("字")] and not letters[ord("9")] and not letters[ord("-")]
    assert (among("LN") == (letters | among("N"))).all()


def test_blocks_are_all_characters():
    assert "".join(text for _, text in blocks()) == "".join(map(chr, range(END)))
    assert all(ord(text[0]) == first for first, text in blocks())
