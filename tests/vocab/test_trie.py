import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vocab import trie
from vocab.trie import ENDS, NOWHERE, build_trie, child, longest_prefix

BYTES = st.integers(1, 255).map(lambda byte: bytes([byte]))
KEYS = st.sets(
    st.one_of(
        st.lists(st.sampled_from([b"a", b"b", b"\xff"]), min_size=1, max_size=6).map(b"".join),
        st.lists(BYTES, min_size=1, max_size=3).map(b"".join),
        st.text("aé日😀", min_size=1, max_size=3).map(str.encode),
    ),
    max_size=60,
).map(sorted)


def built(keys):
    return build_trie(keys, np.arange(10, 10 + len(keys), dtype=np.int32))


def walk(found, key):
    """The node that a key leads to, 0 for none."""
    node = np.uint64(0)
    for byte in key:
        node = child(found.cells, node, np.uint8(byte))
        if node == 0:
            break
    return int(node)


@given(KEYS, KEYS)
@example([], [b"a"])
@example([bytes([byte]) for byte in range(1, 256)], [b"\xff\xff"])
def test_keys_end_at_their_values_and_nothing_else_does(keys, others):
    found = built(keys)
    prefixes = {key[:size] for key in keys for size in range(1, len(key) + 1)}
    for key in {*keys, *others, *prefixes}:
        node = walk(found, key)
        assert (node > 0) == (key in prefixes)
        if node:
            assert bool(found.cells[node] & ENDS) == (key in keys)
        if key in keys:
            assert found.values[node] == 10 + keys.index(key)


@given(KEYS, st.lists(st.sampled_from([b"a", b"b", b"\xff", b"\0", b"\xc3\xa9"]), max_size=8).map(b"".join))
def test_the_longest_key_that_a_text_begins_with(keys, text):
    found = built(keys)
    data = np.frombuffer(b"a" + text + b"aab", np.uint8)
    expected = max((len(key) for key in keys if text.startswith(key)), default=0)
    assert longest_prefix(found.cells, data, 1, 1 + len(text)) == expected


@given(st.sets(st.text(min_size=1, max_size=2).map(str.encode).filter(lambda key: b"\0" not in key)).map(sorted))
def test_nodes_of_characters(keys):
    found = built(keys)
    points = {ord(letter) for key in keys for letter in key.decode()} | {0, 1, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF}
    for point in points:
        if point < found.characters.size and not 0xD800 <= point < 0xE000:
            assert found.characters[point] == (walk(found, chr(point).encode()) or NOWHERE)
    assert found.cells[NOWHERE] == 0


def test_many_keys_take_little_room():
    keys = [f"{number:x}".encode() for number in range(20_000)]
    found = built(keys)
    assert all(found.values[walk(found, key)] == 10 + number for number, key in enumerate(keys))
    assert found.cells.size < 5 * len(keys)


@pytest.mark.parametrize("keys", [[b""], [b"a", b""], [b"a\0"], [b"a" * 256], [b"a", b"a"], [b"ab", b"a", b"ab"]])
def test_keys_that_are_refused(keys):
    with pytest.raises(ValueError, match="a key "):
        built(keys)


def test_the_longest_key_that_is_not():
    assert walk(built([b"a" * 255]), b"a" * 255)


def test_more_cells_than_can_be_addressed(monkeypatch):
    monkeypatch.setattr(trie, "MOST_CELLS", 512)
    with pytest.raises(ValueError, match="1,000 keys take more than 512 cells"):
        built([b"%x" % number for number in range(1000)])
