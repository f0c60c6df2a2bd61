"""Workers: functions of yours that run the tasks of a server."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import json
import logging
import os
import queue
import re
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any, TypeVar

from . import _capture, _wire
from ._attempt import Attempt
from ._link import Link, Message
from ._signature import Signature
from ._steer import steered
from ._threads import Threads
from .context import CURRENT
from .errors import Fail, Retry, WorkerError

logger = logging.getLogger("glassworks.worker")

Handler = TypeVar("Handler", bound=Callable[..., Any])

STOP_WITHIN = 2.0
"""How long handlers may take to stop when the grace period is over, in seconds."""
LINK_CLOSES_WITHIN = 20.0
"""A little longer than the keeper takes to give back what is left, in seconds."""
LONGEST_RESULT = 6 * 1024 * 1024
"""The server keeps less, unless it was told otherwise, and says so; more it does not read."""
LONGEST_MESSAGE = 16_000
"""So much of an exception's message is kept, in characters; its output has all of it."""
FLUSH_AFTER = 0.05
"""How long an unfinished line waits for its end, in seconds."""


@dataclass(frozen=True)
class _Task:
    """A kind, and what runs it."""

    kind: str
    handler: Callable[..., Any]
    is_async: bool
    signature: Signature
    schema: Mapping[str, Any] | None
    description: str
    concurrency: int | None

    def offer(self) -> Message:
        offer: Message = {"kind": self.kind}
        if self.schema is not None:
            offer["schema"] = dict(self.schema)
        if self.description:
            offer["description"] = self.description
        return offer


class Worker:
    """Runs functions for the tasks of a server.

    ::

        worker = Worker()

        @worker.task("resize")
        def resize(file: str, width: int = 800) -> dict[str, int]:
            ...

        worker.run()

    A process beside this one, the keeper, claims tasks and renews their leases, so that whatever a
    handler does, it keeps its task. Sync handlers run in threads, async ones in an event loop of
    the worker's own.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        name: str | None = None,
        queues: Sequence[str] | None = None,
        concurrency: int = 10,
        grace: float = 25.0,
        capture: bool = True,
    ) -> None:
        """Make a worker; nothing is claimed yet.

        Args:
            url: The server's address; without it ``GLASSWORKS_URL``, or ``http://127.0.0.1:8000``.
            key: A key with the scope ``work``, where keys are in use; without it
                ``GLASSWORKS_KEY``.
            name: Its name, different for each worker: letters, digits, ``-``, ``_``, ``.`` and
                ``:``. Without it, the host's name and the process's number.
            queues: The queues whose tasks it takes; without them, all.
            concurrency: How many tasks it runs at a time, beside those of tasks that have places
                of their own.
            grace: For how many seconds those that run may go on when it is to end.
            capture: Whether what handlers print is their task's output.

        """
        if not 1 <= concurrency <= 1_000:
            raise ValueError("`concurrency` is 1 to 1000")
        self.url = _wire.url_of(url)
        self.name = _name() if name is None else name
        if not re.fullmatch(r"[A-Za-z0-9._:-]{1,64}", self.name):
            raise ValueError("a name is 1 to 64 letters, digits, `-`, `_`, `.` or `:`")
        self.grace = grace
        self._key = _wire.key_of(key)
        self._queues = None if queues is None else list(queues)
        self._concurrency = concurrency
        self._capture = capture
        self._tasks: dict[str, _Task] = {}
        self._running: _Running | None = None

    def task(
        self,
        kind: str,
        *,
        schema: Mapping[str, Any] | None = None,
        description: str | None = None,
        concurrency: int | None = None,
    ) -> Callable[[Handler], Handler]:
        """Have a function run the tasks of a kind. The function itself stays what it is.

        Each parameter is given the payload's member of its name; ``ctx`` is given the
        :class:`~glassworks.Context`; a single one named ``payload`` the whole payload, as a
        dictionary, or as a pydantic model if it is annotated with one. What the function returns
        is the task's result, as JSON.

        Args:
            kind: The kind's name.
            schema: The JSON Schema of the payload, which the server checks when a task is
                submitted. Without it, it is made from the function's signature.
            description: What the kind does, for people; without it, the first paragraph of the
                docstring.
            concurrency: How many tasks of this kind run at a time, in places of their own;
                without it they share the worker's.

        """
        if concurrency is not None and not 1 <= concurrency <= 1_000:
            raise ValueError("`concurrency` is 1 to 1000")
        if kind in self._tasks:
            raise ValueError(f"there is a function for the kind {kind!r} already")

        def register(handler: Handler) -> Handler:
            signature = Signature(handler)
            told = description
            if told is None:
                told = (inspect.getdoc(handler) or "").split("\n\n")[0].replace("\n", " ")
            self._tasks[kind] = _Task(
                kind=kind,
                handler=handler,
                is_async=inspect.iscoroutinefunction(handler),
                signature=signature,
                schema=signature.schema if schema is None else schema,
                description=told.encode()[:1_000].decode("utf-8", "ignore"),
                concurrency=concurrency,
            )
            return handler

        return register

    def run(self) -> None:
        """Work until a signal (SIGTERM, SIGINT) or the server asks it to end.

        Then it takes no more tasks. Those that run may end within the grace period; what is left
        is stopped and goes back to the queue without counting. A second signal ends the process
        at once.

        Raises:
            WorkerError: It cannot go on: the server refuses it for good, or its keeper has died.

        """
        wake: queue.SimpleQueue[str] = queue.SimpleQueue()
        before: dict[signal.Signals, Any] = {}

        def asked(number: int, _: FrameType | None) -> None:
            if asked_before:
                os._exit(128 + number)
            asked_before.append(number)
            wake.put("signal")

        asked_before: list[int] = []
        if threading.current_thread() is threading.main_thread():
            for each in (signal.SIGINT, signal.SIGTERM):
                before[each] = signal.signal(each, asked)
        try:
            self.start(on_end=lambda: wake.put("over"))
            # Elsewhere than on POSIX a signal does not interrupt the wait.
            limit = None if os.name == "posix" else 1.0
            while True:
                try:
                    wake.get(timeout=limit)
                    break
                except queue.Empty:
                    continue
            if asked_before:
                logger.info("ending: no more tasks are taken; a second signal ends it at once")
            self.stop()
        finally:
            for signalled, handler in before.items():
                signal.signal(signalled, handler)

    def start(self, *, on_end: Callable[[], None] | None = None) -> None:
        """Begin to work, in the background.

        Args:
            on_end: Called, in some thread, when it is to end for another reason than :meth:`stop`.

        """
        if self._running is not None:
            raise RuntimeError("the worker runs already")
        if not self._tasks:
            raise RuntimeError("the worker has no tasks: decorate functions with `worker.task`")
        start: Message = {
            "url": self.url,
            "key": self._key,
            "queues": self._queues,
            "lanes": self._lanes(),
        }
        self._running = _Running(start, self._tasks, self._capture, on_end or (lambda: None))
        kinds = ", ".join(self._tasks)
        logger.info("worker %s serves %s for %s", self.name, kinds, self.url)

    def stop(self, grace: float | None = None) -> None:
        """End: finish what runs within the grace period, and give back the rest.

        Args:
            grace: For how many seconds those that run may go on, instead of the worker's own.

        Raises:
            WorkerError: It ended before, because it could not go on.

        """
        running, self._running = self._running, None
        if running is not None:
            running.stop(self.grace if grace is None else grace)

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Worker:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.stop)

    def _lanes(self) -> list[Message]:
        """The kinds that share their places, and each that has its own."""
        tasks = self._tasks.values()
        shared = [task.offer() for task in tasks if task.concurrency is None]
        # A claim has at most a hundred kinds.
        lanes: list[Message] = [
            {"kinds": shared[first : first + 100], "limit": self._concurrency}
            for first in range(0, len(shared), 100)
        ]
        lanes += [
            {"kinds": [task.offer()], "limit": task.concurrency}
            for task in tasks
            if task.concurrency is not None
        ]
        for number, lane in enumerate(lanes):
            # The server knows a worker by its name, and what it serves by its last claim.
            lane["worker"] = self.name if number == 0 else f"{self.name[:59]}:{number + 1}"
        return lanes


class _Running:
    """A worker while it runs."""

    def __init__(
        self,
        start: Message,
        tasks: Mapping[str, _Task],
        capture: bool,
        on_end: Callable[[], None],
    ) -> None:
        self._tasks = tasks
        self._capture = capture
        self._on_end = on_end
        self._attempts: dict[int, Attempt] = {}
        self._changed = threading.Condition()
        self._trouble: str | None = None
        self._closing = False
        self._link = Link(self._take)
        self._gathered = threading.Event()
        self._threads = Threads()
        self._loop = asyncio.new_event_loop()
        self._looping = threading.Thread(
            target=self._loop.run_forever, daemon=True, name="glassworks-loop"
        )
        self._looping.start()
        if capture:
            _capture.begin()
        self._link.start(start)
        threading.Thread(target=self._flush, daemon=True, name="glassworks-flush").start()

    # What the keeper says.

    def _take(self, message: Message | None) -> None:
        if message is None:
            self._keeper_is_gone()
            return
        what = message["t"]
        if what == "task":
            self._prepare(message)
        elif what == "drain":
            logger.info("the server asks this worker to end")
            self._on_end()
        elif what == "fatal":
            self._trouble = message["message"]
            logger.error("%s", self._trouble)
            self._on_end()
        elif what == "log":
            logger.log(logging.getLevelName(message["level"].upper()), "%s", message["message"])
        elif (attempt := self._attempts.get(message.get("id", 0))) is not None:
            self._take_for(attempt, message)

    def _take_for(self, attempt: Attempt, message: Message) -> None:
        what = message["t"]
        if what == "go":
            self._begin(attempt)
        elif what == "stop":
            attempt.stop(message["reason"])
        elif what == "taken":
            attempt.taken(message["bytes"])
        elif what in ("gone", "ended"):
            with self._changed:
                self._attempts.pop(attempt.number, None)
                self._changed.notify_all()

    def _keeper_is_gone(self) -> None:
        with self._changed:
            attempts = list(self._attempts.values())
            self._attempts.clear()
            self._changed.notify_all()
        if self._closing:
            return
        self._trouble = "the keeper of this worker's tasks has died"
        logger.error("%s", self._trouble)
        for attempt in attempts:
            attempt.stop("lost")
        self._on_end()

    def _prepare(self, message: Message) -> None:
        """Say that the handler can be started, once it can: the loop it runs in may be blocked."""
        attempt = Attempt(
            message["id"],
            message["claimed"],
            message["worker"],
            self._link.send,
            self._gathered.set,
            self._looping.ident or 0,
        )
        with self._changed:
            self._attempts[attempt.number] = attempt
        begin = functools.partial(self._link.send, {"t": "begin", "id": attempt.number})
        if self._tasks[attempt.context.kind].is_async:
            self._loop.call_soon_threadsafe(begin)
        else:
            begin()

    def _flush(self) -> None:
        """Send unfinished lines and held back progress, a moment after they were said."""
        while not self._closing:
            self._gathered.wait()
            self._gathered.clear()
            time.sleep(FLUSH_AFTER)
            for attempt in list(self._attempts.values()):
                if attempt.has_unsent:
                    attempt.flush()

    # Handlers.

    def _begin(self, attempt: Attempt) -> None:
        task = self._tasks[attempt.context.kind]
        logger.debug("task %s: attempt %d", attempt.context.task_id, attempt.context.attempt)
        if task.is_async:
            self._loop.call_soon_threadsafe(self._begin_async, task, attempt)
            return
        # A fresh one: threads are used again, and must not bring what another task has left.
        context = contextvars.Context()
        self._threads.run(lambda: context.run(self._run_sync, task, attempt))

    def _begin_async(self, task: _Task, attempt: Attempt) -> None:
        running = self._loop.create_task(
            self._run_async(task, attempt), name=f"glassworks-{attempt.context.task_id}"
        )

        def interrupt() -> None:
            self._loop.call_soon_threadsafe(running.cancel)

        attempt.on_stop = interrupt
        if attempt.stop_reason is not None:
            running.cancel()

    def _run_sync(self, task: _Task, attempt: Attempt) -> None:
        CURRENT.set(attempt.context)
        try:
            attempt.check()
            end = _completed(task.handler(**task.signature.arguments(attempt.context)))
        except BaseException as error:
            end = self._ended_with(error, attempt)
        attempt.end(end)

    async def _run_async(self, task: _Task, attempt: Attempt) -> None:
        CURRENT.set(attempt.context)
        try:
            handling: Coroutine[Any, Any, Any] = task.handler(
                **task.signature.arguments(attempt.context)
            )
            end = _completed(await steered(handling, lambda: attempt.stop_reason))
        except BaseException as error:
            end = self._ended_with(error, attempt)
        attempt.end(end)

    def _ended_with(self, error: BaseException, attempt: Attempt) -> Message:
        """How an attempt ended whose handler raised."""
        reason = attempt.stop_reason
        stopped = isinstance(error, asyncio.CancelledError) and reason is not None
        if isinstance(error, (Retry, Fail)):
            if error.__cause__ is not None:
                _print_traceback(error.__cause__, attempt)
        elif not stopped:
            _print_traceback(error, attempt)
        if reason == "timeout":
            limit = round(attempt.context.timeout * 1_000)
            return {"outcome": "fail", "error": f"timed out after {limit} ms"}
        if reason is not None and (stopped or reason == "cancelled"):
            return {"outcome": "release"}
        return _failed(error)

    # The end.

    def stop(self, grace: float) -> None:
        """Finish what runs within so many seconds, and give back the rest."""
        self._link.send({"t": "drain"})
        if not self._wait_for_all(grace):
            logger.info("the grace period is over: what still runs goes back to the queue")
            for attempt in list(self._attempts.values()):
                attempt.stop("shutdown")
            if not self._wait_for_all(STOP_WITHIN):
                logger.warning("%d handlers did not stop", len(self._attempts))
        self._closing = True
        self._gathered.set()
        # From here on nothing of what they say counts.
        for attempt in list(self._attempts.values()):
            attempt.abandon()
        self._link.close(LINK_CLOSES_WITHIN)
        self._threads.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._looping.join(0.5)
        if not self._looping.is_alive():
            self._loop.close()
        if self._capture:
            _capture.end()
        if self._trouble is not None:
            raise WorkerError(self._trouble)

    def _wait_for_all(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._attempts, seconds)


def _completed(result: Any) -> Message:
    """The end of an attempt whose handler has returned. What it returned must be JSON."""
    dump = getattr(result, "model_dump", None)
    if callable(dump):
        result = dump(mode="json")
    try:
        text = _wire.encoded(result)
    except (TypeError, ValueError) as error:
        raise Fail(f"the result is not JSON: {error}") from error
    if len(text) > LONGEST_RESULT:
        raise Fail(f"the result is {len(text)} bytes of JSON; at most {LONGEST_RESULT} can be sent")
    return {"outcome": "complete", "result": json.loads(text)}


def _failed(error: BaseException) -> Message:
    if isinstance(error, (Retry, Fail)):
        message = str(error) or type(error).__name__
    else:
        message = "".join(traceback.format_exception_only(type(error), error)).strip()
    message = message.encode("utf-8", "backslashreplace").decode()
    end: Message = {"outcome": "fail", "error": message[:LONGEST_MESSAGE]}
    if isinstance(error, Retry):
        end["retry_after_ms"] = round(error.after * 1_000)
    if isinstance(error, Fail):
        end["permanent"] = True
    return end


def _print_traceback(error: BaseException, attempt: Attempt) -> None:
    """Print it to the task's output, without the worker's own frames above the handler's."""
    frames = error.__traceback__
    here = os.path.dirname(__file__)
    while frames is not None and os.path.dirname(frames.tb_frame.f_code.co_filename) == here:
        frames = frames.tb_next
    lines = traceback.format_exception(type(error), error, frames)
    attempt.write("stderr", "".join(lines))


def _name() -> str:
    """The host's name and the process's number."""
    host = re.sub(r"[^A-Za-z0-9._-]", "", socket.gethostname())[:50]
    return f"{host or 'python'}-{os.getpid()}"
