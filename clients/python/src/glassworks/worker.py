"""Workers: functions of yours that run the tasks of a server."""

from __future__ import annotations

import asyncio
import inspect
import os
import queue
import re
import signal
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from types import FrameType, TracebackType
from typing import Any, TypeVar

from . import _wire
from ._link import Message
from ._running import Running, Served, logger
from ._signature import Signature

Handler = TypeVar("Handler", bound=Callable[..., Any])


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
        self._tasks: dict[str, Served] = {}
        self._running: Running | None = None

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
            self._tasks[kind] = Served(
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
        self._running = Running(start, self._tasks, self._capture, on_end or (lambda: None))
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


def _name() -> str:
    """The host's name and the process's number."""
    host = re.sub(r"[^A-Za-z0-9._-]", "", socket.gethostname())[:50]
    return f"{host or 'python'}-{os.getpid()}"
