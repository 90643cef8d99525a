"""ISAKMP messages in pieces: put together within bounds, sent where a message is long and the peer takes pieces."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainmode.events import FragmentDropped, FragmentsAssembled, FragmentSetReplaced, FragmentsIncomplete
from mainmode.ike.fragments import MAX_UNBROKEN, SET_SECONDS, Pieces, broken, piece_of
from mainmode.ike.persona import ASA, Persona
from mainmode.ike.sa import Endpoint
from mainmode.lab.elements import SmallMtu
from mainmode.lab.faults import Fault, FaultyStretch
from mainmode.wire import MAX_MESSAGE, Fragment, Header, decode, encode_header, encode_payloads
from tests.lab.pairs import OUTSIDE, transform_set
from tests.life.world import World, pair

MANY = tuple(
    transform_set(encryption, authentication, f"{encryption}-{authentication}")
    for encryption in ("esp-aes-256", "esp-aes-192", "esp-aes", "esp-3des", "esp-des", "esp-null")
    for authentication in ("esp-sha-hmac", "esp-md5-hmac")
)
"""Transform sets enough for a QM1 of more than `MAX_UNBROKEN` octets."""


def chatty(nat: str | None = None, persona: Persona = ASA) -> World:
    configs = pair(nat, sets=MANY)
    names = tuple(one.name for one in MANY)
    for name in "ab":
        crypto_map = configs[name].crypto_maps["MAP"]
        entries = tuple(replace(one, transform_sets=names) for one in crypto_map.entries)
        configs[name] = replace(configs[name], crypto_maps={"MAP": replace(crypto_map, entries=entries)})
    return World(configs, nat=nat, personas=(persona, persona))


def pieces_of(datagram: bytes, id: int = 1) -> list[Fragment]:
    return [piece for one in broken(datagram, id) if (piece := piece_of(decode(one))) is not None]


def message(length: int) -> bytes:
    header = Header(b"i" * 8, b"r" * 8, 0, 32, 1, 0x1234, length)
    return encode_header(header) + bytes(at & 0xFF for at in range(length - 28))


# --- the tunnel ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nat", [None, "a"])
def test_a_long_message_goes_in_pieces_through_a_path_that_loses_ip_fragments(nat: str | None) -> None:
    world = chatty(nat)
    world.network.elements.append(SmallMtu(MAX_UNBROKEN + 32))
    world.bring_up()
    assert len(world.said("b", FragmentsAssembled)) == 1
    world.check_traffic()
    world.check_nothing_left()


def test_to_a_peer_that_did_not_offer_it_a_long_message_goes_whole_and_is_lost_on_such_a_path() -> None:
    world = chatty(persona=replace(ASA, fragmentation=False))
    world.network.elements.append(SmallMtu(MAX_UNBROKEN + 32))
    world.ask("a")
    world.pass_time(1.0)
    assert not world.up
    assert not world.said("b", FragmentsAssembled)
    world.network.elements.clear()
    world.pass_time(10.0)
    assert world.up, world.describe()


@pytest.mark.parametrize("action", ["drop", "duplicate", "delay", "reorder"])
def test_a_piece_disturbed_and_the_message_arrives_with_its_repetition(action: str) -> None:
    world = chatty()
    world.network.elements.append(FaultyStretch(Fault(action, "QM1")))
    world.ask("a")
    world.pass_time(12.0)
    assert world.up, world.describe()
    world.check_traffic()
    world.pass_time(100.0)
    world.check_nothing_left()


# --- putting together ---------------------------------------------------------------------------------------------


@given(st.data())
def test_pieces_in_any_order_make_the_message_again(data: st.DataObject) -> None:
    datagram = message(data.draw(st.integers(28, MAX_MESSAGE)))
    receiver = Pieces()
    *got, whole = [receiver.add(piece, 0.0)[0] for piece in data.draw(st.permutations(pieces_of(datagram)))]
    assert whole == datagram
    assert not any(got)
    assert len(receiver) == 0


def test_every_piece_is_a_message_with_the_cookies_exchange_and_id_of_the_whole() -> None:
    datagram = message(2000)
    for one in broken(datagram, 7):
        assert len(one) <= MAX_UNBROKEN
        header = decode(one).header
        assert (header.initiator_cookie, header.responder_cookie) == (b"i" * 8, b"r" * 8)
        assert (header.exchange, header.message_id, header.next_payload) == (32, 0x1234, 132)


def test_a_piece_that_came_already_stands() -> None:
    first, *rest = pieces_of(message(1500))
    receiver = Pieces()
    receiver.add(first, 0.0)
    assert receiver.add(replace(first, data=b"forged"), 0.0) == (None, [FragmentDropped("duplicate")])
    assert [receiver.add(piece, 0.0)[0] for piece in rest][-1] == message(1500)


def test_two_hundred_and_fifty_five_pieces_that_never_complete_hold_no_more_than_one_message_may_have() -> None:
    receiver = Pieces()
    for index in range(1, 256):
        receiver.add(Fragment(1, index, False, bytes(512)), 0.0)
    assert len(receiver) <= MAX_MESSAGE


def test_a_last_piece_that_leaves_gaps_is_told_and_waits_for_the_others() -> None:
    *others, last = pieces_of(message(1500))
    receiver = Pieces()
    assert receiver.add(last, 0.0) == (None, [FragmentsIncomplete()])
    assert [receiver.add(piece, 0.0)[0] for piece in others][-1] == message(1500)


def test_another_set_takes_the_place_of_the_one_before() -> None:
    receiver = Pieces()
    receiver.add(pieces_of(message(1500), 1)[0], 0.0)
    whole, said = receiver.add(pieces_of(message(1500), 2)[0], 0.0)
    assert whole is None
    assert said == [FragmentSetReplaced()]


def test_pieces_do_not_wait_longer_than_a_message_is_repeated() -> None:
    receiver = Pieces()
    first, *rest = pieces_of(message(2000))
    receiver.add(first, 0.0)
    whole, said = receiver.add(rest[0], SET_SECONDS)
    assert whole is None
    assert said == [FragmentsIncomplete()]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 255), st.booleans(), st.binary(max_size=60)), max_size=60))
def test_whatever_pieces_come_what_is_held_is_bounded(rows: list[tuple[int, int, bool, bytes]]) -> None:
    receiver = Pieces()
    for id, index, last, data in rows:
        receiver.add(Fragment(id, index, last, data), 0.0)
        assert len(receiver) <= MAX_MESSAGE


# --- a gateway under attack ---------------------------------------------------------------------------------------


def send_piece(world: World, piece: Fragment, port: int = 500) -> None:
    """A piece for the SA that b has, from where a's messages come from."""
    (sa,) = world.gateway("b").ike_sas
    first, chain = encode_payloads((piece,))
    header = Header(sa.initiator_cookie, sa.responder_cookie, first, 32, 0, 9, 28 + len(chain))
    datagram = encode_header(header) + chain
    world.gateway("b").receive(datagram, Endpoint(OUTSIDE["a"], port), world.network.now, Endpoint(OUTSIDE["b"], 500))


def test_forged_pieces_cost_a_tunnel_nothing_but_their_memory() -> None:
    world = World()
    world.bring_up()
    for round in range(50):
        for index in range(1, 256):
            send_piece(world, Fragment(round, index, index == 255, bytes(40)))
    (sa,) = world.gateway("b").ike_sas
    assert len(sa.pieces) <= MAX_MESSAGE
    world.check_traffic()
    world.check_invariants()
    world.check_nothing_left()


def test_pieces_from_another_port_are_not_taken() -> None:
    world = World()
    world.bring_up()
    send_piece(world, Fragment(1, 1, False, bytes(40)), port=501)
    (sa,) = world.gateway("b").ike_sas
    assert len(sa.pieces) == 0


def test_pieces_in_pieces_are_refused() -> None:
    world = World()
    world.bring_up()
    (sa,) = world.gateway("b").ike_sas
    first, chain = encode_payloads((Fragment(1, 1, False, b"x"),))
    inner = encode_header(Header(sa.initiator_cookie, sa.responder_cookie, first, 32, 0, 9, 28 + len(chain))) + chain
    before = world.gateway("b").counters["malformed"]
    send_piece(world, Fragment(2, 1, True, inner))
    assert world.gateway("b").counters["malformed"] == before + 1
