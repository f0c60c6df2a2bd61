"""``python -m glassworks MODULE:WORKER`` runs a worker."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys

from ._version import __version__
from .errors import WorkerError
from .logs import OutputHandler
from .worker import Worker


def main() -> int:
    """Run the worker that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m glassworks",
        description="Runs a worker until SIGTERM or SIGINT, and then lets its tasks end.",
    )
    parser.add_argument("worker", metavar="MODULE:WORKER", help="where it is, as `app:worker`")
    parser.add_argument("--verbose", action="store_true", help="log each attempt")
    parser.add_argument("--version", action="version", version=f"glassworks {__version__}")
    options = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    logging.getLogger().addHandler(OutputHandler())
    if options.verbose:
        logging.getLogger("glassworks").setLevel(logging.DEBUG)
    # httpx would log each request.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sys.path.insert(0, os.getcwd())
    name, _, member = options.worker.partition(":")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        parser.error(f"there is no module {name!r} here")
    worker = getattr(module, member or "worker", None)
    if not isinstance(worker, Worker):
        parser.error(f"{options.worker!r} is no worker")
    try:
        worker.run()
    except WorkerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
