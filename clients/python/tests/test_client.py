"""Submitting, watching and steering tasks on a real server."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from support import BINARY, Server, eventually

from glassworks import (
    AsyncClient,
    BadRequest,
    Client,
    Conflict,
    NewTask,
    NotFound,
    OutputEvent,
    RetryPolicy,
    State,
    StateEvent,
    TaskFailed,
    Unauthorized,
    WaitTimeout,
)

QUICK = {"seconds": 0, "steps": 2}
LATER = timedelta(hours=1)


def test_a_task_is_submitted_with_all_its_options(client: Client) -> None:
    run_at = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    task = client.submit(
        "sleep", {"seconds": 1}, queue="mail", priority=0, run_at=run_at, max_attempts=2,
        timeout=timedelta(minutes=2), retry=RetryPolicy(initial_ms=5), tags=["a", "b"],
        unique_key=uuid.uuid4().hex,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )  # fmt: skip
    assert task == client.get(task.id)
    assert task.state is State.SCHEDULED
    assert (task.queue, task.priority, task.max_attempts) == ("mail", 0, 2)
    assert (task.run_at, task.timeout_ms, task.tags) == (run_at, 120_000, ("a", "b"))
    assert task.raw["traceparent"].endswith("-01")
    assert client.submit("sleep", QUICK, unique_key=task.unique_key).existing
    assert client.cancel(task.id).state is State.CANCELLED
    client.delete(task.id)
    with pytest.raises(NotFound) as missing:
        client.get(task.id)
    assert missing.value.code == "no_such_task"


def test_a_refusal_says_what_is_wrong_where(client: Client) -> None:
    with pytest.raises(BadRequest) as refused:
        client.submit("sleep", {"seconds": "long"})
    error = refused.value
    assert (error.status, error.code) == (422, "invalid")
    assert [it.pointer for it in error.errors] == ["/payload/seconds"]
    assert "seconds" in str(error)
    assert error.request_id


def test_a_batch_is_accepted_whole_or_not_at_all(client: Client) -> None:
    tag = uuid.uuid4().hex
    good = [NewTask("sleep", {"seconds": n}, delay=LATER, tags=[tag]) for n in range(120)]
    with pytest.raises(BadRequest):
        client.submit_batch([*good, NewTask("sleep", {"seconds": "long"})])
    assert list(client.list(tag=tag)) == []
    key = uuid.uuid4().hex
    tasks = client.submit_batch(good, idempotency_key=key)
    again = client.submit_batch(good, idempotency_key=key)
    assert [it.id for it in tasks] == [it.id for it in again]
    # More than a page has.
    listed = [it.id for it in client.list(tag=tag, state=[State.SCHEDULED, "queued"])]
    assert listed == [it.id for it in reversed(tasks)]
    oldest = client.list(tag=tag, oldest_first=True, since=tasks[0].created_at - LATER)
    assert next(oldest).id == tasks[0].id


def test_an_end_is_waited_for(client: Client) -> None:
    assert client.submit("sleep", QUICK, wait=30).state is State.COMPLETED
    task = client.submit("sleep", {"seconds": 0.3})
    assert client.wait(task.id, timeout=60).state is State.COMPLETED
    task = client.submit("sleep", QUICK, delay=LATER)
    with pytest.raises(WaitTimeout) as late:
        client.wait(task.id, timeout=0.2)
    assert isinstance(late.value, TimeoutError)
    assert late.value.task.state is State.SCHEDULED
    assert client.run("sleep", QUICK) == client.wait(client.submit("sleep", QUICK).id).result
    with pytest.raises(TaskFailed, match="step 1") as failed:
        client.run("sleep", {"seconds": 0, "steps": 1, "fail_at_step": 1}, max_attempts=1)
    assert failed.value.task.errors[0].attempt == 1


def test_a_task_is_followed_to_its_end(client: Client) -> None:
    task = client.submit("sleep", {"seconds": 0.2, "steps": 4})
    events = list(client.follow(task.id))
    assert [it.seq for it in events] == list(range(1, len(events) + 1))
    states = [it.state for it in events if isinstance(it, StateEvent)]
    assert states == [State.QUEUED, State.RUNNING, State.COMPLETED]
    printed = [it.text for it in events if isinstance(it, OutputEvent)]
    assert "".join(printed) == "".join(client.tail(task.id))
    assert [it.seq for it in client.follow(task.id, after=3)] == [it.seq for it in events[3:]]
    with pytest.raises(NotFound):
        next(client.follow("019ab0f5-2f5c-7cc1-9d2a-4b7d3c1e8f60"))


def test_a_follower_outlives_a_server_that_restarts(own_server: Server) -> None:
    with Client(own_server.url) as client:
        task = client.submit("sleep", QUICK, delay=LATER)
        following = client.follow(task.id)
        assert next(following).seq == 1
        own_server.kill()
        again = own_server.again()
        try:
            client.retry(task.id)
            rest = [event.seq for event in following]
            assert rest == list(range(2, len(rest) + 2))
            assert client.get(task.id).state is State.COMPLETED
        finally:
            again.kill()


def test_a_task_is_cancelled_and_tried_again(client: Client) -> None:
    task = client.submit("sleep", {"seconds": 600})
    eventually("its start", lambda: client.get(task.id).state is State.RUNNING)
    assert client.cancel(task.id).cancel_requested
    assert client.wait(task.id, timeout=60).state is State.CANCELLED
    with pytest.raises(Conflict) as refused:
        client.cancel(task.id)
    assert refused.value.code == "state_conflict"
    assert client.retry(task.id).state is not State.CANCELLED
    client.cancel(task.id)
    client.wait(task.id, timeout=60)


def test_kinds_are_told_with_their_schemas(client: Client) -> None:
    kinds = {it.kind: it for it in client.kinds()}
    schema = kinds["sleep"].schema
    assert schema is not None
    assert "seconds" in schema["properties"]


def test_a_key_is_sent(own_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = f"sqlite:{tmp_path}/tasks.db"
    own_server.kill()
    made = subprocess.run(
        [BINARY, "--database", database, "key", "create", "--name", "a", "--scope", "admin"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    key = made.stdout.strip()
    again = own_server.again()
    try:
        with Client(again.url) as client, pytest.raises(Unauthorized):
            client.kinds()
        with Client(again.url, key=key) as client:
            assert client.kinds()
        monkeypatch.setenv("GLASSWORKS_KEY", key)
        monkeypatch.setenv("GLASSWORKS_URL", again.url + "/")
        with Client() as client:
            assert client.submit("sleep", QUICK).raw["submitted_by"] == "a"
    finally:
        again.kill()


def test_all_of_it_is_async_too(server: Server) -> None:
    asyncio.run(all_of_it(server))


async def all_of_it(server: Server) -> None:
    async with AsyncClient(server.url) as client:
        task = await client.submit("sleep", {"seconds": 0.2, "steps": 2}, tags=["async"])
        events = [event async for event in client.follow(task.id)]
        assert [it.seq for it in events] == list(range(1, len(events) + 1))
        assert (await client.wait(task.id, timeout=60)).state is State.COMPLETED
        assert "step 2" in "".join([text async for text in client.tail(task.id)])
        assert task.id in [it.id async for it in client.list(tag="async")]
        assert await client.run("sleep", QUICK) is not None
        later = await client.submit_batch([NewTask("sleep", QUICK, delay=LATER)])
        with pytest.raises(WaitTimeout):
            await client.wait(later[0].id, timeout=0.1)
        await client.cancel(later[0].id)
        await client.retry(later[0].id)
        await client.wait(later[0].id, timeout=60)
        await client.delete(later[0].id)
        with pytest.raises(NotFound):
            await client.get(later[0].id)
        assert await client.kinds()
        assert client.page(task) == f"{server.url}/tasks/{task.id}"


def test_both_clients_offer_the_same() -> None:
    def offers(client: type) -> dict[str, object]:
        return {
            name: (inspect.signature(member).parameters.keys(), inspect.getdoc(member))
            for name, member in vars(client).items()
            if not name.startswith("_") and callable(member)
        }

    assert offers(Client) == offers(AsyncClient)
