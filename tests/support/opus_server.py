"""What a server of OPUS holds: files, and the answers of its API, which are as the real one's database gives them."""

import json
from urllib.parse import parse_qsl


class Opus(dict):
    """Files of a `FaultyServer`: name -> content. Names below `opusapi/?` are questions.

    Args:
        address: of the server.
    """

    def __init__(self, address):
        super().__init__()
        self.address, self.rows = address, []

    @property
    def api(self):
        return f"{self.address}/opusapi/"

    def add(self, corpus, version, codes, content=b"", *, preprocessing="moses", latest=True, **values):
        """Publish a file; `values` replace what the API says of it."""
        suffix = {"moses": "txt.zip", "tmx": "tmx.gz"}[preprocessing]
        name = f"OPUS-{corpus}/{version}/{preprocessing}/{'-'.join(codes)}.{suffix}"
        self[name] = content
        row = {
            "alignment_pairs": 1000,
            "corpus": corpus,
            "documents": "",
            "id": len(self.rows),
            "latest": str(latest),
            "preprocessing": preprocessing,
            "size": 12,
            "source": codes[0],
            "source_tokens": 9000,
            "target": codes[1],
            "target_tokens": "",
            "url": f"{self.address}/{name}",
            "version": version,
        }
        self.rows.append({**row, **values})

    def __contains__(self, name):
        return name.startswith("opusapi/?") or super().__contains__(name)

    def __getitem__(self, name):
        if not name.startswith("opusapi/?"):
            return super().__getitem__(name)
        return json.dumps(self._answer(dict(parse_qsl(name.partition("?")[2])))).encode()

    def _answer(self, asked):
        if asked.pop("languages", None):
            return {"languages": sorted({row[side] for row in self.rows for side in ("source", "target")})}
        if asked.get("version") == "latest":
            asked["version"], asked["latest"] = None, "True"
        sides = sorted(asked.pop(side) for side in ("source", "target") if side in asked)
        return {
            "corpora": [
                row
                for row in self.rows
                if all(row[key] == value for key, value in asked.items() if value)
                and (
                    sides == [row["source"], row["target"]]
                    or (len(sides) < 2 and {*sides} <= {row["source"], row["target"]})
                )
            ]
        }
