"""The test sets of a configuration: what stages depend on, and the table of items that workers are given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from babelmill.format import File, digest
from pipelines.config import Config
from pipelines.stage import usable
from transforms.decontamination.items import ITEMS, collect
from transforms.decontamination.report import summed_up
from transforms.decontamination.sets import Drop, TestFile, TestSet
from transforms.disk import sha256_once
from transforms.journal import Record
from transforms.storage import STATE, WorkDirectory

LISTS = ("test_sets", "paragraphs")
"""Roles of the lists of what was found: of texts that go, and of paragraphs that went."""

SUMMARY = "rejects/test_sets/summary.json"
"""What all lists come to."""

_FOLDER = f"{STATE}/test_sets"


@dataclass(frozen=True)
class Decontamination:
    """The section `decontaminate` for a work directory.

    Attributes:
        config: the whole configuration.
        work: the work directory.
    """

    config: Config
    work: WorkDirectory

    @cached_property
    def files(self) -> list[tuple[TestSet, list[TestFile]]]:
        """Every test set with its files.

        Raises:
            SourceError: one is not there.
        """
        sets = [section.test_set() for section in self.config.decontaminate]
        return [(one, one.files()) for one in sets]

    def digest(self, tags: Iterable[str], *drops: Drop) -> str | None:
        """Digest of all that texts of some languages are held against; None if it is nothing.

        Args:
            tags: BCP 47 tags.
            drops: of which test sets, by what goes; all, if none is named.
        """
        tags = list(tags)
        found = [one.digest(files, tags) for one, files in self.files if not drops or one.drop in drops]
        told = [one for one in found if one is not None]
        return digest(told) if told else None

    def check(self) -> None:
        """Read all test sets.

        Raises:
            ConfigError: one cannot be used.
        """
        for number, section in enumerate(self.config.decontaminate):
            with usable(f"decontaminate.{number}"):
                collect([section.test_set()], self.config.clean.form)

    @cached_property
    def items(self) -> pa.Table:
        """All items."""
        return collect([one for one, _ in self.files], self.config.clean.form)

    @cached_property
    def _content(self) -> bytes:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, ITEMS, options=pa.ipc.IpcWriteOptions(unify_dictionaries=True)) as writer:
            writer.write(self.items)
        return sink.getvalue().to_pybytes()

    @property
    def items_file(self) -> File | None:
        """Where in the work directory the workers find the items; None without test sets."""
        if not self.config.decontaminate:
            return None
        sha256 = hashlib.sha256(self._content).hexdigest()
        return File(f"{_FOLDER}/{sha256}.arrow", self.items.num_rows, len(self._content), sha256)

    def publish(self) -> None:
        """Bring the items into the work directory, unless they are there: workers may not see this machine's disk."""
        file = self.items_file
        for name in self.work.stamps(_FOLDER, ".arrow"):
            if file is None or name != file.path:
                self.work.remove(name)
        if file is not None and not self.work.has(file):
            self.work.write_bytes(file.path, self._content)

    def sum_up(self, records: Iterable[Record]) -> None:
        """Write what all lists come to, unless that is done; remove it where there are no test sets."""
        if not self.config.decontaminate:
            self.work.remove(SUMMARY)
            return
        lists = {record.name: [record.files[role] for role in LISTS if role in record.files] for record in records}
        sets = [[one.name, *(sha256_once(file.path) for file in files)] for one, files in self.files]
        told = digest([sets, [[file.sha256 for file in lists[name]] for name in sorted(lists)]])
        if self.summary.get("lists") != told:
            found = summed_up(self.work, lists, self.items)
            self.work.write_json(SUMMARY, {"lists": told, "test_sets": found})

    def told(self) -> Iterator[str]:
        """What `sum_up` found, a sentence for each test set."""
        for name, of_set in sorted(self.summary.get("test_sets", {}).items()):
            found, lines, texts, first = (of_set[key] for key in ("found", "lines", "texts", "first"))
            told = f"test set {name}: {found:,} of {lines:,} lines found in {texts:,} texts"
            if first:
                told += f", the first ({first['file']}, line {first['line']}) in {first['part']}#{first['row']}"
            yield told

    @property
    def summary(self) -> dict[str, Any]:
        """What `sum_up` wrote; {} before it did."""
        try:
            return json.loads(self.work.read(SUMMARY))
        except (FileNotFoundError, ValueError):
            return {}
