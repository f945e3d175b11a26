"""The jars of Flink and of Beam's job server for it, resolved by Maven once and kept outside of the clone."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")

NOT_SENT = "gradle/wrapper"
"""Beam's job server sends its class path with each job, 152 MB that the cluster has already and half a minute; it
leaves out only what has this in its path."""

FOLDER = "BABELMILL_FLINK"
"""Environment variable that names where jars are kept; otherwise that is the user's cache."""


def missing_tools() -> list[str]:
    """Programs that a cluster needs and that this machine lacks."""
    return [name for name in ("java", "mvn") if shutil.which(name) is None]


def jars() -> Path:
    """The folder that holds all jars; the first call takes a minute and 152 MB of disk.

    Raises:
        RuntimeError: Maven could not resolve them.
    """
    wanted = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    folder = _cache() / wanted
    if folder.is_dir():
        return folder / NOT_SENT
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        resolved = Path(scratch, "jars")
        command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
        done = subprocess.run([*command, f"-DoutputDirectory={resolved / NOT_SENT}"], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"Maven cannot resolve {POM}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        try:
            resolved.rename(folder)
        except OSError:
            # Somebody else was faster; theirs are the same.
            if not folder.is_dir():
                raise
    return folder / NOT_SENT


def _cache() -> Path:
    if os.environ.get(FOLDER):
        return Path(os.environ[FOLDER])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "babelmill", "flink")
