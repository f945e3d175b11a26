"""Test sets in files, laid out as their publishers do."""

import pytest

from transforms.decontamination import sets


@pytest.fixture
def test_set(tmp_path):
    """Writes files below a folder and describes the test set in it: `test_set("lines", {"a.txt": b"..."}, ...)`."""

    def write(layout, files, *, location="", **others):
        for name, content in files.items():
            path = tmp_path / "sets" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        values = {"name": "held-out", "format": layout, "location": str(tmp_path / "sets" / location), **others}
        return sets.TestSet(**values)

    return write
