"""The client for async code: :class:`AsyncClient` is :class:`~glassworks.Client` with ``await``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any

import httpx

from . import _wire
from ._patience import Patience
from ._sse import Decoder
from .errors import ConnectionFailed, WaitTimeout
from .models import (
    Event,
    Kind,
    NewTask,
    OutputEvent,
    RetryPolicy,
    Seconds,
    State,
    Task,
    TaskSummary,
    kind_of,
    milliseconds,
    summary_of,
    task_of,
)


class AsyncClient:
    """A connection to a Glassworks server, for one event loop.

    A call that finds nobody, or a server that cannot take it at this moment, is tried again for
    ``retry_for`` seconds, with growing pauses and as ``Retry-After`` says. That is safe: a submit
    carries an ``Idempotency-Key``, so it is done once however often it is sent; what would be
    done twice is only sent again when it is certain that the server has not done it.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        timeout: float = 10.0,
        retry_for: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            url: The server's address; without it ``GLASSWORKS_URL``, or ``http://127.0.0.1:8000``.
            key: A key, where they are in use; without it ``GLASSWORKS_KEY``.
            timeout: How long one try may take, in seconds.
            retry_for: For how long a call is tried, in seconds; 0 tries once.
            transport: Another way to the server, for tests.

        """
        self.url = _wire.url_of(url)
        self._timeout = timeout
        self._retry_for = retry_for
        self._http = httpx.AsyncClient(
            base_url=self.url,
            headers=_wire.headers_of(_wire.key_of(key)),
            transport=transport,
        )

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def submit(
        self,
        kind: str,
        payload: Mapping[str, Any] | None = None,
        *,
        queue: str | None = None,
        priority: int | None = None,
        delay: Seconds | None = None,
        run_at: datetime | None = None,
        max_attempts: int | None = None,
        timeout: Seconds | None = None,
        retry: RetryPolicy | None = None,
        unique_key: str | None = None,
        tags: Sequence[str] = (),
        idempotency_key: str | None = None,
        traceparent: str | None = None,
        wait: float | None = None,
    ) -> Task:
        """Hand over a task. When this returns, the task is on the server's disk.

        Args:
            kind: The name of the code that runs it.
            payload: What that code is given, as JSON.
            queue: The lane it waits in.
            priority: 0 (first) to 9 (last).
            delay: How long until it is due.
            run_at: When it is due, instead of ``delay``.
            max_attempts: How often it may be tried.
            timeout: How long one attempt may take.
            retry: How long to wait before another attempt.
            unique_key: When an unfinished task has this key, that task is returned, and its
                ``existing`` is true.
            tags: Words to find it by.
            idempotency_key: Makes a repeated submit the same one for 24 hours, also across
                processes. One is made for each call without it.
            traceparent: The trace it belongs to (W3C Trace Context).
            wait: Wait so many seconds for its end, at most 60. See :meth:`wait` for longer.

        Raises:
            BadRequest: The server does not accept it; ``errors`` says what is wrong where.

        """
        task = NewTask(
            kind,
            payload or {},
            queue=queue,
            priority=priority,
            delay=delay,
            run_at=run_at,
            max_attempts=max_attempts,
            timeout=timeout,
            retry=retry,
            unique_key=unique_key,
            tags=tags,
        )
        call = _wire.submit(
            task.to_json(),
            idempotency_key=idempotency_key,
            traceparent=traceparent,
            wait=wait,
        )
        return task_of(await self._ask(call))

    async def submit_batch(
        self,
        tasks: Iterable[NewTask],
        *,
        idempotency_key: str | None = None,
        traceparent: str | None = None,
    ) -> tuple[Task, ...]:
        """Hand over up to 1,000 tasks in one transaction: all of them, or none."""
        call = _wire.submit_batch(tasks, idempotency_key=idempotency_key, traceparent=traceparent)
        return tuple(task_of(task) for task in (await self._ask(call))["tasks"])

    async def run(
        self,
        kind: str,
        payload: Mapping[str, Any] | None = None,
        *,
        wait: float | None = None,
        **options: Any,
    ) -> Any:
        """Submit a task, wait for its end and return its result.

        Args:
            kind: As in :meth:`submit`, and so are ``payload`` and ``options``.
            payload: What it is given.
            wait: For how many seconds to wait; without it, for as long as it takes.
            options: Everything else that :meth:`submit` takes.

        Raises:
            TaskFailed: It failed or was cancelled.
            WaitTimeout: It is not over in time. It goes on.

        """
        begun = time.monotonic()
        held = _wire.LONGEST_WAIT if wait is None else wait
        task = await self.submit(kind, payload, wait=held, **options)
        if not task.state.is_final:
            left = None if wait is None else wait - (time.monotonic() - begun)
            task = await self.wait(task.id, timeout=left)
        return task.raise_for_state().result

    async def get(self, id: str) -> Task:
        """The task as it stands now."""
        return task_of(await self._ask(_wire.get(id)))

    async def wait(self, id: str, *, timeout: Seconds | None = None) -> Task:
        """Wait until a task is over, however it ends, and return it.

        It is looked at again and again, with pauses of a tenth of the time that has passed, at
        most two seconds.

        Raises:
            WaitTimeout: It is not over within ``timeout`` seconds. It goes on.

        """
        limit = None if timeout is None else milliseconds(timeout) / 1_000
        begun = time.monotonic()
        while True:
            task = await self.get(id)
            if task.state.is_final:
                return task
            waited = time.monotonic() - begun
            pause = _wire.pause_before_look(waited)
            if limit is not None:
                if waited >= limit:
                    raise WaitTimeout(task, limit)
                pause = min(pause, limit - waited)
            await asyncio.sleep(pause)

    async def follow(self, id: str, *, after: int = 0) -> AsyncIterator[Event]:
        """Yield everything that happens to a task, as it happens, until it is over.

        First comes what has happened already, after the event number ``after``. A connection that
        is cut, and a server that restarts, are got over: each event comes once, in its order.
        """
        following = _wire.Following(id, after)
        patience = Patience(self._retry_for)
        while not following.over:
            call = following.call()
            pause: float | None = None
            try:
                async with self._http.stream(**call.arguments(self._timeout)) as response:
                    if response.status_code == 204:
                        return
                    if not response.is_success:
                        await response.aread()
                        pause = _wire.Trial(call, self._retry_for).answered(response)
                    else:
                        decoder = Decoder()
                        async for piece in response.aiter_bytes():
                            for message in decoder.feed(piece):
                                event = following.take(message.event, message.data)
                                if event is not None:
                                    patience = Patience(self._retry_for)
                                    yield event
                            if following.over:
                                return
            except httpx.TransportError as error:
                broken: httpx.TransportError | None = error
            else:
                broken = None
            pause = patience.next(pause)
            if pause is None:
                raise ConnectionFailed(f"cannot follow task {id}") from broken
            await asyncio.sleep(pause)

    async def tail(self, id: str) -> AsyncIterator[str]:
        """Yield what a task has printed and prints, piece by piece, until it is over."""
        async for event in self.follow(id):
            if isinstance(event, OutputEvent):
                yield event.text

    async def cancel(self, id: str) -> Task:
        """Ask a task to stop. One that waits is cancelled at once.

        Raises:
            Conflict: It is over already.

        """
        return task_of(await self._ask(_wire.act(id, "cancel")))

    async def retry(self, id: str) -> Task:
        """Make a task due now: one that waits, that has failed, or that was cancelled.

        Raises:
            Conflict: Its state forbids it.

        """
        return task_of(await self._ask(_wire.act(id, "retry")))

    async def delete(self, id: str) -> None:
        """Forget a task that is over.

        Raises:
            Conflict: It is not over.

        """
        await self._send(_wire.delete(id))

    async def list(
        self,
        *,
        state: State | str | Sequence[State | str] | None = None,
        kind: str | None = None,
        queue: str | None = None,
        tag: str | None = None,
        text: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        oldest_first: bool = False,
    ) -> AsyncIterator[TaskSummary]:
        """Yield tasks, the newest first, page after page as they are asked for.

        Args:
            state: Only those in this state, or in one of these.
            kind: Only those of this kind.
            queue: Only those of this queue.
            tag: Only those with this tag.
            text: Only those with this text in id, kind, tags, payload or error.
            since: Only those submitted at this moment or later.
            until: Only those submitted before this moment.
            oldest_first: The other order; not with ``text``.

        """
        params = _wire.list_params(
            state=state,
            kind=kind,
            queue=queue,
            tag=tag,
            text=text,
            since=since,
            until=until,
            oldest_first=oldest_first,
        )
        cursor: str | None = None
        while True:
            page = await self._ask(_wire.page(params, cursor))
            for task in page["tasks"]:
                yield summary_of(task)
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def kinds(self) -> tuple[Kind, ...]:
        """The kinds that can be submitted, with their schemas and who serves them."""
        answer = await self._ask(_wire.Call("GET", "/api/kinds", True))
        return tuple(kind_of(kind) for kind in answer["kinds"])

    def page(self, task: TaskSummary | str) -> str:
        """The address of a task's page, for people."""
        id = task if isinstance(task, str) else task.id
        return f"{self.url}/tasks/{id}"

    async def _ask(self, call: _wire.Call) -> Any:
        return (await self._send(call)).json()

    async def _send(self, call: _wire.Call) -> httpx.Response:
        trial = _wire.Trial(call, self._retry_for)
        while True:
            try:
                response = await self._http.request(**call.arguments(self._timeout))
            except httpx.TransportError as error:
                pause: float | None = trial.unanswered(error)
            else:
                pause = trial.answered(response)
                if pause is None:
                    return response
            await asyncio.sleep(pause or 0)
