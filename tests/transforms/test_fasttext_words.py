"""Words and tables of words against Python's bytes and dictionaries."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import fasttext_words
from transforms.fasttext_words import LABEL, LONGEST_REMEMBERED, UNKNOWN, WORDS, dictionary, next_words, word_table

texts = st.lists(st.sampled_from([b" ", b"\n", b"\t", b"\0", b"\x01", b"\x1f", b"a", b"bc", "é日".encode(), b"x" * 23]))


def split(raw, longest=256):
    """The words of a text, a block after the other; those that are too long are passed over."""
    data, words, table = (
        np.frombuffer(raw + b"behind", np.uint8),
        fasttext_words.new_words(),
        word_table(words=1, record=64),
    )
    at, end, found = 0, len(raw), []
    while at < end:
        count, at = next_words(data, at, end, longest, table, words)
        for begin, stop, letters, key in zip(*(column[:count] for column in words), strict=True):
            found.append((raw[begin:stop], letters.copy(), key))
        if count == 0 and at < end:
            assert fasttext_words.word_end(data, at, end) - at > longest
            at = fasttext_words.word_end(data, at, end)
    return found


def expected_words(raw):
    return [word for word in re.split(rb"[ \t\n\v\f\r\0]", raw) if word]


@settings(max_examples=300)
@given(texts.map(b"".join))
def test_words_are_what_is_between_spaces(raw):
    found = split(raw)
    assert [word for word, _, _ in found] == expected_words(raw)
    for word, letters, key in found:
        if len(word) <= LONGEST_REMEMBERED:
            assert letters.tobytes() == word.ljust(LONGEST_REMEMBERED, b"\0")
        else:
            assert letters[0] == 0
        assert key == split(b"  " + word)[0][2]


def test_blocks_end_and_go_on():
    raw = b" ".join(b"%d" % number for number in range(5 * WORDS)) + b" " + b"y" * 3000 + b" z"
    assert [word for word, _, _ in split(raw)] == [*expected_words(raw)[:-2], b"z"]
    assert [word for word, _, _ in split(raw, longest=3000)] == expected_words(raw)


def test_fasttext_reads_no_further_than_the_end_of_a_line():
    assert [word for word, _, _ in split(b"a </s>b </s c</s> </s> d")] == [b"a", b"</s>b", b"</s", b"c</s>"]


def test_keys_differ():
    words = [b"%d" % number for number in range(30_000)] + [b"x" * size for size in range(1, 200)]
    assert len({key for _, _, key in split(b" ".join(words))}) == len(words)


@pytest.mark.parametrize(("record", "kind", "most"), [(64, np.int32, 9), (64, np.uint16, 19), (72, np.uint16, 23)])
@pytest.mark.parametrize("slots", [1, 8, 1024])
def test_a_table_remembers_the_last_word_of_each_slot(slots, record, kind, most):
    table, words = word_table(words=slots, record=record, rows=kind), fasttext_words.new_words()
    random, held = np.random.default_rng(1), {}
    every = [b"%d" % number for number in range(60)] + [b"w" * size for size in range(20, 30)]
    missing, rows = np.empty(WORDS + 1, np.int64), np.empty(WORDS * 32, kind)
    for _ in range(50):
        data = np.frombuffer(b" ".join(random.choice(every, 20)), np.uint8)
        count, _ = next_words(data, 0, data.size, 256, table, words)
        spelled = [data[words.begins[i] : words.ends[i]].tobytes() for i in range(count)]
        slot = [int(words.keys[i]) % slots for i in range(count)]
        found = missing[: fasttext_words.find_missing(table, words, count, missing)].tolist()
        assert found == [i for i in range(count) if held.get(slot[i], ("", ()))[0] != spelled[i]]
        for i in set(range(count)) - set(found):
            last = fasttext_words.copy_records(table.rows, words.keys, i, i + 1, rows, 3)
            assert tuple(rows[3:last]) == held[slot[i]][1]
        spans, last = np.empty((len(found), 2), np.int64), 0
        for number, i in enumerate(found):
            some = tuple(random.integers(0, np.iinfo(kind).max, random.integers(0, most + 3)))
            rows[last : last + len(some)] = some
            spans[number], last = (last, last + len(some)), last + len(some)
            if len(some) <= most and len(spelled[i]) <= LONGEST_REMEMBERED:
                held[slot[i]] = spelled[i], some
        fasttext_words.remember(table, words, np.array(found, np.int64), rows, spans)


def test_a_dictionary_knows_its_words_and_labels():
    known = (*(b"w%d" % number for number in range(500)), "日本".encode() * 20, b"</s>")
    labels = (b"__label__de", b"#en")
    entries = dictionary(SimpleNamespace(words=known, label_words=labels))
    assert (entries.words, entries.longest) == (502, 120)
    others = {b"w500": UNKNOWN, b"__label__xx": LABEL, b"__label_": UNKNOWN, b"__label__": LABEL, b"x": UNKNOWN}
    expected = {word: row for row, word in enumerate(known[:-1])} | dict.fromkeys(labels, LABEL) | others
    for word, row in expected.items():
        data, words, own = np.frombuffer(word, np.uint8), fasttext_words.new_words(), np.empty(1, np.int64)
        next_words(data, 0, data.size, 256, word_table(words=1, record=64), words)
        fasttext_words.own_rows(entries, data, words, np.zeros(1, np.int64), own)
        assert own[0] == row, word
