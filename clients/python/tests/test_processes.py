"""Workers and servers that end, politely and otherwise."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
from support import LIMIT, Server, Start, eventually, offered, output, printed

from glassworks import Client, State

MODULE = """
import asyncio, logging, os, time
from glassworks import TaskCancelled, Worker

log = logging.getLogger("app")
worker = Worker(name={name!r}, grace={grace})
go = os.path.join(os.environ["FOLDER"], "go")

@worker.task({kind!r})
def handler(ctx):
    print("attempt", ctx.attempt)
    while ctx.attempt == 1 and not os.path.exists(go):
        time.sleep(0.01)
    print("done")
    return ctx.attempt

@worker.task({kind!r} + "-polite")
async def polite():
    print("begun")
    try:
        await asyncio.sleep(600)
    except TaskCancelled as stopped:
        print("stopped by", stopped.reason)
        raise

@worker.task({kind!r} + "-async")
async def quick():
    return 7

@worker.task({kind!r} + "-forks")
def forks():
    log.warning("forks")
    child = os.fork()
    if child == 0:
        # It has all that the worker has open, and no part in its tasks.
        print("the child's")
        while not os.path.exists(go):
            time.sleep(0.01)
        os._exit(0)
    print("forked")
    os.waitpid(child, 0)

@worker.task({kind!r} + "-stuck")
async def stuck():
    print("stuck")
    while not os.path.exists(go):
        time.sleep(0.01)
"""


def module(kind: str, name: str = "w", grace: float = 25) -> str:
    return MODULE.format(kind=kind, name=name, grace=grace)


def test_a_signal_lets_tasks_end(
    own_server: Server, kind: str, start_worker: Start, tmp_path: Path
) -> None:
    with Client(own_server.url) as client:
        worker = start_worker(own_server.url, module(kind))
        offered(client, kind)
        task = client.submit(kind)
        printed(client, task.id, "attempt 1")
        nobody_claims = "glassworks_worker_claims_waiting 0\n"
        metrics = f"{own_server.url}/metrics"
        eventually("a claim", lambda: nobody_claims not in httpx.get(metrics).text)
        worker.send(signal.SIGTERM)
        eventually("no claim", lambda: nobody_claims in httpx.get(metrics).text)
        left = client.submit(kind)
        (tmp_path / "go").touch()
        assert worker.ended() == 0
        over = client.get(task.id)
        assert (over.state, over.result) == (State.COMPLETED, 1)
        assert client.get(left.id).attempt == 0, "no more was taken"


def test_what_does_not_end_in_time_goes_back(
    server: Server, client: Client, kind: str, start_worker: Start
) -> None:
    worker = start_worker(server.url, module(kind, grace=0))
    offered(client, kind)
    tasks = [client.submit(kind), client.submit(f"{kind}-polite"), client.submit(f"{kind}-stuck")]
    # The one that is stuck holds up the event loop, and with it what else is async.
    for task, begun in zip(tasks, ["attempt 1", "begun", "stuck"], strict=True):
        printed(client, task.id, begun)
    worker.send(signal.SIGINT)
    assert worker.ended() == 0
    for task in tasks:
        left = client.get(task.id)
        assert (left.state, left.errors) == (State.QUEUED, ()), "it does not count"
        client.cancel(task.id)


def test_a_worker_that_is_killed_has_failed_its_tasks(
    server: Server, client: Client, kind: str, start_worker: Start
) -> None:
    worker = start_worker(server.url, module(kind, "first"))
    offered(client, kind)
    task = client.submit(kind)
    printed(client, task.id, "attempt 1")
    worker.kill()
    start_worker(server.url, module(kind, "second"))
    over = client.wait(task.id, timeout=LIMIT)
    assert (over.state, over.result, over.node) == (State.COMPLETED, 2, "second")
    assert [it.message for it in over.errors] == ["the worker's process ended in the middle of it"]


def test_what_a_killed_worker_has_forked_does_not_keep_its_tasks(
    server: Server, client: Client, kind: str, start_worker: Start, tmp_path: Path
) -> None:
    worker = start_worker(server.url, module(kind, "first"))
    offered(client, kind)
    task = client.submit(f"{kind}-forks", max_attempts=1)
    printed(client, task.id, "forked")
    worker.kill()
    over = client.wait(task.id, timeout=LIMIT)
    assert output(client, task.id) == "forks\nforked\n"
    (tmp_path / "go").touch()
    assert over.error is not None
    assert over.error.message == "the worker's process ended in the middle of it"


def test_a_worker_whose_keeper_is_killed_ends(
    server: Server, client: Client, kind: str, start_worker: Start
) -> None:
    worker = start_worker(server.url, module(kind, grace=0))
    offered(client, kind)
    task = client.submit(f"{kind}-polite")
    printed(client, task.id, "begun")
    os.kill(worker.keeper(), signal.SIGKILL)
    worker.says("keeper")
    assert worker.ended() == 1
    client.cancel(task.id)


def test_a_worker_outlives_a_server_that_restarts(
    own_server: Server, kind: str, start_worker: Start, tmp_path: Path
) -> None:
    with Client(own_server.url) as client:
        worker = start_worker(own_server.url, module(kind))
        offered(client, kind)
        task = client.submit(kind)
        printed(client, task.id, "attempt 1")
        own_server.kill()
        worker.says("does not answer")
        # It ends while nobody is there to hear of it.
        (tmp_path / "go").touch()
        again = own_server.again()
        try:
            over = client.wait(task.id, timeout=LIMIT)
            assert (over.state, over.result) == (State.COMPLETED, 1)
            assert output(client, task.id).endswith("done\n")
            assert client.run(f"{kind}-async", wait=LIMIT) == 7
        finally:
            worker.kill()
            again.kill()


def test_the_server_can_ask_a_worker_to_end(
    server: Server, client: Client, kind: str, start_worker: Start, tmp_path: Path
) -> None:
    worker = start_worker(server.url, module(kind, f"w-{kind}"))
    offered(client, kind)
    task = client.submit(kind)
    printed(client, task.id, "attempt 1")
    workers = httpx.get(f"{server.url}/api/nodes").json()["workers"]
    id = next(it["id"] for it in workers if it["name"] == f"w-{kind}")
    httpx.post(f"{server.url}/api/nodes/{id}/drain").raise_for_status()
    worker.says("asks this worker to end")
    (tmp_path / "go").touch()
    assert worker.ended() == 0
    assert client.get(task.id).state is State.COMPLETED


def test_tasks_behind_a_blocked_event_loop_go_back(
    server: Server, client: Client, kind: str, start_worker: Start, tmp_path: Path
) -> None:
    start_worker(server.url, module(kind, "blocked"))
    offered(client, kind)
    stuck = client.submit(f"{kind}-stuck")
    printed(client, stuck.id, "stuck")
    # It is given to the worker that is there, and cannot be begun by it.
    task = client.submit(f"{kind}-async")
    eventually("its claim", lambda: client.get(task.id).attempt > 0)
    start_worker(server.url, module(kind, "free"))
    over = client.wait(task.id, timeout=LIMIT)
    assert (over.state, over.node, over.errors) == (State.COMPLETED, "free", ())
    (tmp_path / "go").touch()
    assert client.wait(stuck.id, timeout=LIMIT).attempt == 1
    assert client.run(f"{kind}-async", wait=LIMIT) == 7


def test_the_command_line_says_what_is_wrong(tmp_path: Path) -> None:
    for name, said in (("nothing:worker", "there is no module"), ("os:path", "is no worker")):
        command = [sys.executable, "-m", "glassworks", name]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert ran.returncode == 2
        assert said in ran.stderr
