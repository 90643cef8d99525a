"""What is said goes through a pipe, whether somebody reads it or not."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from mainmode.shell.outlet import BACKLOG, Outlet
from tests.peers.world import SOON, until

LINE = "x" * 99 + "\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(writer)


def everything(reader: int, end: bytes) -> bytes:
    """What comes until `end` has."""
    read = b""
    while end not in read:
        read += os.read(reader, 1 << 16)
    return read


def test_lines_come_in_order_and_parts_of_one_as_one(pipe: tuple[int, int]) -> None:
    outlet = Outlet(pipe[1])
    print("first", "line", file=outlet)
    print("second", end="", file=outlet)
    print(" line\nthird", file=outlet, flush=True)
    outlet.end()
    assert os.read(pipe[0], 1000) == b"first line\nsecond line\nthird\n"
    os.close(pipe[0])


def test_what_nobody_reads_is_lost_and_told_where_it_is_missing(pipe: tuple[int, int]) -> None:
    outlet = Outlet(pipe[1])
    written = 2 * BACKLOG // len(LINE)
    began = time.monotonic()
    for _ in range(written):
        outlet.write(LINE)
    assert time.monotonic() - began < 20  # and not for ever
    # All that waited may have become one piece: until the whole of it is written there is no room for more.
    read = b""
    while len(read) <= BACKLOG - len(LINE):
        read += os.read(pipe[0], 1 << 16)
    until(lambda: outlet._size < BACKLOG // 2, SOON, "room for more")
    outlet.write("at last\n")
    read += everything(pipe[0], b"at last\n")
    *before, told, last = read.decode().splitlines()
    assert set(before) == {LINE.rstrip()}
    assert told == f"mainmode: {written - len(before)} lines were lost here: they could not be written"
    assert last == "at last"
    outlet.end()
    os.close(pipe[0])


def test_a_reader_that_has_gone_is_told_once(pipe: tuple[int, int]) -> None:
    told: list[str] = []
    outlet = Outlet(pipe[1], told.append)
    os.close(pipe[0])
    for _ in range(100):
        outlet.write(LINE)
        time.sleep(0.001)
    outlet.end()
    assert told == ["stdout: Broken pipe: what is said there is lost"]
