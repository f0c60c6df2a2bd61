"""Server-sent events are read however the network cuts them."""

from __future__ import annotations

import pytest

from glassworks._sse import Decoder, Message

STREAM = (
    ': alive\n\nid: 1\nevent: state\ndata: {"a": 1}\n\n'
    'id: 2\r\nevent: output\r\ndata: {"text": "a\u2028b\x85c"}\r\n\r\n'
    "data: one\ndata: two\n\nevent: nothing\n\n"
).encode()

MESSAGES = [
    Message("state", '{"a": 1}', "1"),
    Message("output", '{"text": "a\u2028b\x85c"}', "2"),
    Message("message", "one\ntwo", None),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
def test_a_stream_is_read_in_pieces_of_any_size(size: int) -> None:
    decoder = Decoder()
    read: list[Message] = []
    for start in range(0, len(STREAM), size):
        read.extend(decoder.feed(STREAM[start : start + size]))
    assert read == MESSAGES
