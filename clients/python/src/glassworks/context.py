"""What a handler sees of its attempt."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._attempt import Attempt


class Context:
    """One attempt at a task, for the handler that makes it.

    A handler has it as its parameter ``ctx``; :func:`current` gives it to code further down. In a
    sync handler each call here raises :class:`~glassworks.TaskCancelled` when the task is to stop.
    """

    def __init__(self, attempt: Attempt, claimed: Mapping[str, Any], worker: str) -> None:
        self._attempt = attempt
        self.task_id: str = claimed["task"]
        """The task's id."""
        self.kind: str = claimed["kind"]
        """The task's kind."""
        self.attempt: int = claimed["attempt"]
        """Which attempt this is, from 1."""
        self.payload: Mapping[str, Any] = claimed["payload"]
        """What the task was submitted with."""
        self.timeout: float = claimed["timeout_ms"] / 1_000
        """How long the attempt may take, in seconds."""
        self.traceparent: str | None = claimed.get("traceparent")
        """The trace the task belongs to (W3C Trace Context)."""
        self.worker = worker
        """The name of the worker that makes it."""

    def progress(self, done: float, total: float = 1.0, message: str | None = None) -> None:
        """Say how far it is: ``done`` of ``total``, and what it is doing."""
        fraction = min(1.0, max(0.0, done / total)) if total else 1.0
        self._attempt.progress(fraction, message)
        self.check()

    def log(self, text: object, *, stream: str = "stdout") -> None:
        """Print a line to the task's output; so does ``print``.

        Args:
            text: The line.
            stream: ``stdout`` or ``stderr``.

        """
        if stream not in ("stdout", "stderr"):
            raise ValueError("`stream` is `stdout` or `stderr`")
        self._attempt.write(stream, f"{text}\n")
        self.check()

    def sleep(self, seconds: float) -> None:
        """Sleep in a sync handler, and wake when the task is to stop."""
        self._attempt.stopping.wait(seconds)
        self.check()

    def check(self) -> None:
        """Raise :class:`~glassworks.TaskCancelled` if the task is to stop.

        In an async handler it does nothing: there the exception comes where it awaits.
        """
        self._attempt.check()

    @property
    def cancelled(self) -> bool:
        """Whether the task is to stop."""
        return self.cancel_reason is not None

    @property
    def cancel_reason(self) -> str | None:
        """Why the task is to stop, if it is.

        ``cancelled``: somebody asked for it. ``timeout``: the attempt has taken as long as it may.
        ``lost``: another attempt has taken its place. ``shutdown``: the worker ends, and the task
        goes back to its queue.
        """
        return self._attempt.stop_reason


CURRENT: ContextVar[Context | None] = ContextVar("glassworks_context", default=None)


def current() -> Context:
    """The context of the task that the calling code runs for.

    It is known in the handler, in what that awaits or starts with ``asyncio``, and in
    ``asyncio.to_thread``; a ``threading.Thread`` of one's own has none.

    Raises:
        LookupError: The code runs for no task.

    """
    context = CURRENT.get()
    if context is None:
        raise LookupError("this code does not run for a task")
    return context
