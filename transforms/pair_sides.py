"""Sides of pairs by themselves: normalised, hashed, measured, and each asked for its language.

None of it depends on the other side, so that a text which is in many pairs is worked on once: the English of a manual,
which comes with each language that the manual is translated to, and what was left as it is on both sides, which half
of some corpora of software is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import langid
from transforms.filters.points import decoded
from transforms.filters.repetition import repeated
from transforms.filters.sides import SIDE, measure_side, segment_of
from transforms.filters.spoken import spoken
from transforms.languages import Language
from transforms.minhash import text_hashes
from transforms.normalise import Form, normalise
from transforms.recall import Recall

HASH = ("hash", "hash_rest")
"""Columns of both halves of a text's hash, see `minhash.text_hashes`."""

MEASURED = pa.schema(
    [
        ("text", pa.string()),
        *((half, pa.uint64()) for half in HASH),
        ("own", pa.float32()),
        ("foreign", pa.float32()),
        *SIDE,
    ]
)
"""A side: its normalised text, that text's hash, what a language model says of it (`spoken.Spoken`), measurements."""


@dataclass
class SideMeasuring:
    """Measures sides of pairs, and remembers them for pairs to come. Not for threads that ask at the same time.

    Attributes:
        form: Unicode normalisation form.
        model: path of a fastText model, `langid.BUNDLED`, or None for no language identification.
    """

    form: Form
    model: str | None

    def __call__(
        self, source: pa.BinaryArray, target: pa.BinaryArray, languages: tuple[Language, Language]
    ) -> tuple[pa.RecordBatch, pa.RecordBatch]:
        """Both sides of n pairs, of schema `MEASURED`.

        Args:
            source, target: binary (n,), without nulls, raw text.
            languages: that they claim, with the model's labels.

        Returns:
            Source and target; `own` and `foreign` of a target that is the same text as its source are the source's.
        """
        first, copied = self._recall(languages[0], source), pc.equal(source, target)
        other = self._recall(languages[1], target.filter(pc.invert(copied)))
        copies = first.filter(copied)
        if segment_of(languages[0]) != segment_of(languages[1]):
            again = pa.array(repeated(decoded(copies.column("text")), segment=segment_of(languages[1])))
            copies = copies.set_column(MEASURED.get_field_index("repeated"), MEASURED.field("repeated"), again)
        is_copy = copied.to_numpy(zero_copy_only=False)
        place = np.where(is_copy, other.num_rows + np.cumsum(is_copy), np.cumsum(~is_copy)) - 1
        return first, pa.concat_batches([other, copies]).take(pa.array(place))

    @cached_property
    def _recall(self) -> Recall[Language]:
        return Recall(self._measured)

    def _measured(self, language: Language, raw: pa.BinaryArray) -> pa.RecordBatch:
        texts = normalise(raw, form=self.form).texts
        said = spoken(texts, language, langid.load(self.model) if self.model else None)
        columns = [*text_hashes(texts).T, *said, *measure_side(decoded(texts), language).columns]
        return pa.record_batch([texts, *map(pa.array, columns)], schema=MEASURED)
