import pytest

from tests.flink.cluster import FlinkCluster
from tests.flink.jars import missing_tools


@pytest.fixture(scope="session")
def java():
    """What a cluster is made with."""
    if missing := missing_tools():
        pytest.skip(f"a Flink cluster needs {' and '.join(missing)}")


@pytest.fixture(scope="session")
def flink(java):
    """A cluster with two TaskManagers."""
    with FlinkCluster(task_managers=2) as cluster:
        yield cluster
