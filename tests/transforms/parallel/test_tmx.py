"""Translation memories as tools write them."""

import gzip
import tracemalloc

import pytest
from bitext_files import bitext, pairs, reader, rows, write_zip

from transforms.parallel import tmx
from transforms.parallel.bitext import Wanted
from transforms.sources import SourceError

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n'


def unit(*variants):
    """A `tu` of (code, content of the segment)."""
    return "<tu>" + "".join(f'<tuv xml:lang="{code}"><seg>{seg}</seg></tuv>' for code, seg in variants) + "</tu>\n"


def memory(*units, head=HEAD):
    return head + '<tmx version="1.4"><header segtype="sentence"/><body>\n' + "".join(units) + "</body></tmx>"


@pytest.fixture
def read(tmp_path):
    """The (de, en) pairs of a TMX file."""

    def of(content, encoding="utf-8", **options):
        path = tmp_path / "news.tmx"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return pairs(bitext(path, format="tmx"), **options)

    return of


def side(read, segment):
    """What a German segment is read as."""
    return read(memory(unit(("de", segment), ("en", "one"))))[0][0].decode()


def test_units_are_pairs_whatever_the_order_of_their_variants(read):
    content = memory(unit(("de", "eins"), ("en", "one")), unit(("en", "two"), ("fr", "deux"), ("de", "zwei")))

    assert read(content) == [(b"eins", b"one"), (b"zwei", b"two")]


@pytest.mark.parametrize(
    ("segment", "text"),
    [
        ('Taste <bpt i="1">&lt;b&gt;</bpt>OK<ept i="1">&lt;/b&gt;</ept>!', "Taste OK!"),
        ('eins<ph x="1">&lt;br/&gt;</ph>zwei', "eins zwei"),
        ("ein <hi>sehr <hi>langes</hi></hi> Wort", "ein sehr langes Wort"),
        ('<it pos="begin">&lt;i&gt;</it>kursiv', "kursiv"),
        ("<ut>{\\b</ut>fett<ut>}</ut>", "fett"),
        ('a<bpt i="1">&lt;img alt="<sub>Bild</sub>"&gt;</bpt>b<ept i="1"/>', "ab"),
        ("a <foo:bar xmlns:foo='x'>b</foo:bar> c", "a b c"),
    ],
)
def test_inline_tags_go_and_text_stays(read, segment, text):
    assert side(read, segment) == text


@pytest.mark.parametrize(
    ("segment", "text"),
    [
        ("&lt;a&gt; &amp; &quot;b&quot; &apos;", '<a> & "b" \''),
        ("&#228;&#xE4;", "ää"),
        ("a&nbsp;b&eacute;&hellip;", "a\u00a0bé…"),
        ("&unheard;", "&unheard;"),
        ("<![CDATA[<b>&amp;]]>", "<b>&amp;"),
        ("x<!-- no -->y", "xy"),
        ("\n    zwei\r\n\tZeilen \u3000\u00a0\n", "zwei Zeilen \u3000\u00a0"),
        ("", ""),
    ],
)
def test_entities_and_white_space(read, segment, text):
    assert side(read, segment) == text


def test_html_entities_need_no_doctype(read):
    assert read(memory(unit(("de", "&auml;"), ("en", "a")), head="")) == [("ä".encode(), b"a")]


@pytest.mark.parametrize(("german", "english"), [("DE", "EN"), ("de-DE", "en-US"), ("de_AT", "en_gb"), ("deu", "eng")])
def test_variants_stand_for_their_language(read, german, english):
    assert read(memory(unit((german, "eins"), (english, "one")))) == [(b"eins", b"one")]


def test_the_language_itself_goes_before_its_variants(read):
    content = memory(unit(("de-AT", "a"), ("de", "b"), ("de-CH", "c"), ("en-GB", "first"), ("en-US", "second")))

    assert read(content) == [(b"b", b"first")]


def test_the_attribute_of_old_versions(read):
    content = memory('<tu><tuv lang="DE"><seg>eins</seg></tuv><tuv lang="EN-US"><seg>one</seg></tuv></tu>')

    assert read(content) == [(b"eins", b"one")]


def test_units_without_a_segment_are_counted_and_keep_their_number(tmp_path):
    path = tmp_path / "news.tmx"
    no_segment = '<tu><tuv xml:lang="de"/><tuv xml:lang="en"><seg>x</seg></tuv></tu>'
    units = [
        unit(("de", "eins"), ("en", "one")),
        unit(("de", "x"), ("fr", "y")),
        no_segment,
        unit(("de", ""), ("en", "")),
    ]
    path.write_text(memory(*units))
    reading = reader(bitext(path, format="tmx"))

    assert [row[:3] for row in rows(reading)] == [(0, b"eins", b"one"), (3, b"", b"")]
    assert (reading.tally.documents, reading.tally.dropped) == (4, {"no_segment": 2})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings_of_xml(read, encoding):
    name = encoding.removesuffix("-sig")
    content = memory(unit(("de", "fünf"), ("en", "five")), head=f'<?xml version="1.0" encoding="{name}"?>')

    assert read(content, encoding) == [("fünf".encode(), b"five")]


@pytest.mark.parametrize("name", ["news.tmx.gz", "news.zip"])
def test_compressed_files(tmp_path, name):
    content = memory(unit(("de", "eins"), ("en", "one"))).encode()
    if name.endswith(".gz"):
        (tmp_path / name).write_bytes(gzip.compress(content))
    else:
        write_zip(tmp_path / name, {"__MACOSX/news.tmx": b"", "de-en/news.tmx": content, "README": b""})

    assert pairs(bitext(tmp_path / name, format="tmx")) == [(b"eins", b"one")]


def test_batches_depend_on_the_text_alone(tmp_path):
    units = [unit(("de", f"Satz {i} " * (i % 5)), ("en", f"sentence {i}")) for i in range(3000)]
    (tmp_path / "x.tmx").write_text(memory(*units))
    (tmp_path / "y.tmx").write_text(memory(*units).replace("<tu>", "<tu><note>" + "n" * 500 + "</note>"))

    cuts = [
        [batch["document"][0].as_py() for batch in reader(bitext(tmp_path / name, format="tmx"), batch_bytes=1000)]
        for name in ("x.tmx", "y.tmx")
    ]

    assert cuts[0] == cuts[1]
    assert len(cuts[0]) > 50


def test_a_large_file_takes_the_memory_of_a_batch(tmp_path):
    path = tmp_path / "x.tmx.gz"
    path.write_bytes(gzip.compress(memory(*[unit(("de", "e" * 2500), ("en", "o" * 2500))] * 4000).encode()))
    tracemalloc.start()

    read = sum(batch.num_rows for batch in reader(bitext(path, format="tmx"), batch_bytes=100_000))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read == 4000
    assert peak < 8 << 20  # the file is 19 MB


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            memory(unit(("de", "a"), ("en", "b")))[:-30],
            r"news.tmx is no well-formed XML .*line \d+, column \d+.*cut off",
        ),
        (memory(unit(("de", "a & b"), ("en", "b"))), r"no well-formed XML \(not well-formed .*line 4"),
        (memory(unit(("de", "a"), ("en", "b"))).encode() + b"\x1f", "no well-formed XML"),
        ("<html><body>404</body></html>", "begins with <html>: expected <tmx>"),
        ("", "no well-formed XML"),
        (
            memory(unit(("fr", "a"), ("en-US", "b"))),
            "no unit with a segment in de and one in en: found the languages en-US, fr",
        ),
        (memory(unit(("de", "x" * 2000), ("en", "b"))), "a segment of more than 1,000 characters"),
        (
            memory(unit(("de", "&b;"), ("en", "b")), head='<!DOCTYPE tmx [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>'),
            "line 1: declares the entity 'a', which is not read",
        ),
        (
            memory(unit(("de", "&x;"), ("en", "b")), head='<!DOCTYPE tmx [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
            "declares the entity 'x'",
        ),
    ],
)
def test_what_is_no_translation_memory_is_refused(read, content, message):
    with pytest.raises(SourceError, match=message):
        read(content, max_line_bytes=1000)


def locate(folder, **asked):
    return tmx.locate(Wanted(corpus="News", location=str(folder), **asked))


def test_files_say_their_languages_in_their_names(tmp_path):
    for name in ("en-de.tmx", "web.de-fr.tmx.gz", "README.txt"):
        (tmp_path / name).write_bytes(b"")

    assert [(one.name, one.languages) for one in locate(tmp_path)] == [
        ("en-de", ("de", "en")),
        ("web.de-fr", ("de", "fr")),
    ]


def test_a_file_that_does_not_say_is_of_every_pair_that_is_named(tmp_path):
    (tmp_path / "memory.tmx").write_text(memory(unit(("de", "eins"), ("en", "one"), ("fr", "un"))))

    found = locate(tmp_path, pairs=[("en", "de"), ("fr", "de")])

    assert [(one.name, pairs(one)) for one in found] == [
        ("memory.en-de", [(b"eins", b"one")]),
        ("memory.fr-de", [(b"eins", b"un")]),
    ]
    with pytest.raises(SourceError, match=r"memory.tmx: expected two codes in its name, .*or name `pairs`"):
        locate(tmp_path)
