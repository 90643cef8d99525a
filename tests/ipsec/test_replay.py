"""The anti-replay window against the plainest model there is, and against what an ASA prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.ipsec.replay import SIZES, ReplayWindow

LAST = 0xFFFFFFFF
sizes = st.sampled_from(SIZES)
# Near each other, so that the window matters, with jumps and both ends of the number space.
numbers = st.one_of(st.integers(0, 200), st.integers(900, 2300), st.integers(LAST - 1100, LAST), st.integers(0, LAST))


def received(window: ReplayWindow, sequence: int) -> bool:
    accepted = window.check(sequence)
    if accepted:
        window.mark(sequence)
    return accepted


@given(sizes, st.lists(numbers, max_size=80))
def test_the_window_is_the_set_of_numbers_received(size: int, sequence: list[int]) -> None:
    window, seen, top = ReplayWindow(size), {0}, 0
    for number in sequence:
        assert received(window, number) == (number > top - size and number not in seen), (number, top)
        if number > top - size:
            seen.add(number)
        top = max(top, number)
        bitmap = int.from_bytes(b"".join(word.to_bytes(4) for word in window.words))
        assert bitmap == sum(1 << top - n for n in seen if n > top - size)
        assert len(window.words) * 32 == size


@given(sizes, st.lists(numbers, max_size=80))
def test_no_number_is_accepted_twice(size: int, sequence: list[int]) -> None:
    window = ReplayWindow(size)
    accepted = [number for number in sequence + sequence if received(window, number)]
    assert len(accepted) == len(set(accepted))
    assert 0 not in accepted


@given(sizes, st.permutations(range(1, 61)))
def test_no_packet_of_one_windows_width_is_lost_to_reordering(size: int, order: list[int]) -> None:
    window = ReplayWindow(size)
    assert all(received(window, number) for number in order)


def test_a_check_alone_moves_nothing() -> None:
    window = ReplayWindow(64)
    assert window.check(LAST)
    assert (window.top, window.words) == (0, (0, 1))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([], (0, 0x00000001)),  # a fresh SA
        ([1, 2, 3, 4], (0, 0x0000001F)),  # the document's four pings
        ([1, 2, 4], (0, 0x0000001D)),
        (range(1, 32), (0, 0xFFFFFFFF)),
        (range(1, 33), (1, 0xFFFFFFFF)),
        (range(1, 200), (0xFFFFFFFF, 0xFFFFFFFF)),
        ([64], (0, 1)),  # 0 has just left the window
        ([63], (0x80000000, 1)),
        ([LAST], (0, 1)),
    ],
)
def test_the_bitmap_prints_as_an_asa_prints_it(numbers: list[int], words: tuple[int, int]) -> None:
    window = ReplayWindow(64)
    for number in numbers:
        assert received(window, number)
    assert window.words == words


def test_the_window_ends_at_the_last_number() -> None:
    window = ReplayWindow(64)
    assert received(window, LAST)
    assert received(window, LAST - 63)
    assert not received(window, LAST - 64)
    assert not received(window, LAST)
    assert not received(window, 1)


def test_without_a_window_only_zero_is_refused() -> None:
    window = ReplayWindow(0)
    assert not received(window, 0)
    for number in (LAST, 1, 1, LAST):
        assert received(window, number)
    assert window.top == LAST
