import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipelines.config_yaml import ConfigError, Document, parse, scalar

WORDS = st.text("abcdefnotruyABÄß語 :#-'\"[]{}&*!|>%@`,?\n", min_size=1, max_size=12)
VALUES = st.recursive(
    WORDS | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("", None),
        ("~", None),
        ("null", None),
        ("12", 12),
        ("-3", -3),
        ("010", 10),
        ("4_000_000", 4_000_000),
        ("1e6", 1_000_000),
        ("2.5E3", 2500),
        ("1e-2", 0.01),
        ("0.8", 0.8),
        (".5", 0.5),
        ("2.0", 2.0),
        ("1__0", "1__0"),
        ("1_", "1_"),
        ("12:30", "12:30"),
        ("2026-11-02", "2026-11-02"),
        (".inf", ".inf"),
        ("nan", "nan"),
        ("0x10", "0x10"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_scalars(text, value):
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_numbers_too_large_to_be_meant_are_still_numbers():
    assert scalar("9" * 10_000) == math.inf


def test_lines_are_known_for_keys_and_items():
    document = parse("a: 1\nb:\n  - x\n  - c: {d: 2,\n      e: 3}\n\n# more\nf: |\n  g\n", "f.yaml")
    assert document.values == {"a": 1, "b": ["x", {"c": {"d": 2, "e": 3}}], "f": "g\n"}
    assert document.lines == {
        (): 1,
        ("a",): 1,
        ("b",): 2,
        ("b", 0): 3,
        ("b", 1): 4,
        ("b", 1, "c"): 4,
        ("b", 1, "c", "d"): 4,
        ("b", 1, "c", "e"): 5,
        ("f",): 8,
    }
    assert document.line(("b", 1, "c", "missing", "deeper")) == 4
    assert document.problems == []


def test_keys_are_texts_and_keys_without_values_are_absent():
    document = parse("no: 1\n2: x\ntrue: y\nempty:\ntilde: ~\nlist: [a, ~]\n", "f.yaml")
    assert document.values == {"no": 1, "2": "x", "true": "y", "list": ["a", None]}
    assert document.lines["empty",] == 4


def test_a_key_that_is_there_twice_is_a_problem_and_the_first_counts():
    document = parse("a: 1\nb: {c: 1, d: 2,\n c: 3}\na: 4\n", "f.yaml")
    assert document.values == {"a": 1, "b": {"c": 1, "d": 2}}
    assert [(problem.line, problem.path, problem.text) for problem in document.problems] == [
        (3, ("b", "c"), "found a second time, first on line 2; remove one"),
        (4, ("a",), "found a second time, first on line 1; remove one"),
    ]


def test_an_alias_is_what_it_stands_for():
    document = parse("a: &x {b: [1]}\nc: *x\n", "f.yaml")
    assert document.values == {"a": {"b": [1]}, "c": {"b": [1]}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: !x 1", (1, ("a",), "found the tag !x, expected a value without a tag")),
        ("a:\n  ? [b]\n  : 1", (2, ("a",), "found a list or a section as a key, expected a text")),
    ],
)
def test_what_yaml_has_and_configurations_have_not(text, problem):
    found = parse(text, "f.yaml").problems
    assert [(one.line, one.path, one.text) for one in found] == [problem]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "x: y\na: b: c",
            "f.yaml:2:5: mapping values are not allowed here; put a value that contains a colon in quotes",
        ),
        ("a:\n\tb: 1", "f.yaml:2:1: found character '\\t' that cannot start any token"),
        ("a: [1,\nb: 2", "f.yaml:2:"),
        ("a: *x", "f.yaml:1:4: found undefined alias 'x'"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1: but found another document"),
        ("a: 1\nb: \0", "f.yaml:2: found the character U+0000, which YAML forbids"),
        ("a: &x [*x]", "f.yaml: is nested too deeply, or an alias contains itself"),
        ("[" * 5000, "f.yaml: is nested too deeply, or an alias contains itself"),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_place(text, message):
    with pytest.raises(ConfigError) as caught:
        parse(text, "f.yaml")
    assert str(caught.value).startswith(message)


@given(VALUES)
def test_plain_values_are_read_as_they_were_written(value):
    document = parse(yaml.safe_dump(value, allow_unicode=True), "f.yaml")
    assert document.values == value
    assert document.problems == []


@given(st.text())
def test_any_text_is_a_document_or_an_error(text):
    try:
        assert isinstance(parse(text, "f.yaml"), Document)
    except ConfigError as error:
        assert str(error).startswith("f.yaml:")
