"""Babelmill as a wheel, made from the files that run here, for workers that are set up for a job.

Made in place of a build: it needs no source tree, no build tools and no network, and gives the same bytes from the same
files. The version names their digest, so that a worker whose image holds another Babelmill installs this one.
"""

from __future__ import annotations

import atexit
import base64
import functools
import hashlib
import importlib
import importlib.metadata
import shutil
import tempfile
import zipfile
from pathlib import Path

PACKAGES = ("babelmill", "pipelines", "transforms", "vocab")


@functools.cache
def package() -> Path:
    """The wheel, in a folder of its own that is kept until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="babelmill-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return write_wheel(folder)


def write_wheel(folder: Path) -> Path:
    """Write the wheel into a folder and return its path.

    Raises:
        RuntimeError: Babelmill was not installed, so that nobody knows what it depends on.
    """
    files = package_files()
    digest = hashlib.sha256(b"".join(name.encode() + content for name, content in sorted(files.items()))).hexdigest()
    try:
        metadata = importlib.metadata.metadata("babelmill")
    except importlib.metadata.PackageNotFoundError:
        raise RuntimeError("Babelmill is not installed, so its workers cannot be: pip install it first") from None
    version = f"{metadata['Version']}+{digest[:12]}"
    info = f"babelmill-{version}.dist-info"
    requires = [f"Requires-Dist: {each}" for each in metadata.get_all("Requires-Dist") or () if "extra ==" not in each]
    lines = ["Metadata-Version: 2.1", "Name: babelmill", f"Version: {version}", *requires]
    files[f"{info}/METADATA"] = ("\n".join(lines) + "\n").encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: babelmill\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = b"[console_scripts]\nbabelmill = pipelines.cli:main\n"
    record = [f"{name},sha256={_hash(content)},{len(content)}" for name, content in sorted(files.items())]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    path = folder / f"babelmill-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in sorted(files.items()):
            # A time of its own would make other bytes each time.
            wheel.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return path


def package_files() -> dict[str, bytes]:
    """The files of the packages as they are imported here: path in the wheel -> content."""
    found = {}
    for name in PACKAGES:
        module = importlib.import_module(name)
        assert module.__file__ is not None
        folder = Path(module.__file__).parent
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts:
                found[f"{name}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return found


def _hash(content: bytes) -> str:
    """sha256 as a wheel's RECORD wants it."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
