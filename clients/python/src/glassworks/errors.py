"""What can go wrong when a server is asked, and how a handler says how its attempt ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .models import Task


class GlassworksError(Exception):
    """The base of all that a client raises."""


class ConnectionFailed(GlassworksError):
    """The server could not be reached, or broke off, for as long as the call was tried.

    ``__cause__`` is what httpx said the last time.
    """


@dataclass(frozen=True)
class FieldError:
    """What is wrong at one place of a request."""

    pointer: str
    """A JSON pointer (RFC 6901) into the body, or the name of a parameter or header."""
    detail: str


class ApiError(GlassworksError):
    """The server refused, and said why in a problem document (RFC 9457)."""

    status: int
    """The HTTP status."""
    code: str
    """The sort of problem, for programs; ``/docs/problems`` on the server has them all."""
    title: str
    """The same in a few words for people."""
    detail: str
    """What is wrong this time."""
    errors: tuple[FieldError, ...]
    """What is wrong where, if it is the request's content."""
    retry_after: float | None
    """Seconds after which the same may be asked again, if the server said so."""
    request_id: str | None
    """The number by which the server's log has the request."""
    problem: Mapping[str, Any]
    """The whole document."""

    def __init__(
        self,
        status: int,
        problem: Mapping[str, Any],
        *,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("code", ""))
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail") or self.title or f"HTTP status {status}")
        self.errors = tuple(
            FieldError(str(error.get("pointer", "")), str(error.get("detail", "")))
            for error in problem.get("errors", ())
        )
        self.retry_after = retry_after
        self.request_id = request_id
        super().__init__(f"{self.detail} ({status} {self.code})".strip())


class BadRequest(ApiError):
    """The request is malformed or not acceptable (400, 413, 415, 422); see ``errors``."""


class Unauthorized(ApiError):
    """A key is needed, or this one is not good any more (401)."""


class Forbidden(ApiError):
    """The key does not allow this (403)."""


class NotFound(ApiError):
    """There is no such thing, or not any more (404, 410)."""


class Conflict(ApiError):
    """The task's state forbids it, or its unique key is taken (409)."""


class Unavailable(ApiError):
    """The server cannot take it at this moment (429, 503), for as long as the call was tried."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    413: BadRequest,
    415: BadRequest,
    422: BadRequest,
    429: Unavailable,
    503: Unavailable,
}


def api_error(
    status: int,
    problem: Mapping[str, Any],
    *,
    retry_after: float | None = None,
    request_id: str | None = None,
) -> ApiError:
    """Make the exception that fits the status."""
    kind = _BY_STATUS.get(status, ApiError)
    return kind(status, problem, retry_after=retry_after, request_id=request_id)


class WaitTimeout(GlassworksError, TimeoutError):
    """The task was not over in time. It goes on."""

    def __init__(self, task: Task, timeout: float) -> None:
        self.task = task
        super().__init__(f"task {task.id} is {task.state.value} after {timeout:g} s")


class TaskFailed(GlassworksError):
    """The task that was waited for has failed, or was cancelled."""

    def __init__(self, task: Task) -> None:
        self.task = task
        why = f": {task.error.message}" if task.error else ""
        super().__init__(f"task {task.id} ({task.kind}) is {task.state.value}{why}")


class WorkerError(GlassworksError):
    """The worker cannot go on: the server refuses it for good, or its keeper has died."""


class TaskCancelled(asyncio.CancelledError):
    """Raised in a handler that is to stop.

    An async handler gets it where it awaits, a sync one at its next call of its context. It is a
    :class:`asyncio.CancelledError`, so that ``except Exception`` lets it pass and what cleans up
    after a cancel does so here too.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        """``cancelled``, ``timeout``, ``lost`` or ``shutdown``."""
        super().__init__(reason)


class Retry(Exception):
    """Raise it to fail the attempt and have the next one after a time of your choice.

    Like every failure it counts: with no attempts left the task fails.
    """

    def __init__(self, message: str = "to be tried again", *, after: float) -> None:
        if not 0 <= after <= 86_400:
            raise ValueError("`after` is in seconds, from 0 to a day (86400)")
        self.after = after
        """Seconds until the next attempt."""
        super().__init__(message)


class Fail(Exception):
    """Raise it to fail the task for good: another attempt would be of no use."""
