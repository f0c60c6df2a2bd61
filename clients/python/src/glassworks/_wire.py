"""Requests and what their answers mean, without any I/O: both clients share it."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from ._patience import Patience
from ._version import __version__
from .errors import ApiError, ConnectionFailed, api_error
from .models import Event, NewTask, State, event_of, timestamp

DEFAULT_URL = "http://127.0.0.1:8000"

LONGEST_WAIT = 60
"""How long the server holds an answer back for a task's end, in seconds."""

FOLLOW_TIMEOUT = 45.0
"""A stream says every 15 seconds that it is alive."""

PAGE_SIZE = 100

# The request did not get as far as the server.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str
    repeatable: bool
    """Whether sending it twice does no more than sending it once."""
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    answer_after: float = 0.0
    """How long the server may hold the answer back, in seconds."""

    def arguments(self, timeout: float) -> dict[str, Any]:
        """What httpx is called with."""
        return {
            "method": self.method,
            "url": self.path,
            "params": self.params or None,
            "headers": dict(self.headers),
            "content": self.body,
            "timeout": httpx.Timeout(timeout, read=timeout + self.answer_after),
        }


class Trial:
    """Decides after each try of a call whether there is another, and when."""

    def __init__(self, call: Call, retry_for: float) -> None:
        self._call = call
        self._patience = Patience(retry_for)

    def unanswered(self, error: httpx.TransportError) -> float:
        """Seconds to wait before the next try.

        Raises :class:`ConnectionFailed` when there is none.
        """
        may = self._call.repeatable or isinstance(error, _NOT_SENT)
        pause = self._patience.next() if may else None
        if pause is None:
            said = str(error) or type(error).__name__
            raise ConnectionFailed(f"{self._call.method} {self._call.path}: {said}") from error
        return pause

    def answered(self, response: httpx.Response) -> float | None:
        """Seconds to wait before the next try; ``None`` when the answer is a good one.

        Raises an :class:`ApiError` when it is a refusal that stands. The response has been read.
        """
        if response.is_success:
            return None
        error = refusal(response)
        pause = None
        if _is_not_done(error) or (error.status in (502, 504) and self._call.repeatable):
            pause = self._patience.next(error.retry_after)
        if pause is None:
            raise error
        return pause


def _is_not_done(error: ApiError) -> bool:
    """Whether the server has done nothing, and may do it soon."""
    return error.status in (429, 503) or error.code == "request_in_flight"


def refusal(response: httpx.Response) -> ApiError:
    """Read the problem of a response; anything between may have answered instead of the server."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {"detail": f"{response.status_code} {response.reason_phrase}".strip()}
    try:
        retry_after: float | None = float(response.headers.get("retry-after", ""))
    except ValueError:
        retry_after = None
    return api_error(
        response.status_code,
        problem,
        retry_after=retry_after,
        request_id=response.headers.get("x-request-id"),
    )


def url_of(url: str | None) -> str:
    """The server's address: as given, from ``GLASSWORKS_URL``, or the default one."""
    url = url or os.environ.get("GLASSWORKS_URL") or DEFAULT_URL
    return url.rstrip("/")


def key_of(key: str | None) -> str | None:
    """The key: as given, or from ``GLASSWORKS_KEY``."""
    key = key if key is not None else os.environ.get("GLASSWORKS_KEY", "")
    return key.strip() or None


def headers_of(key: str | None) -> dict[str, str]:
    """What every request says."""
    headers = {"user-agent": f"glassworks-python/{__version__}"}
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    return headers


def encoded(body: Any) -> bytes:
    """JSON. What it cannot say (NaN, a set, half a character) is an error here and not there."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def submit(
    body: Any,
    *,
    path: str = "/api/tasks",
    idempotency_key: str | None,
    traceparent: str | None,
    wait: float | None = None,
) -> Call:
    """Submit one task, or a batch. Its key makes it safe to send again."""
    headers = {
        "content-type": "application/json",
        "idempotency-key": idempotency_key or str(uuid.uuid4()),
    }
    if traceparent is not None:
        headers["traceparent"] = traceparent
    held = 0
    if wait is not None:
        held = max(0, min(LONGEST_WAIT, int(wait)))
        headers["prefer"] = f"wait={held}"
    return Call("POST", path, True, headers=headers, body=encoded(body), answer_after=held)


def submit_batch(
    tasks: Iterable[NewTask], *, idempotency_key: str | None, traceparent: str | None
) -> Call:
    """Submit several tasks in one transaction."""
    return submit(
        {"tasks": [task.to_json() for task in tasks]},
        path="/api/tasks/batch",
        idempotency_key=idempotency_key,
        traceparent=traceparent,
    )


def task_path(id: str) -> str:
    """The path of a task. An id that could lead elsewhere is refused."""
    if not id or not all(letter.isalnum() or letter == "-" for letter in id):
        raise ValueError(f"{id!r} is no task's id")
    return f"/api/tasks/{id}"


def get(id: str) -> Call:
    """Ask for a task."""
    return Call("GET", task_path(id), True)


def act(id: str, what: str) -> Call:
    """Cancel or retry a task: a second time it would be refused."""
    return Call("POST", f"{task_path(id)}/{what}", False)


def delete(id: str) -> Call:
    """Forget a task."""
    return Call("DELETE", task_path(id), False)


def list_params(
    *,
    state: State | str | Sequence[State | str] | None,
    kind: str | None,
    queue: str | None,
    tag: str | None,
    text: str | None,
    since: datetime | None,
    until: datetime | None,
    oldest_first: bool,
) -> dict[str, str]:
    """Which tasks to list."""
    params = {"limit": str(PAGE_SIZE)}
    if state is not None:
        states = [state] if isinstance(state, str) else state
        params["state"] = ",".join(str(State(it)) for it in states)
    plain = {"kind": kind, "queue": queue, "tag": tag, "q": text}
    params.update({name: value for name, value in plain.items() if value is not None})
    for name, moment in (("since", since), ("until", until)):
        if moment is not None:
            params[name] = timestamp(moment)
    if oldest_first:
        params["order"] = "oldest"
    return params


def page(params: Mapping[str, str], cursor: str | None) -> Call:
    """One page of tasks."""
    if cursor is not None:
        params = {**params, "cursor": cursor}
    return Call("GET", "/api/tasks", True, params=params)


class Following:
    """Where a follower is in a task's log, whatever happens to its connections."""

    def __init__(self, id: str, after: int) -> None:
        self._path = f"{task_path(id)}/events"
        self._seen = after
        self.over = False
        """Whether all has been seen of a task that is over."""

    def call(self) -> Call:
        """The next connection: it goes on after the last event that was seen."""
        return Call(
            "GET",
            self._path,
            True,
            params={"after": str(self._seen)},
            headers={"accept": "text/event-stream", "cache-control": "no-store"},
            answer_after=FOLLOW_TIMEOUT,
        )

    def take(self, event: str, data: str) -> Event | None:
        """Read a message of the stream: an event that is new, or nothing for the caller."""
        content = json.loads(data)
        if event == "end":
            self.over = content.get("reason") == "over"
            return None
        if event == "problem" or "seq" not in content or content["seq"] <= self._seen:
            return None
        self._seen = content["seq"]
        return event_of(content)


def pause_before_look(waited: float) -> float:
    """How long to wait before looking at a task again: a tenth of the time that has passed."""
    return min(2.0, max(0.05, waited / 10))
