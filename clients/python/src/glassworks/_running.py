"""A worker while it runs: handlers, in threads and in an event loop, and how they end."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import json
import logging
import os
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from . import _capture, _wire
from ._attempt import Attempt
from ._link import Link, Message
from ._signature import Signature
from ._steer import steered
from ._threads import Threads
from .context import CURRENT
from .errors import Fail, Retry, WorkerError

logger = logging.getLogger("glassworks.worker")

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
class Served:
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


class Running:
    """A worker while it runs."""

    def __init__(
        self,
        start: Message,
        tasks: Mapping[str, Served],
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

    def _begin_async(self, task: Served, attempt: Attempt) -> None:
        running = self._loop.create_task(
            self._run_async(task, attempt), name=f"glassworks-{attempt.context.task_id}"
        )

        def interrupt() -> None:
            self._loop.call_soon_threadsafe(running.cancel)

        attempt.on_stop = interrupt
        if attempt.stop_reason is not None:
            running.cancel()

    def _run_sync(self, task: Served, attempt: Attempt) -> None:
        CURRENT.set(attempt.context)
        try:
            attempt.check()
            end = _completed(task.handler(**task.signature.arguments(attempt.context)))
        except BaseException as error:
            end = self._ended_with(error, attempt)
        attempt.end(end)

    async def _run_async(self, task: Served, attempt: Attempt) -> None:
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
