"""Client and worker for Glassworks, the async task server you can see through.

To hand over work, and to watch it: :class:`Client`, or :class:`AsyncClient`. To run it:
:class:`Worker`.
"""

from ._version import __version__
from .aio import AsyncClient
from .client import Client
from .context import Context, current
from .errors import (
    ApiError,
    BadRequest,
    Conflict,
    ConnectionFailed,
    Fail,
    FieldError,
    Forbidden,
    GlassworksError,
    NotFound,
    Retry,
    TaskCancelled,
    TaskFailed,
    Unauthorized,
    Unavailable,
    WaitTimeout,
    WorkerError,
)
from .logs import OutputHandler
from .models import (
    Event,
    Failure,
    Kind,
    NewTask,
    OutputEvent,
    Progress,
    ProgressEvent,
    RetryPolicy,
    State,
    StateEvent,
    Task,
    TaskSummary,
)
from .worker import Worker

__all__ = [
    "ApiError",
    "AsyncClient",
    "BadRequest",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Context",
    "Event",
    "Fail",
    "Failure",
    "FieldError",
    "Forbidden",
    "GlassworksError",
    "Kind",
    "NewTask",
    "NotFound",
    "OutputEvent",
    "OutputHandler",
    "Progress",
    "ProgressEvent",
    "Retry",
    "RetryPolicy",
    "State",
    "StateEvent",
    "Task",
    "TaskCancelled",
    "TaskFailed",
    "TaskSummary",
    "Unauthorized",
    "Unavailable",
    "WaitTimeout",
    "Worker",
    "WorkerError",
    "__version__",
    "current",
]
