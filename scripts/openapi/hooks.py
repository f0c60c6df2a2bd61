"""Keeps the generated requests short and at home: what waits waits briefly, a followed stream has
an end, and nothing is fetched from elsewhere. What the server should refuse is left as it is."""

import os
import time

import schemathesis
from requests import Session

# Query parameters that say how long to take, by path: what they are shortened to, also where they
# are absent, and the largest value that the server accepts.
PACE = {
    "/api/slow": {"seconds": (0.05, 60)},
    "/api/stream": {"count": (3, 10_000), "interval_ms": (1, 60_000)},
}

session = Session()
session.headers["Authorization"] = f"Bearer {os.environ['GLASSWORKS_KEY']}"


@schemathesis.hook
def before_call(context, case, kwargs):
    for name, (short, longest) in PACE.get(case.path, {}).items():
        value = number(case.query.get(name, longest))
        if value is not None and short < value <= longest:
            case.query[name] = short
    keep_home(case.body)
    task = (case.path_parameters or {}).get("id")
    if task and case.query.get("follow") in (True, "true", "1", ""):
        # A stream ends with its task, so the task has to end first.
        if not ended(f"{case.operation.base_url}/api/tasks/{task}"):
            del case.query["follow"]


def ended(task):
    """Cancels a task, and says whether it is over. One that a generated worker has claimed is not:
    nobody will ever answer for that worker."""
    session.post(f"{task}/cancel", timeout=5)
    for _ in range(20):
        answer = session.get(task, timeout=5)
        state = answer.json().get("state") if answer.status_code == 200 else None
        if state not in ("queued", "scheduled", "retrying", "running"):
            return True
        time.sleep(0.1)
    return False


def number(value):
    """The number that a query string would say, if it is one."""
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def keep_home(part):
    """Points every web address in a body to this machine, where nothing listens, and has nobody wait
    for long."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "url" and isinstance(value, str) and value.startswith("http"):
                part[name] = "http://127.0.0.1:9/"
            elif name == "wait_ms" and type(value) is int and 50 < value <= 60_000:
                part[name] = 50
            else:
                keep_home(value)
    elif isinstance(part, list):
        for value in part:
            keep_home(value)
