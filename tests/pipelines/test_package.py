"""The package that workers are sent."""

import os
import pkgutil
import subprocess
import venv
import zipfile

import pytest

import babelmill
from pipelines.package import PACKAGES, write_wheel

IMPORT_ALL = """
import importlib, pathlib, pkgutil, sys
for name in sys.argv[2:]:
    package = importlib.import_module(name)
    assert pathlib.Path(package.__file__).is_relative_to(sys.argv[1]), package.__file__
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        importlib.import_module(module.name)
        print(module.name)
from importlib import metadata, resources
assert (resources.files("babelmill") / "sample/cc-100/de.txt.xz").is_file()
print(metadata.version("babelmill"))
"""


def modules():
    """Names of all modules here."""
    folder = os.path.dirname(os.path.dirname(babelmill.__file__))
    paths = {name: [os.path.join(folder, name)] for name in PACKAGES}
    return [module.name for name in PACKAGES for module in pkgutil.walk_packages(paths[name], f"{name}.")]


def test_the_same_files_give_the_same_wheel(tmp_path):
    wheels = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        wheels.append(write_wheel(tmp_path / name))
    first, second = wheels
    assert first.name == second.name and first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as wheel:
        names = wheel.namelist()
        record = next(name for name in names if name.endswith("/RECORD"))
        listed = [line.split(",")[0] for line in wheel.read(record).decode().splitlines()]
        metadata = wheel.read(record.replace("RECORD", "METADATA")).decode()
    assert sorted(listed) == sorted(names)
    assert {f"{module.replace('.', '/')}.py" for module in modules()} <= {
        name.replace("/__init__.py", ".py") for name in names
    }
    assert not [name for name in names if name.startswith("tests") or "__pycache__" in name]
    assert "Requires-Dist: apache-beam" in metadata and "pytest" not in metadata


@pytest.mark.slow
def test_the_wheel_works_in_an_environment_of_its_own(tmp_path):
    wheel = write_wheel(tmp_path)
    venv.create(tmp_path / "clean", with_pip=True)
    python = tmp_path / "clean/bin/python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel]
    done = subprocess.run(install, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        [python, "-I", "-c", IMPORT_ALL, tmp_path / "clean", *PACKAGES], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    *imported, version = done.stdout.split()
    assert set(imported) == set(modules()) and version in wheel.name
    help_text = subprocess.run([tmp_path / "clean/bin/babelmill", "--help"], capture_output=True, text=True)
    assert "Turn raw multilingual text" in help_text.stdout
