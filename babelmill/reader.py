"""Read shards: any row, any batch of rows, or all rows in a seeded order, from mapped memory.

    shards = babelmill.open("work/shards")
    shards[0]                     # {"input_ids": array([…], dtype=int32), "language": "de", "corpus": …, "document": …}
    for batch in shards.iterate(seed=1, batch_size=64):
        batch.input_ids, batch.offsets
    pairs = babelmill.open("work/shards", kind="pairs", languages=["de-en"])
    pairs[0]                      # {"source_ids": …, "target_ids": …, "source_language": "de", "score": …, …}

Opening reads the manifest and the files' metadata. A row's ids are a view of the mapped file; a batch's are gathered
from it, those of many batches at a time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from operator import index
from os import PathLike
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from babelmill.format import File, FormatError, digest, read_manifest
from babelmill.mapped import Rows
from babelmill.order import Permutation
from babelmill.rows import COLUMNS, Batch, PairBatch, PairRow, Row

MANIFEST = "manifest.json"

_AHEAD = 8192
"""Rows whose places a pass finds at a time: a step costs less for more."""

_BLOCKS = 1 << 16
"""Blocks of rows, at most, whose record batches are kept."""

Item = TypeVar("Item")


def open(
    path: str | PathLike[str],
    *,
    split: str = "train",
    languages: Iterable[str] | None = None,
    kind: str | None = None,
    verify: bool = False,
) -> ShardSet:
    """Open shards for reading.

    Args:
        path: the shards folder, the work directory around it, or the folder of one kind in it (which then is the kind).
        split: `train` or `validation`.
        languages: read only these folders of the split, languages or pairs such as `de-en`; all of them where it is
            None.
        kind: `documents`, `pairs` or `pseudo`, or `pairs+pseudo`, which are both in one set; None: the first of the
            three that there are.
        verify: read every file once and compare its sha256 with the manifest's.

    Raises:
        FileNotFoundError: there is no such folder.
        FormatError: the folder has no manifest (it is written last: the run that made the shards did not finish), or is
            of another format, or a file is not what the manifest says.
        ValueError: it has no such kind, split or language.
    """
    root, kind = _find_root(Path(path).resolve(), kind)
    listed = _listed(root / MANIFEST)
    kind = kind or _kind_of(listed)
    files = _select(listed, root=root, kind=kind, split=split, languages=languages)
    if verify:
        for file in files:
            _verify(root / file.path, file)
    return ShardSet(root, kind=kind, split=split, files=files)


class ShardSet:
    """The rows of some shards, numbered from 0 in the order of the files' paths. Made by `babelmill.open`.

    Threads may share a set. A pickled set holds its address, and is opened again where it is unpickled.

    Attributes:
        root: the shards folder, which holds the manifest.
        kind: `documents`, `pairs`, `pseudo` or `pairs+pseudo`.
        split: `train` or `validation`.
        languages: the folders of languages or pairs read, sorted.
        tokens: how many ids all rows hold together.
        digest: sha256 (hex) of what the files are, paths and contents.
    """

    def __init__(self, root: Path, *, kind: str, split: str, files: list[File]):
        self.root, self.kind, self.split = root, kind, split
        self.languages = sorted({_language(file) for file in files})
        self.digest = digest([[file.path, file.sha256] for file in files])
        batches, sources = [], []
        for file in files:
            mapped = _map(root / file.path, file, COLUMNS[_folder(file)].schema)
            batches += mapped
            sources += [str(root / file.path)] * len(mapped)
        self._first_rows = np.cumsum([0] + [batch.num_rows for batch in batches])
        # A search costs ten times a look: most rows are in the record batch that the first of their block is in.
        self._block_bits = (len(self) // min(16 * len(batches) + 1, _BLOCKS)).bit_length()
        self._blocks = self._search(np.arange(0, len(self), 1 << self._block_bits))
        self._columns = COLUMNS[kind](batches, sources)
        self.tokens = self._columns.tokens

    def __len__(self) -> int:
        return int(self._first_rows[-1])

    def __repr__(self) -> str:
        size = f"{len(self):,} rows, {self.tokens:,} tokens, {len(self.languages)} languages"
        return f"<{self.kind}/{self.split} of {self.root}: {size}>"

    def __reduce__(self) -> Any:
        return partial(open, self.root, kind=self.kind, split=self.split, languages=self.languages), ()

    def __getitem__(self, i: int) -> Row | PairRow:
        """One row; a negative number counts from the end.

        Raises:
            IndexError: there is no such row.
        """
        i, count = index(i), len(self)
        if not -count <= i < count:
            raise self._no_row(i)
        i += count if i < 0 else 0
        batch = bisect_right(self._first_rows, i) - 1
        return self._columns.at(batch, i - self._first_rows[batch])

    def batch(self, indices: ArrayLike) -> Batch | PairBatch:
        """Some rows, in the order given.

        Args:
            indices: integers[n], of which negative ones count from the end.

        Raises:
            IndexError: there is no such row.
            TypeError: the indices are no integers (a mask, for one).
        """
        wanted = np.asarray(indices)
        if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "iu"):
            raise TypeError(f"indices are {wanted.dtype} of shape {wanted.shape}, expected integers[n]")
        return self._columns.take(*self._locate(wanted.astype(np.int64)))

    @overload
    def iterate(
        self,
        *,
        seed: int = ...,
        epoch: int = ...,
        position: int = ...,
        batch_size: None = ...,
        state: Mapping[str, Any] | None = ...,
    ) -> Pass[Row | PairRow]: ...
    @overload
    def iterate(
        self,
        *,
        seed: int = ...,
        epoch: int = ...,
        position: int = ...,
        batch_size: int,
        state: Mapping[str, Any] | None = ...,
    ) -> Pass[Batch | PairBatch]: ...
    def iterate(self, *, seed=0, epoch=0, position=0, batch_size=None, state=None):
        """All rows once, in an order drawn from `seed` and `epoch`.

        Args:
            seed: any integer from 0.
            epoch: from 0; each has an order of its own.
            position: how many rows of the order to skip, at no cost.
            batch_size: rows of a batch, of which the last may have fewer; None: single rows. Batches that follow each
                other share 3 MiB or so of memory, which stays while one of them does: copy what is to be kept for long.
            state: the `state()` of an earlier pass, to go on from there; it stands in for seed, epoch and position.

        Raises:
            ValueError: the state is of other shards, or a value is out of range.
        """
        if state is not None:
            seed, epoch, position = self._place(state)
        order = Permutation(len(self), seed, epoch)
        step = 1 if batch_size is None else batch_size

        def read(numbers: Rows) -> Iterator[Row | PairRow] | Iterator[Batch | PairBatch]:
            batches, rows = self._find(numbers)
            if batch_size is None:
                return (self._columns.at(*place) for place in zip(batches, rows, strict=True))
            return self._columns.split(batches, rows, step)

        return Pass(read, order=order, shards=self.digest, position=position, step=step)

    def _place(self, state: Mapping[str, Any]) -> tuple[int, int, int]:
        """Seed, epoch and position of a state of these very shards: in others, a position means other rows."""
        missing = {"shards", "seed", "epoch", "position"} - state.keys()
        if missing:
            raise ValueError(f"the state lacks {', '.join(sorted(missing))}; expected what `state()` of a pass gave")
        if state["shards"] != self.digest:
            raise ValueError(
                f"the state is of shards with digest {state['shards'][:12]}, {self!r} has {self.digest[:12]}; "
                f"open the same files, split and languages, or start a new pass"
            )
        return state["seed"], state["epoch"], state["position"]

    def _no_row(self, i: int) -> IndexError:
        count = len(self)
        allowed = f"0 to {count - 1}, or -{count} to -1" if count else "none"
        return IndexError(f"{self!r} has no row {i}; allowed: {allowed}")

    def _locate(self, indices: Rows) -> tuple[Rows, Rows]:
        """Record batch and row in it, of each of some rows."""
        count = len(self)
        wrong = np.flatnonzero((indices < -count) | (indices >= count))
        if wrong.size:
            raise self._no_row(indices[wrong[0]])
        return self._find(np.where(indices < 0, indices + count, indices))

    def _find(self, numbers: Rows) -> tuple[Rows, Rows]:
        """The same, of rows that there are."""
        batches = self._blocks.take(numbers >> self._block_bits)
        late = np.flatnonzero(numbers >= self._first_rows.take(batches + 1))
        batches[late] = self._search(numbers[late])
        return batches, numbers - self._first_rows.take(batches)

    def _search(self, numbers: Rows) -> Rows:
        """The record batches that rows are in."""
        return np.searchsorted(self._first_rows, numbers, side="right") - 1


class Pass(Generic[Item]):
    """One pass over a set, an iterator of rows or batches. Made by `ShardSet.iterate`; for one thread at a time.

    Attributes:
        position: rows of the order that were handed out or skipped.
    """

    def __init__(
        self,
        read: Callable[[Rows], Iterator[Item]],
        *,
        order: Permutation,
        shards: str,
        position: int,
        step: int,
    ):
        if not 0 <= position <= order.rows:
            raise ValueError(f"position is {position}, expected 0 to {order.rows}, the rows there are")
        if step < 1:
            raise ValueError(f"batch_size is {step}, expected at least 1")
        self.position = position
        self._read, self._order, self._shards, self._step = read, order, shards, step
        self._ahead = max(1, _AHEAD // step) * step
        self._items: Iterator[Item] = iter(())

    def __iter__(self) -> Pass[Item]:
        return self

    def __next__(self) -> Item:
        if self.position >= self._order.rows:
            raise StopIteration
        item = next(self._items, None)
        if item is None:
            stop = min(self.position + self._ahead, self._order.rows)
            self._items = self._read(self._order(np.arange(self.position, stop)))
            item = next(self._items)
        self.position = min(self.position + self._step, self._order.rows)
        return item

    def state(self) -> dict[str, Any]:
        """Where the pass stands, as JSON values: for `ShardSet.iterate`."""
        place = {"seed": self._order.seed, "epoch": self._order.epoch, "position": self.position}
        return {"shards": self._shards, **place}


def _find_root(path: Path, kind: str | None) -> tuple[Path, str | None]:
    """The folder that holds the manifest of `path`, and the kind that is meant, where that is said."""
    for root, meant in ((path, kind), (path / "shards", kind), (path.parent, path.name)):
        if (root / MANIFEST).is_file():
            return root, meant
    if not path.is_dir():
        raise FileNotFoundError(f"{path} is not a folder; expected shards, or the work directory of a run")
    raise FormatError(
        f"{path} has no {MANIFEST}, which is written last: the run that made it did not finish, or these are not "
        f"shards; run `babelmill shard` (or `babelmill run`) again, it goes on where it stopped"
    )


def _listed(manifest: Path) -> list[File]:
    """The files that a manifest lists, sorted by path."""
    entries = read_manifest(manifest).get("files", [])
    files = [File(entry["path"], entry["rows"], entry["bytes"], entry["sha256"]) for entry in entries]
    return sorted(files, key=lambda file: file.path)


def _kind_of(files: list[File]) -> str:
    """The first kind that there are files of: documents, then pairs, then pseudo pairs."""
    return next((kind for kind in COLUMNS if any(file.path.startswith(f"{kind}/") for file in files)), "documents")


def _folder(file: File) -> str:
    return file.path.split("/")[0]


def _language(file: File) -> str:
    _, _, language, _ = file.path.split("/")
    return language


def _select(files: list[File], *, root: Path, kind: str, split: str, languages: Iterable[str] | None) -> list[File]:
    """The files of one kind and split and of some languages; their paths are kind/split/language/name."""
    folders = kind.split("+") if kind in COLUMNS else []
    of_kind = [file for file in files if _folder(file) in folders]
    chosen = [file for file in of_kind if file.path.split("/")[1] == split]
    missing = [folder for folder in folders if not any(_folder(file) == folder for file in of_kind)]
    if not chosen or missing:
        kind = missing[0] if missing else kind
        splits = sorted({"/".join(file.path.split("/")[:2]) for file in files})
        raise ValueError(f"{root} has no {kind}/{split}; its manifest lists {', '.join(splits) or 'no files'}")
    if languages is None:
        return chosen
    wanted = {languages} if isinstance(languages, str) else set(languages)
    # A small language may have no validation set: that it has rows of this kind is enough.
    unknown = wanted - {_language(file) for file in of_kind}
    if unknown:
        present = sorted({_language(file) for file in of_kind})
        raise ValueError(f"{root} has no {kind} in {', '.join(sorted(unknown))}; it has {', '.join(present)}")
    return [file for file in chosen if _language(file) in wanted]


def _verify(path: Path, file: File) -> None:
    """Compare a file's content with the manifest."""
    found = sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            found.update(block)
    if found.hexdigest() != file.sha256:
        raise FormatError(
            f"{path} has sha256 {found.hexdigest()[:12]}, its manifest says {file.sha256[:12]}: it was changed or "
            f"damaged; delete it and run `babelmill shard` again"
        )


def _map(path: Path, file: File, schema: pa.Schema) -> list[pa.RecordBatch]:
    """The record batches of a file, mapped, when size, columns and rows are what they should be."""
    cure = "delete it and run `babelmill shard` again"
    size = path.stat().st_size if path.is_file() else None
    if size != file.bytes:
        found = "is missing" if size is None else f"has {size:,} bytes"
        raise FormatError(f"{path} {found}, its manifest says {file.bytes:,} bytes; {cure}")
    try:
        # The record batches keep the mapping. The file is closed: a set may have more files than a process may open.
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source)
            batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
    except pa.ArrowInvalid as error:
        raise FormatError(f"{path} is not an Arrow IPC file ({error}); {cure}") from error
    for field in schema:
        place = reader.schema.get_field_index(field.name)
        type_ = reader.schema.field(place).type if place >= 0 else "missing"
        if type_ != field.type:
            raise FormatError(f"{path}: column {field.name} is {type_}, expected {field.type}; {cure}")
        if any(batch.column(place).null_count for batch in batches):
            raise FormatError(f"{path}: column {field.name} has nulls, expected none; {cure}")
    rows = sum(batch.num_rows for batch in batches)
    if rows != file.rows:
        raise FormatError(f"{path} has {rows:,} rows, its manifest says {file.rows:,}; {cure}")
    return batches
