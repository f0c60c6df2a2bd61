"""What lasts longer than a lease: it begins before the other tests, and is looked at after them."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from support import Process, Server, offered, printed, workers

from glassworks import Client, Task

MODULE = """
import asyncio, ctypes, os, time
from glassworks import TaskCancelled, Worker

worker = Worker(name={name!r}, concurrency=1)

def task(kind):
    return worker.task(kind) if kind in {serves!r} else lambda handler: handler

@task("blocks-its-loop")
async def blocks_its_loop():
    print("begun")
    time.sleep(40)
    return "kept"

@task("holds-the-interpreter")
def holds_the_interpreter(ctx):
    # A function of C that is called without letting go of the interpreter's lock.
    print("begun")
    ctypes.PyDLL(None).sleep(40)
    return "kept"

@task("is-late")
async def is_late(ctx):
    print("begun")
    if ctx.attempt > 1:
        return "on time"
    try:
        await asyncio.sleep(600)
    except TaskCancelled as stopped:
        with open(os.path.join(os.environ["FOLDER"], "told"), "w") as told:
            told.write(stopped.reason)
    return "late"
"""


@dataclass
class Begun:
    """What was begun before the other tests."""

    tasks: dict[str, Task]
    frozen: Process
    keeper: int
    folder: str


@pytest.fixture(scope="session")
def long_before(
    server: Server, client: Client, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Begun]:
    folder = tmp_path_factory.mktemp("leases")
    with workers(folder) as start:
        tasks: dict[str, Task] = {}
        started: dict[str, Process] = {}
        for kind in ("blocks-its-loop", "holds-the-interpreter", "is-late", "is-late"):
            name = f"{kind}-{len(tasks)}"
            # Each task has a worker of its own.
            started[name] = start(server.url, MODULE.format(name=name, serves=[kind]))
            offered(client, kind)
            tasks[name] = client.submit(kind, max_attempts=2)
            printed(client, tasks[name].id, "begun")
        # The third loses its keeper for a while, and the fourth is killed with its keeper.
        frozen, killed = started["is-late-2"], started["is-late-3"]
        keeper = frozen.keeper()
        os.kill(keeper, signal.SIGSTOP)
        os.kill(killed.keeper(), signal.SIGKILL)
        killed.kill()
        start(server.url, MODULE.format(name="second", serves=["is-late"]))
        yield Begun(tasks, frozen, keeper, str(folder))
        with contextlib.suppress(ProcessLookupError):
            os.kill(keeper, signal.SIGKILL)
