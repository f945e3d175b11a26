import pytest
from opus_server import Opus


@pytest.fixture
def opus_server(faulty_server):
    """Starts a server that answers as OPUS does: `server, opus = opus_server(seed=1, cut=0.5)`."""

    def start(**faults):
        server = faulty_server({}, **faults)
        server.files = Opus(server.address)
        return server, server.files

    return start
