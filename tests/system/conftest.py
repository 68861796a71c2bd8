import pytest

from noroshi import Node


@pytest.fixture
def node(tmp_path):
    """A running node of the test's own."""
    with Node(tmp_path) as running:
        yield running
