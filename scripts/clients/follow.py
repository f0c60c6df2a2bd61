"""Submits a task with the client that was generated from the OpenAPI document, and follows it."""

import sys
import time

from glassworks_client import Client
from glassworks_client.api.live import task_events
from glassworks_client.api.tasks import submit_task
from glassworks_client.models import (
    AcceptedTask,
    EventsPage,
    NewSleepTask,
    NewSleepTaskKind,
    OutputEvent,
    Problem,
    SleepPayload,
    State,
    StateEvent,
)

FINAL = {State.COMPLETED, State.FAILED, State.CANCELLED}

client = Client(base_url=sys.argv[1])
task = NewSleepTask(
    kind=NewSleepTaskKind.SLEEP, payload=SleepPayload(seconds=0.2, steps=2), tags=["from-python"]
)
accepted = submit_task.sync(client=client, body=task)
assert isinstance(accepted, AcceptedTask), accepted
assert not accepted.existing

seen, printed, state = 0, "", None
while state not in FINAL:
    page = task_events.sync(accepted.id, client=client, after=seen)
    assert isinstance(page, EventsPage), page
    for event in page.events:
        if isinstance(event, StateEvent):
            state = event.state
        elif isinstance(event, OutputEvent):
            printed += event.text
        seen = event.seq
    time.sleep(0.02)
assert state == State.COMPLETED, state
assert printed == "step 1 of 2\nstep 2 of 2\n", printed

refused = submit_task.sync(
    client=client,
    body=NewSleepTask(kind=NewSleepTaskKind.SLEEP, payload=SleepPayload(seconds=-1.0)),
)
assert isinstance(refused, Problem), refused
assert refused.code == "invalid", refused
assert refused.errors[0].pointer == "/payload/seconds", refused
