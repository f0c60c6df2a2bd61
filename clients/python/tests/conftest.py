"""A real server for the tests."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from begun import long_before
from support import BINARY, Server, Start, workers

from glassworks import Client

__all__ = ["long_before"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not BINARY:
        pytest.exit("GLASSWORKS_BINARY does not say which server to test against", 2)
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.kill()


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[Client]:
    with Client(server.url) as client:
        yield client


@pytest.fixture
def kind() -> str:
    """A kind that no other test has."""
    return f"kind-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may kill."""
    server = Server(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Start]:
    """Start workers from the text of their module, by ``python -m glassworks``."""
    with workers(tmp_path) as start:
        yield start


# Leases last half a minute. What has to last longer begins first, and is looked at last.


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: "long_before" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session", autouse=True)
def _begin_early(request: pytest.FixtureRequest) -> None:
    if any("long_before" in getattr(it, "fixturenames", ()) for it in request.session.items):
        request.getfixturevalue("long_before")
