"""What is asked for a hundred times is done at once and once more."""

from __future__ import annotations

import asyncio

from mainmode.shell.seldom import Seldom


def test_it_is_done_at_once_and_again_only_if_it_was_asked_for_since() -> None:
    async def ask() -> list[int]:
        done: list[float] = []
        seldom = Seldom(0.5, lambda: done.append(asyncio.get_running_loop().time()))
        counts = []
        for times in (1, 100, 0):
            for _ in range(times):
                seldom()
            counts.append(len(done))
            await asyncio.sleep(1.2 if times != 1 else 0)
            counts.append(len(done))
        assert done[1] - done[0] >= 0.49
        return counts

    assert asyncio.run(ask()) == [1, 1, 1, 2, 2, 2]
