"""Small fastText models with random weights, written as fastText writes them."""

import struct
from dataclasses import dataclass, field

import numpy as np

LOSSES = {"hs": 1, "ns": 2, "softmax": 3, "ova": 4}
WORDS = ("</s>", "das", "ist", "the", "и", "не", "日本", "😀")
LABELS = ("__label__de", "__label__en", "__label__ru", "__label__ja", "__label__pt-BR")


@dataclass
class FastTextFile:
    """What is to be in the file; after `content()`, `input` and `output` are the weights that it stands for.

    Attributes:
        kept: the n-gram buckets that pruning left, in the order of their rows; None: not pruned.
        norms: whether rows are quantised without their length, which is quantised by itself.
        piece: columns that are quantised together.
        scale: standard deviation of the weights; 0 makes all labels equal.
    """

    words: tuple = WORDS
    labels: tuple = LABELS
    counts: tuple = (900, 500, 500, 30, 1)
    dimension: int = 6
    loss: str = "hs"
    kind: int = 3
    version: int = 12
    word_ngrams: int = 1
    min_ngram: int = 2
    max_ngram: int = 4
    buckets: int = 60
    kept: tuple | None = None
    quantised: bool = False
    quantised_output: bool = False
    norms: bool = False
    piece: int = 2
    scale: float = 1.0
    seed: int = 0
    input: np.ndarray = field(init=False)
    output: np.ndarray = field(init=False)

    def content(self):
        self._random = np.random.default_rng(self.seed)
        rows = len(self.words) + (self.buckets if self.kept is None else len(self.kept))
        self.input, matrix = self._matrix(rows, self.quantised)
        self.output, output_matrix = self._matrix(len(self.labels), self.quantised and self.quantised_output)
        head = struct.pack("<ii", 793712314, self.version) + struct.pack(
            "<12id", self.dimension, 5, 5, 1, 5, self.word_ngrams, LOSSES[self.loss], self.kind, self.buckets,
            self.min_ngram, self.max_ngram, 100, 1e-4,
        )  # fmt: skip
        flags = struct.pack("?", self.quantised), struct.pack("?", self.quantised_output)
        return b"".join([head, self._dictionary(), flags[0], matrix, flags[1], output_matrix])

    def write(self, folder):
        path = folder / "model.bin"
        path.write_bytes(self.content())
        return path

    def _dictionary(self):
        entries = [(word, 7, 0) for word in self.words] + [
            (label, count, 1) for label, count in zip(self.labels, self.counts, strict=True)
        ]
        sizes = struct.pack("<iii", len(entries), len(self.words), len(self.labels))
        pairs = [] if self.kept is None else [(bucket, place) for place, bucket in enumerate(self.kept)]
        return b"".join(
            [
                sizes,
                struct.pack("<qq", 1000, -1 if self.kept is None else len(pairs)),
                *(word.encode() + b"\0" + struct.pack("<qb", count, kind) for word, count, kind in entries),
                *(struct.pack("<ii", *pair) for pair in reversed(pairs)),
            ]
        )

    def _matrix(self, rows, quantised):
        """The weights, float32, and how the file holds them."""
        if not quantised:
            weights = self._weights(rows, self.dimension)
            return weights, struct.pack("<qq", rows, self.dimension) + weights.tobytes()
        pieces = -(-self.dimension // self.piece)
        codes, quantiser, weights = self._quantised(rows, self.dimension, self.piece)
        head = struct.pack("<?qqi", self.norms, rows, self.dimension, rows * pieces)
        if not self.norms:
            return weights, head + codes + quantiser
        norm_codes, norm_quantiser, norms = self._quantised(rows, 1, 1)
        return weights * norms, head + codes + quantiser + norm_codes + norm_quantiser

    def _quantised(self, rows, columns, piece):
        """Codes and quantiser as the file holds them, and the weights float32[rows, columns] that they stand for."""
        begins = range(0, columns, piece)
        widths = [min(piece, columns - begin) for begin in begins]
        codes = self._random.integers(0, 256, (rows, len(widths))).astype(np.uint8)
        tables = [self._weights(256, width) for width in widths]
        weights = np.array(
            [[value for part, code in enumerate(row) for value in tables[part][code]] for row in codes], np.float32
        )
        quantiser = struct.pack("<iiii", columns, len(widths), piece, widths[-1])
        return codes.tobytes(), quantiser + b"".join(table.tobytes() for table in tables), weights

    def _weights(self, rows, columns):
        return (self._random.standard_normal((rows, columns)) * self.scale).astype(np.float32)
