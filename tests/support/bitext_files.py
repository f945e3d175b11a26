"""Files of parallel text as their publishers lay them out, and what is read from them."""

import io
import tarfile
import zipfile
from pathlib import Path

from transforms.parallel.batches import ReadOptions
from transforms.parallel.bitext import Bitext
from transforms.parallel.reading import PairReader


def bitext(path, codes=("de", "en"), format="moses", **attributes):
    """A bitext of files that are already there."""
    paths = path if isinstance(path, list) else [path]
    return Bitext(
        corpus="News",
        name="-".join(codes),
        codes=tuple(codes),
        addresses=tuple(map(str, paths)),
        local=True,
        format=format,
        **attributes,
    )


def reader(bitext, **options):
    return PairReader(bitext, [Path(address) for address in bitext.addresses], options=ReadOptions(**options))


def pairs(bitext, **options):
    """(source, target) of every pair."""
    return [row[1:3] for row in rows(reader(bitext, **options))]


def rows(reader):
    """(document, source, target, score) of every pair; None for a score that is NaN."""
    return [
        (row["document"], row["source"], row["target"], None if row["score"] != row["score"] else row["score"])
        for batch in reader
        for row in batch.to_pylist()
    ]


def write_zip(path, members):
    """A zip archive of name -> bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def write_moses(path, first, second, *, codes=("de", "en"), corpus="News", **others):
    """An archive of OPUS: two texts, and further members such as `scores`, `ids`, README and LICENSE."""
    pair = "-".join(codes)
    members = {"README": b"", f"{corpus}.{pair}.{codes[0]}": first, f"{corpus}.{pair}.{codes[1]}": second}
    for name, content in others.items():
        members[name if name.isupper() else f"{corpus}.{pair}.{name}"] = content
    return write_zip(path, members)


def write_tar(path, members, mode):
    """A tar archive of name -> bytes."""
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path
