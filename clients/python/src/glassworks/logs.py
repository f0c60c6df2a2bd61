"""What is logged for a task, in the task's output."""

from __future__ import annotations

import logging

from .context import CURRENT


class OutputHandler(logging.Handler):
    """Prints what is logged while a task runs to that task's output, as ``stderr``.

    It leaves alone what is logged otherwise, so it stands beside the handlers there are::

        logging.getLogger().addHandler(glassworks.OutputHandler())

    ``python -m glassworks`` has done so already.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record, if it was made for a task."""
        context = CURRENT.get()
        if context is None:
            return
        try:
            context._attempt.write("stderr", self.format(record) + "\n")
        except Exception:
            self.handleError(record)
