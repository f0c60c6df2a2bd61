"""What an attempt says reaches the keeper whole, in order, and within bounds."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from support import LIMIT, eventually

from glassworks import TaskCancelled
from glassworks._attempt import KEPT, Attempt
from glassworks._held import BUFFER, Unsaid

CLAIMED = {"task": "1", "kind": "k", "attempt": 1, "payload": {}, "timeout_ms": 1_000}


def attempt(sent: list[dict[str, Any]], loop_thread: int) -> Attempt:
    return Attempt(1, CLAIMED, "w", sent.append, lambda: None, loop_thread)


def text_of(sent: list[dict[str, Any]]) -> str:
    return "".join(it["text"] for it in sent if it["t"] == "output")


def test_a_thread_waits_while_nobody_takes_what_it_prints() -> None:
    sent: list[dict[str, Any]] = []
    it = attempt(sent, loop_thread=0)
    lines = [f"{n}\n" for n in range(100_000)]

    def work() -> None:
        for line in lines:
            it.write("stdout", line)
        it.end({"outcome": "release"})

    threading.Thread(target=work, daemon=True).start()
    taken = 0

    def is_stuck() -> bool:
        return len(text_of(sent)) - taken >= BUFFER

    for _ in range(2):
        eventually("a full buffer", is_stuck)
        more = len(text_of(sent)) - taken
        assert more < 2 * BUFFER
        taken += more
        it.taken(more)
    # One that is lost does not wait any more, and has nothing to say.
    it.stop("lost")
    eventually("its end", lambda: it.over)
    assert sent[-1]["t"] == "end"
    assert "".join(lines).startswith(text_of(sent))


def test_an_event_loop_does_not_wait_and_the_task_says_what_is_missing() -> None:
    sent: list[dict[str, Any]] = []
    it = attempt(sent, loop_thread=threading.get_ident())
    line = "x" * 1_000 + "\n"
    for _ in range(3_000):
        it.write("stdout", line)
    assert len(text_of(sent)) <= BUFFER + len(line)
    first = len(text_of(sent))
    it.taken(first)
    said = text_of(sent)
    kept = said.index("\n[") // len(line)
    assert KEPT - len(line) <= kept * len(line) <= KEPT
    left_out = (3_000 - kept) * len(line)
    assert f"[{left_out} bytes left out: the server did not take them in time]" in said
    it.taken(len(said) - first)
    it.write("stdout", "more\n")
    assert text_of(sent).endswith("]\nmore\n")
    # What is long, and finds nothing in its way, is not left out.
    it.taken(len("more\n"))
    it.write("stdout", "y" * (2 * KEPT))
    it.flush()
    assert text_of(sent).endswith("y" * (2 * KEPT))


def test_only_a_thread_is_told_to_stop_by_a_call() -> None:
    it = attempt([], loop_thread=threading.get_ident())
    it.stop("cancelled")
    it.context.progress(1)
    raised: list[str] = []

    def call() -> None:
        try:
            it.context.log("a line")
        except TaskCancelled as stopped:
            raised.append(stopped.reason)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join(LIMIT)
    assert raised == ["cancelled"]
    assert it.context.cancel_reason == "cancelled"
    it.stop("shutdown")
    assert it.context.cancel_reason == "cancelled"
    it.stop("lost")
    assert it.context.cancel_reason == "lost"


@pytest.mark.parametrize("known", range(12))
def test_what_the_server_has_is_not_told_again(known: int) -> None:
    unsaid = Unsaid()
    for stream, text in (("stdout", "one\n"), ("stdout", "é\n"), ("stderr", "oh\n")):
        unsaid.add(stream, text)
    whole = b"one\n\xc3\xa9\noh\n"
    assert unsaid.size == len(whole) == 10
    forgotten = unsaid.forget_until(known)
    # Not in the middle of a character, and not beyond the end.
    assert forgotten == {5: 4, 11: 10}.get(known, known)
    pieces = unsaid.first(1_000)
    assert "".join(it["text"] for it in pieces).encode() == whole[forgotten:]
    assert [it["offset"] for it in pieces[:1]] == [forgotten][: len(pieces)]
    assert sum(len(it["text"].encode()) for it in unsaid.first(2)) <= 2
