import re
import types
from pathlib import Path
from typing import get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.config import Config
from pipelines.config_file import load
from pipelines.config_schema import expected, page, reference, schema_at, template, written, written_size
from pipelines.config_types import Section, parse_size
from pipelines.config_yaml import scalar
from transforms.parallel.reading import FORMATS

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"


def fields(model: type[Section] = Config, path: tuple[str, ...] = ()):
    """Dotted key and field of everything that has a value, read off the models themselves."""
    for name, field in model.model_fields.items():
        # A table of sections by name is a value: its keys are those of a section that is there already.
        kinds = [field.annotation, *(get_args(field.annotation) if get_origin(field.annotation) is not dict else ())]
        inner = [kind for kind in kinds if isinstance(kind, type) and not isinstance(kind, types.GenericAlias)]
        sections = [kind for kind in inner if issubclass(kind, Section)]
        if sections:
            yield from fields(sections[0], (*path, name))
        else:
            yield (*path, name), field


FIELDS = list(fields())
LISTS = {("corpora",), ("decontaminate",), ("backtranslation", "engines")}
"""Sections of which there are several."""
EMPTY = {"`[]`": ([],), "`{}`": ({},)}


def load_text(text: str, folder: Path) -> Config:
    file = folder / "corpus.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_the_walk_over_the_models_finds_every_section():
    assert {path[:-1] for path, _ in FIELDS} == {
        (),
        ("corpora",),
        ("download",),
        ("clean", "characters"),
        ("clean", "script"),
        ("clean", "language_id"),
        ("clean",),
        ("dedup",),
        ("pairs", "filters"),
        ("pairs", "dedup"),
        ("pairs", "lexicon"),
        ("decontaminate",),
        ("backtranslation",),
        ("backtranslation", "engines"),
        ("backtranslation", "filters"),
        ("vocabulary",),
        ("shards",),
        ("runner",),
        ("runner", "local"),
        ("runner", "flink"),
        ("runner", "dataflow"),
    }


def test_the_reference_page_is_up_to_date():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert page(text) == text, "run `python -m pipelines.config_schema docs/configuration.md`"


@pytest.mark.parametrize(("path", "field"), FIELDS, ids=[".".join(path) for path, _ in FIELDS])
def test_the_reference_has_every_key_with_its_default_and_reason(path, field):
    *section, name = path
    heading = f"`{'.'.join(section)}`" if section else "At the top"
    table = reference().split(f"### {heading}\n")[1].split("###")[0]
    [row] = [line for line in table.splitlines() if line.startswith(f"| `{name}` |")]
    _, value, default, why = row.strip("| ").split(" | ")
    place = (*section, 0, name) if tuple(section) in LISTS else path
    assert value == expected(schema_at(place)).replace("<", "&lt;")
    assert why == " ".join(schema_at(place)["description"].split())
    if field.is_required():
        assert default == "required"
    elif field.default is None:
        assert default == "empty"
    else:
        assert field.default in (scalar(default.strip("`")), parse_size(default.strip("`")), *EMPTY.get(default, ()))


def test_the_template_loads_as_it_stands(tmp_path):
    config = load_text(template(), tmp_path)
    plain = Config(
        workdir=str(tmp_path / "work"),
        corpora=[{"name": "cc-100", "format": "cc100", "languages": ["as", "rm", "su"]}],
    )
    assert config == plain


def test_the_template_shows_every_default(tmp_path):
    uncommented = re.sub(r"(?m)^( *)# (?=\w+:)", r"\1", template().split("\n\n", 1)[1])
    assert load_text(uncommented, tmp_path) == load_text(template(), tmp_path)
    keys = re.findall(r"(?m)^(?:#|) *(?:- )?(\w+):", uncommented)
    assert set(keys) >= {key for path, _ in FIELDS for key in path}
    assert len(keys) == len({path[:length] for path, _ in FIELDS for length in range(1, len(path) + 1)})


def test_the_template_fits_a_screen():
    assert max(len(line) for line in template().splitlines()) <= 120


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("dedup", "threshold"), "a number from 0 to 1"),
        (("dedup", "near"), "true or false"),
        (("dedup", "across"), "language or all"),
        (("dedup", "bands"), "a whole number from 1 to 128"),
        (("download", "timeout"), "a number above 0"),
        (("download", "retries"), "a whole number of 0 or more"),
        (("download", "part_bytes"), "a size from 1KiB to 1GiB, such as 32MiB"),
        (("clean", "language_id", "model"), "a path, such as glotlid.bin"),
        (("clean", "language_id", "thresholds"), "numbers from 0 to 1 by code, such as {gl: 0.4, zh-Hant: 0.6}"),
        (("clean", "language_id", "thresholds", "de"), "a number from 0 to 1"),
        (("clean", "script"), "a section with the keys share"),
        (("corpora", 3, "languages"), "a list of language codes, such as [de, ja, zh-Hans]"),
        (("corpora", 3, "languages", 1), "a language code"),
        (("corpora", 0, "format"), " or ".join(["cc100", *FORMATS])),
        (("vocabulary", "user_defined_symbols"), "a list, such as [<mask>, <BT>]"),
        (("vocabulary", "user_defined_symbols", 0), "text"),
    ],
)
def test_what_a_key_expects_in_words(path, words):
    assert expected(schema_at(path)) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (60.0, "60"),
        (0.5, "0.5"),
        (32_000, "32_000"),
        ("NFC", "NFC"),
        ([], "[]"),
        ({}, "{}"),
    ],
)
def test_values_as_one_would_write_them(value, text):
    assert written(value) == text


@given(st.integers(1, 1 << 50))
def test_a_written_size_is_that_size(size):
    assert parse_size(scalar(written_size(size))) == size


@pytest.mark.parametrize(
    ("size", "text"), [(32 << 20, "32MiB"), (50_000_000, "50MB"), (1000, "1kB"), (1024, "1KiB"), (1001, "1_001")]
)
def test_sizes_are_written_in_the_largest_whole_unit(size, text):
    assert written_size(size) == text
