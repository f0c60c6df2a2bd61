"""What the server tells of tasks, and what it is told.

Members that a newer server adds are ignored, so that an older client goes on working; ``raw``
has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any

Seconds = float | timedelta
"""A span of time, in seconds or as a ``timedelta``."""


class State(str, Enum):
    """Where a task stands."""

    SCHEDULED = "scheduled"
    """Due later."""
    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    """Failed, and due again later."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to the task by itself."""
        return self in (State.COMPLETED, State.FAILED, State.CANCELLED)

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Progress:
    """How far an attempt is."""

    fraction: float
    """From 0.0 to 1.0."""
    message: str | None


@dataclass(frozen=True)
class Failure:
    """How one attempt failed."""

    message: str
    attempt: int
    at: datetime
    ran_ms: int


@dataclass(frozen=True)
class TaskSummary:
    """A task as a list tells it: without payload, result and earlier failures."""

    id: str
    kind: str
    queue: str
    state: State
    priority: int
    tags: tuple[str, ...]
    attempt: int
    """The latest attempt; 0 before the first."""
    max_attempts: int
    timeout_ms: int
    run_at: datetime
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: Progress | None
    error: Failure | None
    """The latest failure."""
    cancel_requested: bool
    """Asked to stop; it has stopped when its state says so."""
    unique_key: str | None
    schedule_id: str | None
    submitted_by: str | None
    node: str | None
    """The worker that runs it now, or ran it last."""
    last_seq: int
    """The ``seq`` of its latest event."""
    raw: Mapping[str, Any] = field(repr=False, compare=False)
    """What the server sent."""


@dataclass(frozen=True)
class Task(TaskSummary):
    """One piece of background work, whole."""

    payload: Mapping[str, Any]
    result: Any
    """What its handler returned; ``None`` until it has completed."""
    errors: tuple[Failure, ...]
    """The first failure and the latest 20."""
    existing: bool = False
    """In the answer to a submit: it stood already, and nothing was added."""

    def raise_for_state(self) -> Task:
        """Return it, or raise :class:`~glassworks.TaskFailed` if it failed or was cancelled."""
        from .errors import TaskFailed  # noqa: PLC0415 -- the errors know tasks

        if self.state in (State.FAILED, State.CANCELLED):
            raise TaskFailed(self)
        return self


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait before another attempt.

    ``initial_ms * factor ** (n - 1)`` after attempt ``n``, at most ``max_ms``, with jitter.
    """

    initial_ms: int = 1_000
    factor: float = 4.0
    max_ms: int = 3_600_000

    def to_json(self) -> dict[str, Any]:
        """As the server reads it."""
        return {"initial_ms": self.initial_ms, "factor": self.factor, "max_ms": self.max_ms}


@dataclass(frozen=True)
class NewTask:
    """A task to be; what is ``None`` has the server's default."""

    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    queue: str | None = None
    priority: int | None = None
    """0 (first) to 9 (last); 5 by default."""
    delay: Seconds | None = None
    """How long until it is due. Not together with ``run_at``."""
    run_at: datetime | None = None
    """When it is due. A time without a zone is taken as local time."""
    max_attempts: int | None = None
    """How often it may be tried, the first time included; 5 by default."""
    timeout: Seconds | None = None
    """How long one attempt may take; 15 minutes by default."""
    retry: RetryPolicy | None = None
    unique_key: str | None = None
    """At most one unfinished task has a given key: another submit returns that one."""
    tags: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """As the server reads it."""
        body: dict[str, Any] = {"kind": self.kind, "payload": dict(self.payload)}
        plain = {
            "queue": self.queue,
            "priority": self.priority,
            "max_attempts": self.max_attempts,
            "unique_key": self.unique_key,
        }
        body.update({name: value for name, value in plain.items() if value is not None})
        if self.delay is not None:
            body["delay_ms"] = milliseconds(self.delay)
        if self.run_at is not None:
            body["run_at"] = timestamp(self.run_at)
        if self.timeout is not None:
            body["timeout_ms"] = milliseconds(self.timeout)
        if self.retry is not None:
            body["retry"] = self.retry.to_json()
        if isinstance(self.tags, str):
            raise TypeError("`tags` is a list of words, and not one")
        if self.tags:
            body["tags"] = list(self.tags)
        return body


@dataclass(frozen=True)
class Event:
    """One entry of a task's log. A kind of event that this client does not know is just this."""

    task_id: str
    seq: int
    """Counts from 1 within the task."""
    attempt: int
    at: datetime
    type: str
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True)
class StateEvent(Event):
    """The task's state changed."""

    state: State


@dataclass(frozen=True)
class ProgressEvent(Event):
    """An attempt said how far it is."""

    fraction: float
    message: str | None


@dataclass(frozen=True)
class OutputEvent(Event):
    """An attempt printed."""

    text: str
    stream: str
    """``stdout`` or ``stderr``."""


@dataclass(frozen=True)
class Kind:
    """A kind of task that can be submitted."""

    kind: str
    description: str
    schema: Mapping[str, Any] | None
    """The JSON Schema of its payload."""
    workers: tuple[str, ...]
    """Who serves it now, where it is not the server itself."""
    queued: int
    raw: Mapping[str, Any] = field(repr=False, compare=False)


def milliseconds(span: Seconds) -> int:
    """A span of time as the server counts it."""
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    return round(seconds * 1_000)


def timestamp(moment: datetime) -> str:
    """RFC 3339, in UTC."""
    moment = moment.astimezone(timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def moment_of(text: str) -> datetime:
    """A time as the server writes it."""
    # `fromisoformat` reads a `Z` from Python 3.11 on.
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else moment_of(text)


def _failure(raw: Mapping[str, Any]) -> Failure:
    return Failure(raw["message"], raw["attempt"], moment_of(raw["at"]), raw["ran_ms"])


def _summary(raw: Mapping[str, Any]) -> dict[str, Any]:
    progress, error = raw["progress"], raw["error"]
    return {
        "id": raw["id"],
        "kind": raw["kind"],
        "queue": raw["queue"],
        "state": State(raw["state"]),
        "priority": raw["priority"],
        "tags": tuple(raw["tags"]),
        "attempt": raw["attempt"],
        "max_attempts": raw["max_attempts"],
        "timeout_ms": raw["timeout_ms"],
        "run_at": moment_of(raw["run_at"]),
        "created_at": moment_of(raw["created_at"]),
        "started_at": _moment(raw["started_at"]),
        "finished_at": _moment(raw["finished_at"]),
        "progress": progress and Progress(progress["fraction"], progress.get("message")),
        "error": error and _failure(error),
        "cancel_requested": raw["cancel_requested"],
        "unique_key": raw["unique_key"],
        "schedule_id": raw["schedule_id"],
        "submitted_by": raw.get("submitted_by"),
        "node": raw["node"],
        "last_seq": raw["last_seq"],
        "raw": raw,
    }


def summary_of(raw: Mapping[str, Any]) -> TaskSummary:
    """A task of a list."""
    return TaskSummary(**_summary(raw))


def task_of(raw: Mapping[str, Any]) -> Task:
    """A whole task."""
    return Task(
        **_summary(raw),
        payload=raw["payload"],
        result=raw["result"],
        errors=tuple(_failure(error) for error in raw["errors"]),
        existing=raw.get("existing", False),
    )


def event_of(raw: Mapping[str, Any]) -> Event:
    """An entry of a log."""
    base: dict[str, Any] = {
        "task_id": raw["task_id"],
        "seq": raw["seq"],
        "attempt": raw["attempt"],
        "at": moment_of(raw["at"]),
        "type": raw["type"],
        "raw": raw,
    }
    if raw["type"] == "state":
        return StateEvent(**base, state=State(raw["state"]))
    if raw["type"] == "progress":
        return ProgressEvent(**base, fraction=raw["fraction"], message=raw.get("message"))
    if raw["type"] == "output":
        return OutputEvent(**base, text=raw["text"], stream=raw.get("stream", "stdout"))
    return Event(**base)


def kind_of(raw: Mapping[str, Any]) -> Kind:
    """A kind of the list of kinds."""
    return Kind(
        kind=raw["kind"],
        description=raw.get("description") or "",
        schema=raw.get("schema"),
        workers=tuple(raw.get("workers") or ()),
        queued=raw.get("queued") or 0,
        raw=raw,
    )
