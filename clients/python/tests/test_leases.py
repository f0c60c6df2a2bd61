"""Who keeps a lease, and who loses it."""

from __future__ import annotations

import os
import signal

import pytest
from begun import Begun
from support import LIMIT, eventually, output

from glassworks import Client, State

LEASE = 30.0
"""In seconds."""


@pytest.mark.parametrize("name", ["blocks-its-loop-0", "holds-the-interpreter-1"])
def test_a_handler_that_blocks_keeps_its_task(
    long_before: Begun, client: Client, name: str
) -> None:
    over = client.wait(long_before.tasks[name].id, timeout=LIMIT)
    assert (over.state, over.result, over.attempt) == (State.COMPLETED, "kept", 1)
    assert over.errors == ()
    assert over.node == name
    assert over.started_at is not None
    assert over.finished_at is not None
    assert (over.finished_at - over.started_at).total_seconds() > LEASE


def test_a_worker_that_is_gone_as_a_whole_loses_its_task(
    long_before: Begun, client: Client
) -> None:
    over = client.wait(long_before.tasks["is-late-3"].id, timeout=LIMIT)
    assert (over.state, over.result, over.node) == (State.COMPLETED, "on time", "second")
    assert [it.attempt for it in over.errors] == [1]
    assert over.errors[0].message.startswith("the worker is-late-3 was silent for ")


def test_the_answer_of_an_attempt_that_was_lost_does_not_count(
    long_before: Begun, client: Client
) -> None:
    id = long_before.tasks["is-late-2"].id
    over = client.wait(id, timeout=LIMIT)
    assert (over.result, over.node, over.attempt) == ("on time", "second", 2)
    os.kill(long_before.keeper, signal.SIGCONT)
    told = os.path.join(long_before.folder, "told")
    eventually("its end", lambda: os.path.exists(told) and os.path.getsize(told) > 0)
    with open(told) as file:
        assert file.read() == "lost"
    # It goes on with other tasks, and what it said is nowhere.
    assert client.get(id).result == "on time"
    assert output(client, id) == "begun\nbegun\n"
    long_before.frozen.send(signal.SIGTERM)
    assert long_before.frozen.ended() == 0
