"""The decoder against a splitter of ten lines, whatever the bytes and however they arrive; and its memory."""

import hashlib
import io
import lzma
import subprocess
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from babelmill.format import RAW
from transforms.documents import HEAD_BYTES, DecodeOptions, Decoder, Oversized, _Splitter
from transforms.sources import SourceError

BOM = b"\xef\xbb\xbf"


def naive(data, split="document"):
    """The documents of a source, as anybody would write it."""
    documents, lines = [], []
    for line in [*data.removeprefix(BOM).split(b"\n"), b""]:
        if not line.strip():
            documents += [b"\n".join(lines)] if lines else []
            lines = []
        elif split == "line":
            documents.append(line.rstrip(b"\r"))
        else:
            lines.append(line.rstrip(b"\r"))
    return documents


def decoder(data, name="de.txt", **options):
    return Decoder(io.BytesIO(data), name=name, options=DecodeOptions(**options))


def rows(batches):
    table = pa.Table.from_batches(list(batches), RAW)
    return list(zip(table["document"].to_pylist(), table["text"].to_pylist(), strict=True))


sources = st.lists(
    st.sampled_from(
        [b"a", b"bc", b" ", b"\n", b"\n\n", b"\r\n", b"\r", b"\t", b"\x0b", b"\0", b"\xff", BOM, "あ".encode()]
    )
).map(b"".join)


@given(data=sources, split=st.sampled_from(["document", "line"]), batch_bytes=st.integers(1, 9))
@example(data=b"a \r\r\n \r\n\x0c\nb", split="document", batch_bytes=5)
def test_documents_are_those_of_a_naive_splitter(data, split, batch_bytes):
    expected = naive(data, split)
    if not expected:
        with pytest.raises(SourceError, match="is empty" if not data else "holds no document"):
            list(decoder(data, split=split))
        return
    decoding = decoder(data, split=split, batch_bytes=batch_bytes)
    batches = list(decoding)
    assert rows(batches) == list(enumerate(expected))
    assert (decoding.documents, decoding.bytes) == (len(expected), len(data))
    assert decoding.sha256 == hashlib.sha256(data).hexdigest()
    for batch in batches:
        sizes = [len(text) for text in batch["text"].to_pylist()]
        assert sum(sizes[:-1]) < batch_bytes
        assert sum(sizes) >= batch_bytes or batch is batches[-1]


@given(
    pieces=st.lists(sources, max_size=8),
    batch_bytes=st.integers(1, 9),
    max_document_bytes=st.integers(1, 9),
    split=st.sampled_from(["document", "line"]),
)
def test_batches_do_not_depend_on_how_the_bytes_arrive(pieces, batch_bytes, max_document_bytes, split):
    options = DecodeOptions(batch_bytes=batch_bytes, max_document_bytes=max_document_bytes, split=split)

    def cut(pieces):
        splitter = _Splitter(options)
        batches = [batch for piece in pieces for batch in splitter.feed(piece)]
        return [*batches, *splitter.finish()], splitter.oversized, splitter.documents

    whole = b"".join(pieces)
    assert cut(pieces) == cut([whole]) == cut([bytes([byte]) for byte in whole])


@given(data=sources, max_document_bytes=st.integers(1, 9), batch_bytes=st.integers(1, 9))
@example(data=b"a\n" + b" " * 99 + b"\nb", max_document_bytes=3, batch_bytes=9)
@example(data=b" " * 99 + b"a\n\nb", max_document_bytes=3, batch_bytes=9)
@example(data=b"abcd\r\n\r\nb", max_document_bytes=4, batch_bytes=9)
def test_oversized_documents_are_left_out_and_reported(data, max_document_bytes, batch_bytes):
    decoding = decoder(data, max_document_bytes=max_document_bytes, batch_bytes=batch_bytes)
    expected = naive(data)
    if not expected:
        return
    got = rows(decoding)
    left_out = {each.document: each for each in decoding.oversized}
    assert sorted([*left_out, *dict(got)]) == list(range(len(expected)))
    assert all(text == expected[number] and len(text) <= max_document_bytes for number, text in got)
    for number, each in left_out.items():
        assert naive(BOM + data[each.offset : each.offset + each.size]) == [expected[number]]
        assert each.size > max_document_bytes
        assert expected[number].startswith(each.head)
        assert len(each.head) == min(len(expected[number]), max_document_bytes)


def test_the_head_of_an_oversized_document_is_bounded():
    data = b"one\n\n" + b"x" * 300_000 + b"\n\nthree"
    decoding = decoder(data, max_document_bytes=200_000)
    assert rows(decoding) == [(0, b"one"), (2, b"three")]
    assert decoding.oversized == [Oversized(1, 5, 300_000, b"x" * HEAD_BYTES)]


@given(data=sources.filter(naive), first=st.integers(0, 12), batch_bytes=st.integers(1, 9))
def test_decoding_from_a_document_on_gives_the_same_batches(data, first, batch_bytes):
    def decode(first_document):
        return decoder(data, first_document=first_document, batch_bytes=batch_bytes, max_document_bytes=5)

    whole, later = decode(0), decode(first)
    wanted = [batch.filter(pc.greater_equal(batch["document"], first)) for batch in whole]
    assert [batch.to_pydict() for batch in later] == [batch.to_pydict() for batch in wanted if batch.num_rows]
    assert (later.documents, later.oversized, later.bytes) == (whole.documents, whole.oversized, whole.bytes)


@settings(max_examples=20)
@given(data=sources.filter(naive))
def test_every_compression_by_its_suffix(data):
    assert rows(decoder(lzma.compress(data) * 2, name="de.txt.xz")) == list(enumerate(naive(data + data)))


def test_a_path_can_be_decoded_again_and_again(tmp_path):
    path = tmp_path / "de.txt.xz"
    path.write_bytes(lzma.compress(b"one\n\ntwo\n"))
    decoding = Decoder(path)
    for _ in range(2):
        assert rows(decoding) == [(0, b"one"), (1, b"two")]
        assert (decoding.documents, decoding.bytes) == (2, 9)
        assert decoding.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with open(path, "rb") as file:
        assert rows(Decoder(file)) == [(0, b"one"), (1, b"two")]


def test_nul_bytes_and_invalid_utf_8_pass_through():
    assert rows(decoder(b"a\0b\xff\xfe\n\xed\xa0\x80\n")) == [(0, b"a\0b\xff\xfe\n\xed\xa0\x80")]


@pytest.mark.parametrize(("data", "message"), [(b"", "is empty"), (b" \r\n\n", r"holds no document: its 4 bytes")])
def test_an_empty_source_is_an_error_that_says_so(data, message):
    with pytest.raises(SourceError, match=rf"ff\.txt\.xz {message}.*`languages`"):
        list(decoder(lzma.compress(data), name="ff.txt.xz"))
    with pytest.raises(SourceError, match=r"ff\.txt\.xz is empty"):
        list(decoder(b"", name="ff.txt.xz"))


def test_a_truncated_xz_says_how_far_it_went(tmp_path):
    path = tmp_path / "de.txt.xz"
    path.write_bytes(lzma.compress(b"\n\n".join(b"document %d" % number for number in range(200_000)), preset=0)[:-200])
    decoding, batches = Decoder(path), []
    with pytest.raises(SourceError) as caught:
        batches += decoding
    message = str(caught.value)
    assert message.startswith(f"{path} ends in the middle of a stream; it was cut off: get it again")
    assert f"{decoding.bytes:,} bytes and {decoding.documents:,} documents" in message
    assert 1 << 20 < decoding.bytes < 3_400_000
    assert decoding.documents > 100_000
    assert decoding.sha256 is None


def test_an_xz_that_is_html_is_quoted(tmp_path):
    path = tmp_path / "de.txt.xz"
    path.write_bytes(b"<html><body>Too many requests")
    with pytest.raises(
        SourceError, match=r"de\.txt\.xz is named \.xz but is a web page.*b'<html><body>Too many requests'"
    ):
        list(Decoder(path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"xx\.txt\.xz cannot be opened: No such file or directory"):
        list(Decoder(tmp_path / "xx.txt.xz"))


@pytest.mark.parametrize(
    "wrong", [{"split": "word"}, {"batch_bytes": 0}, {"first_document": -1}, {"max_document_bytes": 1 << 30}]
)
def test_options_that_make_no_sense(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DecodeOptions(**wrong)


MEMORY = """
import resource, sys
from transforms.documents import Decoder
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
list(Decoder(sys.argv[1]))
before = peak()
decoding = Decoder(sys.argv[2])
for batch in decoding:
    pass
print(decoding.documents, len(decoding.oversized), decoding.bytes, peak() - before)
"""


@pytest.mark.parametrize(
    ("filler", "size"),
    [(b"x", 200_000_000), (b" ", 60_000_000), (b"abc \n", 60_000_000)],
    ids=["one line", "one line of white space", "one document of many lines"],
)
def test_what_is_huge_takes_bounded_memory(tmp_path, filler, size):
    small, huge = tmp_path / "small.txt.xz", tmp_path / "huge.txt.xz"
    small.write_bytes(lzma.compress(b"a\n\nb"))
    stream = lzma.compress(filler * (20_000_000 // len(filler)), preset=0)
    huge.write_bytes(stream * (size // 20_000_000) + lzma.compress(b"\n\nlast\n"))
    done = subprocess.run([sys.executable, "-c", MEMORY, small, huge], capture_output=True, text=True, check=True)
    documents, oversized, decoded, grown = map(int, done.stdout.split())
    blank = filler == b" "
    assert (documents, oversized, decoded) == (2 - blank, 1 - blank, size + 7)
    assert grown < 40 << 20
