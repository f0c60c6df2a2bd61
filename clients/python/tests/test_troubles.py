"""Many tasks, and a world that does what it likes."""

from __future__ import annotations

from pathlib import Path

import pytest
from lossy import lossy
from support import LIMIT, Server, Start, offered, output

from glassworks import Client, NewTask, State, Worker


@pytest.mark.parametrize("seed", [1, 2])
def test_answers_that_get_lost_cost_nothing(
    server: Server, client: Client, kind: str, seed: int
) -> None:
    """Each task is done once, at its first attempt, and has printed everything once."""
    with lossy(server.url, seed) as way:
        worker = Worker(way, name=kind, concurrency=8)

        @worker.task(kind)
        def handler(n: int) -> int:
            for step in range(5):
                print(f"{n}:{step}")
            return n * n

        with worker, Client(way) as there:
            offered(client, kind)
            single = [there.submit(kind, {"n": n}) for n in range(10)]
            batch = there.submit_batch([NewTask(kind, {"n": n}) for n in range(10, 60)])
            for n, task in enumerate([*single, *batch]):
                over = client.wait(task.id, timeout=LIMIT)
                assert (over.state, over.result) == (State.COMPLETED, n * n)
                assert (over.attempt, over.errors) == (1, ())
                assert output(client, task.id) == "".join(f"{n}:{step}\n" for step in range(5))
    assert len(list(client.list(kind=kind))) == 60


def test_workers_that_are_killed_lose_no_task(
    server: Server, client: Client, kind: str, start_worker: Start, tmp_path: Path
) -> None:
    module = f"""
import time
from glassworks import Worker

worker = Worker(concurrency=5)

@worker.task({kind!r})
def handler(n):
    time.sleep(0.05)
    return n
"""
    workers = [start_worker(server.url, module) for _ in range(2)]
    offered(client, kind)
    tasks = client.submit_batch([NewTask(kind, {"n": n}, max_attempts=50) for n in range(200)])
    for kill in range(4):
        worker = workers[kill % 2]
        # In the middle of something, and not while it starts.
        client.wait(tasks[20 * (kill + 1)].id, timeout=LIMIT)
        worker.kill()
        workers[kill % 2] = start_worker(server.url, module)
    failures = []
    for n, task in enumerate(tasks):
        over = client.wait(task.id, timeout=LIMIT)
        assert (over.state, over.result) == (State.COMPLETED, n)
        failures += [it.message for it in over.errors]
    assert failures, "nobody was killed in the middle of something"
    assert set(failures) == {"the worker's process ended in the middle of it"}
