import pytest
import small_backtranslation
import small_pairs
from small_run import call, write_config


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of a finished run, not to be changed: corpus.yaml and work/."""
    folder = tmp_path_factory.mktemp("finished")
    result = call("run", write_config(folder), "-q", "--", "--direct_num_workers=2")
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="session")
def finished_pairs(tmp_path_factory):
    """The same of documents and pairs: corpus.yaml, opus/ and work/."""
    folder = tmp_path_factory.mktemp("pairs")
    result = call("run", small_pairs.write_config(folder), "-q", "--", "--direct_num_workers=2")
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="session")
def translated(tmp_path_factory):
    """The same of documents and pseudo pairs: corpus.yaml, calls.txt and work/."""
    folder = tmp_path_factory.mktemp("translated")
    result = call("run", small_backtranslation.write_config(folder), "-q")
    assert result.exit_code == 0, result.output
    return folder
