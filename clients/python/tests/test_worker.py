"""What handlers say, return and raise, and what becomes of their tasks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from support import LIMIT, Server, eventually, offered, output, printed

import glassworks
from glassworks import (
    BadRequest,
    Client,
    Context,
    Fail,
    NewTask,
    ProgressEvent,
    Retry,
    State,
    TaskCancelled,
    Worker,
)


@pytest.fixture
def worker(server: Server) -> Worker:
    return Worker(server.url, grace=0)


@contextlib.contextmanager
def working(worker: Worker, client: Client, *kinds: str) -> Iterator[None]:
    """A worker that works, once its kinds are known."""
    with worker:
        for kind in kinds:
            offered(client, kind)
        yield


def ended(client: Client, kind: str, payload: dict[str, Any] | None = None, **more: Any) -> Any:
    """Submit a task and wait for its end."""
    return client.wait(client.submit(kind, payload, **more).id, timeout=LIMIT)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_handler_is_given_what_it_asks_for(
    worker: Worker, client: Client, kind: str, is_async: bool
) -> None:
    def work(ctx: Context, a: int, b: int) -> dict[str, Any]:
        assert glassworks.current() is ctx
        print("one")
        print("oh", file=sys.stderr)
        ctx.log("two")
        ctx.log("ah", stream="stderr")
        ctx.progress(1, 4, "a quarter")
        return {"sum": a + b, "task": ctx.task_id, "attempt": ctx.attempt, "by": ctx.worker}

    @worker.task(f"{kind}-sync")
    def sync_handler(ctx: Context, a: int, b: int = 2) -> dict[str, Any]:
        """Adds.

        And says so.
        """
        return work(ctx, a, b)

    @worker.task(f"{kind}-async")
    async def async_handler(ctx: Context, a: int, b: int = 2) -> dict[str, Any]:
        """Adds."""
        await asyncio.sleep(0)
        return work(ctx, a, b)

    name = f"{kind}-async" if is_async else f"{kind}-sync"
    with working(worker, client, name):
        task = ended(client, name, {"a": 1})
        assert task.state is State.COMPLETED, task
        assert task.result == {"sum": 3, "task": task.id, "attempt": 1, "by": worker.name}
        assert task.progress == glassworks.Progress(0.25, "a quarter")
        assert task.node == worker.name
        assert output(client, task.id) == "one\noh\ntwo\nah\n"
        streams = [it.stream for it in client.follow(task.id) if hasattr(it, "stream")]
        assert set(streams) == {"stdout", "stderr"}
        known = next(it for it in client.kinds() if it.kind == name)
        assert known.description == "Adds."
        assert known.schema is not None
        assert known.schema["required"] == ["a"]
        assert worker.name in known.workers
        for wrong in ({}, {"a": "one"}, {"a": 1, "c": 2}):
            with pytest.raises(BadRequest):
                client.submit(name, wrong)


def test_a_signature_becomes_a_schema() -> None:
    from glassworks._signature import Signature  # noqa: PLC0415

    def handler(
        a: str,
        b: list[int],
        c: dict[str, float],
        e: Context,
        d: Literal["x", "y"] = "x",
        f: bool | None = None,
        g: object = (),
    ) -> None: ...

    assert Signature(handler).schema == {
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "b": {"type": "array", "items": {"type": "integer"}},
            "c": {"type": "object", "additionalProperties": {"type": "number"}},
            "d": {"enum": ["x", "y"], "default": "x"},
            "f": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
            "g": {},
        },
        "required": ["a", "b", "c"],
        "additionalProperties": False,
    }


class Order:
    """What looks like a pydantic model to a worker."""

    def __init__(self, number: int) -> None:
        self.number = number

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        return {"type": "object", "properties": {"number": {"type": "integer"}}}

    @classmethod
    def model_validate(cls, payload: dict[str, Any]) -> Order:
        if "number" not in payload:
            raise ValueError("it has no number")
        return cls(payload["number"])

    def model_dump(self, mode: str) -> dict[str, Any]:
        return {"number": self.number, "mode": mode}


def test_a_payload_can_be_a_model_or_a_dictionary(
    worker: Worker, client: Client, kind: str
) -> None:
    @worker.task(f"{kind}-model")
    def model(payload: Order) -> Order:
        return payload

    @worker.task(f"{kind}-whole", schema={"type": "object", "minProperties": 1})
    def whole(payload: dict[str, Any]) -> int:
        return len(payload)

    with working(worker, client, f"{kind}-model", f"{kind}-whole"):
        assert ended(client, f"{kind}-model", {"number": 7}).result == {"number": 7, "mode": "json"}
        task = ended(client, f"{kind}-model", {})
        assert task.error.message == "the payload does not fit: it has no number"
        assert task.attempt == 1
        assert ended(client, f"{kind}-whole", {"a": 1, "b": 2}).result == 2
        with pytest.raises(BadRequest):
            client.submit(f"{kind}-whole", {})


def test_each_task_has_what_it_has_printed(worker: Worker, client: Client, kind: str) -> None:
    together = threading.Barrier(3)
    mine: list[str] = []

    @worker.task(f"{kind}-sync")
    def sync_handler(n: int) -> None:
        for step in range(20):
            together.wait(LIMIT)
            print(f"{n}:{step}")

    @worker.task(f"{kind}-async")
    async def async_handler(n: int) -> None:
        async def child() -> None:
            print(f"child of {n}")

        for step in range(20):
            print(f"{n}:{step}")
            await asyncio.sleep(0)
        await asyncio.gather(child(), asyncio.to_thread(print, f"thread of {n}"))
        print(f"end of {n}", end="", flush=True)

    class Mine:
        def write(self, text: str) -> int:
            mine.append(text)
            return len(text)

        def flush(self) -> None: ...

    with contextlib.redirect_stdout(Mine()), working(worker, client, f"{kind}-sync"):
        tasks = client.submit_batch([NewTask(f"{kind}-sync", {"n": n}) for n in range(3)])
        others = client.submit_batch([NewTask(f"{kind}-async", {"n": n}) for n in range(3)])
        for n, task in enumerate(tasks):
            assert output(client, task.id) == "".join(f"{n}:{step}\n" for step in range(20))
        for n, task in enumerate(others):
            lines = output(client, task.id).splitlines()
            assert lines[:20] == [f"{n}:{step}" for step in range(20)]
            assert sorted(lines[20:22]) == [f"child of {n}", f"thread of {n}"]
            assert lines[22:] == [f"end of {n}"]
        print("not of a task")
    assert "".join(mine) == "not of a task\n"


def test_an_unfinished_line_is_seen_before_its_end(
    worker: Worker, client: Client, kind: str
) -> None:
    seen = threading.Event()

    @worker.task(kind)
    def handler(ctx: Context) -> None:
        print("half a line", end="")
        ctx.progress(0.1)
        ctx.progress(0.2)
        seen.wait(LIMIT)

    with working(worker, client, kind):
        task = client.submit(kind)
        told = set()
        for event in client.follow(task.id):
            told.add(event.raw.get("text") or event.raw.get("fraction"))
            if {"half a line", 0.2} <= told:
                seen.set()
        assert seen.is_set()
        assert any(isinstance(it, ProgressEvent) for it in client.follow(task.id))


def test_much_output_arrives_whole(worker: Worker, client: Client, kind: str) -> None:
    @worker.task(kind)
    def handler() -> None:
        for number in range(6_000):
            print(f"{number} {'é' * 40}")
        print("half: \ud800, a line: \u2028.")
        print("\x00" * 3_000_000)

    with working(worker, client, kind):
        task = ended(client, kind)
        assert task.state is State.COMPLETED, task
        expected = "".join(f"{number} {'é' * 40}\n" for number in range(6_000))
        expected += "half: \\ud800, a line: \u2028.\n" + "\x00" * 3_000_000 + "\n"
        assert output(client, task.id) == expected


def test_an_exception_fails_the_attempt(worker: Worker, client: Client, kind: str) -> None:
    @worker.task(f"{kind}-sync")
    def sync_handler(ctx: Context) -> str:
        if ctx.attempt == 1:
            raise ValueError("no such file")
        return "found"

    @worker.task(f"{kind}-async")
    async def async_handler() -> None:
        await asyncio.sleep(0)
        raise SystemExit(3)

    with working(worker, client, f"{kind}-sync"):
        policy = glassworks.RetryPolicy(initial_ms=1)
        task = ended(client, f"{kind}-sync", retry=policy)
        assert (task.result, task.attempt) == ("found", 2)
        assert task.errors[0].message == "ValueError: no such file"
        said = output(client, task.id)
        assert 'raise ValueError("no such file")' in said
        assert "glassworks/worker.py" not in said
        task = ended(client, f"{kind}-async", max_attempts=1)
        assert task.error.message == "SystemExit: 3"


def test_a_handler_says_whether_another_attempt_follows(
    worker: Worker, client: Client, kind: str
) -> None:
    @worker.task(f"{kind}-retry")
    def retry(ctx: Context) -> int:
        if ctx.attempt < 3:
            raise Retry("not yet", after=0.01)
        return ctx.attempt

    @worker.task(f"{kind}-fail")
    async def fail() -> None:
        try:
            raise KeyError("a")
        except KeyError as error:
            raise Fail("never") from error

    with working(worker, client, f"{kind}-retry"):
        # Its own wait would be an hour.
        policy = glassworks.RetryPolicy(initial_ms=3_600_000)
        task = ended(client, f"{kind}-retry", retry=policy)
        assert (task.result, [it.message for it in task.errors]) == (3, ["not yet", "not yet"])
        task = ended(client, f"{kind}-fail")
        assert (task.state, task.attempt) == (State.FAILED, 1)
        assert task.error.message == "never"
        assert "KeyError: 'a'" in output(client, task.id)
    with pytest.raises(ValueError, match="seconds"):
        Retry(after=-1)


def test_a_result_that_cannot_be_kept_fails_the_task_once(
    worker: Worker, client: Client, kind: str
) -> None:
    @worker.task(f"{kind}-set")
    def no_json(n: int) -> object:
        return [{1}, float("nan"), "\ud800"][n]

    @worker.task(f"{kind}-long")
    def too_long(size: int) -> str:
        return "x" * size

    with working(worker, client, f"{kind}-set"):
        for n in range(3):
            task = ended(client, f"{kind}-set", {"n": n})
            assert task.error.message.startswith("the result is not JSON: ")
            assert task.attempt == 1
        # More than is kept, and more than the server reads.
        for size in (3_000_000, 20_000_000):
            task = ended(client, f"{kind}-long", {"size": size})
            assert "bytes of JSON; at most" in task.error.message
            assert task.attempt == 1


def test_a_cancel_is_an_exception(worker: Worker, client: Client, kind: str) -> None:
    reasons: list[str] = []

    @worker.task(f"{kind}-async")
    async def async_handler(ctx: Context) -> None:
        try:
            print("begun")
            await asyncio.sleep(LIMIT)
        except Exception:
            reasons.append("an ordinary exception")
        except TaskCancelled as stopped:
            assert ctx.cancelled
            print("cleaning up")
            reasons.append(stopped.reason)
            raise

    @worker.task(f"{kind}-group")
    async def group() -> None:
        async def forever() -> None:
            print("begun")
            await asyncio.Event().wait()

        await asyncio.gather(forever(), asyncio.wait_for(asyncio.sleep(LIMIT), LIMIT))

    @worker.task(f"{kind}-sync")
    def sync_handler(ctx: Context) -> None:
        print("begun")
        try:
            while True:
                ctx.sleep(0.01)
                ctx.progress(0.5)
        except TaskCancelled as stopped:
            reasons.append(stopped.reason)
            raise

    @worker.task(f"{kind}-looks")
    def looks(ctx: Context) -> str:
        print("begun")
        eventually("a cancel", lambda: ctx.cancelled)
        return "done all the same"

    with working(worker, client, f"{kind}-sync"):
        names = ("async", "group", "sync", "looks")
        tasks = {name: client.submit(f"{kind}-{name}") for name in names}
        for task in tasks.values():
            printed(client, task.id, "begun\n")
        for task in tasks.values():
            client.cancel(task.id)
        looked = client.wait(tasks.pop("looks").id, timeout=LIMIT)
        assert looked.state.is_final
        for name, task in tasks.items():
            over = client.wait(task.id, timeout=LIMIT)
            assert (over.state, over.errors) == (State.CANCELLED, ()), name
        assert reasons == ["cancelled", "cancelled"]
        assert output(client, tasks["async"].id) == "begun\ncleaning up\n"


def test_a_time_limit_is_an_exception_too(worker: Worker, client: Client, kind: str) -> None:
    reasons: list[str] = []

    @worker.task(kind)
    async def handler() -> None:
        try:
            await asyncio.sleep(LIMIT)
        except TaskCancelled as stopped:
            reasons.append(stopped.reason)
            raise

    with working(worker, client, kind):
        task = ended(client, kind, timeout=0.2, max_attempts=1)
        assert (task.state, reasons) == (State.FAILED, ["timeout"])
        assert task.error.message == "timed out after 200 ms"


def test_a_cancel_of_ones_own_is_no_cancel(worker: Worker, client: Client, kind: str) -> None:
    @worker.task(kind)
    async def handler() -> str:
        sleeping = asyncio.create_task(asyncio.sleep(LIMIT))
        await asyncio.sleep(0)
        sleeping.cancel()
        try:
            await sleeping
        except TaskCancelled:
            return "the task's"
        except asyncio.CancelledError:
            pass
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.01)
        except asyncio.TimeoutError:
            return "its own"
        return "none"

    with working(worker, client, kind):
        assert ended(client, kind).result == "its own"


def test_tasks_run_side_by_side_in_their_places(server: Server, client: Client, kind: str) -> None:
    worker = Worker(server.url, concurrency=3, grace=0)
    lock = threading.Lock()
    now: dict[str, int] = {}
    most: dict[str, int] = {}
    go = threading.Event()

    def count(name: str, by: int) -> None:
        with lock:
            now[name] = now.get(name, 0) + by
            most[name] = max(most.get(name, 0), now[name])

    @worker.task(f"{kind}-shared")
    def shared() -> None:
        count("shared", 1)
        go.wait(LIMIT)
        count("shared", -1)

    @worker.task(f"{kind}-own", concurrency=2)
    async def own() -> None:
        count("own", 1)
        while not go.is_set():
            await asyncio.sleep(0.01)
        count("own", -1)

    with working(worker, client, f"{kind}-shared", f"{kind}-own"):
        tasks = client.submit_batch(
            [NewTask(f"{kind}-{name}") for name in ("shared", "own") for _ in range(8)]
        )
        eventually("full places", lambda: now == {"shared": 3, "own": 2})
        go.set()
        for task in tasks:
            assert client.wait(task.id, timeout=LIMIT).state is State.COMPLETED
        assert most == {"shared": 3, "own": 2}


def test_a_function_stays_what_it_is(worker: Worker) -> None:
    @worker.task("kind")
    def add(a: int, b: int) -> int:
        return a + b

    assert add(1, 2) == 3
    with pytest.raises(ValueError, match="already"):
        worker.task("kind")(add)
    with pytest.raises(TypeError, match="by its name"):
        worker.task("other")(lambda *args: None)
    with pytest.raises(LookupError):
        glassworks.current()
    with pytest.raises(ValueError, match="name"):
        Worker(name="a b")
    json.dumps(worker.name)


def test_a_worker_that_is_refused_says_so(server: Server) -> None:
    worker = Worker(server.url)
    worker.task("sleep")(lambda: None)
    with pytest.raises(glassworks.WorkerError, match="that kind itself"):
        worker.run()
