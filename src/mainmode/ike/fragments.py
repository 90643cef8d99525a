"""ISAKMP messages in pieces: Cisco's payload 132, which keeps big messages below what a path loses as IP fragments.

Knows pieces and their order; not what is in them. A piece carries a stretch of the whole message, header included, and
nothing that could be verified: so everything here is bounded, in number, size and time, there is one set of pieces per
IKE SA, and a message that was put together is worth no more than one that came in a single datagram.
"""

from __future__ import annotations

from typing import Final

from mainmode.events import Event, FragmentDropped, FragmentsAssembled, FragmentSetReplaced, FragmentsIncomplete
from mainmode.ike.persona import Persona
from mainmode.wire import HEADER_SIZE, MAX_MESSAGE, Fragment, Header, Message, encode_header, encode_payloads

MAX_UNBROKEN: Final = 552
"""Octets of an ISAKMP message that goes out whole, and of a piece: what racoon uses (FACTS §1.3), and what with UDP and
IP header passes wherever IPv4 does (576)."""

SET_SECONDS: Final = 30.0
"""How long pieces wait for the rest: as long as a message is repeated."""

_PER_PIECE: Final = HEADER_SIZE + 8
"""Octets of message header, payload header, id, number and flags before each piece."""


class Pieces:
    """The set of pieces that one IKE SA is receiving: at most 255, as their number is one octet."""

    __slots__ = ("_began_at", "_id", "_last", "_pieces", "_size")

    def __init__(self) -> None:
        self._clear(0, 0.0)

    def _clear(self, id: int, now: float) -> None:
        self._id = id
        self._began_at = now
        self._last = 0
        """The number of the last piece; 0 while it has not come."""
        self._pieces: dict[int, bytes] = {}
        self._size = 0

    def __len__(self) -> int:
        """Octets that are held."""
        return self._size

    def add(self, piece: Fragment, now: float) -> tuple[bytes | None, list[Event]]:
        """Take a piece. Returns the whole message if it is complete by it, and what an ASA says.

        A piece that came already stands: who guesses a number cannot put another in its place.
        """
        said: list[Event] = []
        if self._pieces and now >= self._began_at + SET_SECONDS:
            said.append(FragmentsIncomplete())
            self._clear(piece.id, now)
        elif self._pieces and piece.id != self._id:
            said.append(FragmentSetReplaced())
            self._clear(piece.id, now)
        elif not self._pieces:
            self._clear(piece.id, now)
        wrong = self._fault(piece)
        if wrong:
            return None, [*said, FragmentDropped(wrong)]
        self._pieces[piece.index] = piece.data
        self._size += len(piece.data)
        if piece.last:
            self._last = piece.index
        if len(self._pieces) != self._last:
            return None, [*said, FragmentsIncomplete()] if piece.last else said
        whole = b"".join(self._pieces[index] for index in range(1, self._last + 1))
        self._clear(0, now)
        return whole, [*said, FragmentsAssembled()]

    def _fault(self, piece: Fragment) -> str:
        """Why a piece does not belong to the set, empty if it does.

        With these checks as many pieces as the last one's number are all the numbers up to it.
        """
        if piece.index in self._pieces:
            return "duplicate"
        if self._last and (piece.last or piece.index > self._last):
            return "beyond the last fragment"
        if piece.last and any(index > piece.index for index in self._pieces):
            return "last fragment before others"
        if self._size + len(piece.data) > MAX_MESSAGE:
            return "message too long"
        return ""


def piece_of(message: Message) -> Fragment | None:
    """The piece a message carries; None if it is a whole message. A piece comes alone and in the clear."""
    first = message.payloads[0] if message.payloads else None
    return first if isinstance(first, Fragment) and len(message.payloads) == 1 else None


def breaks(persona: Persona, peer_takes_pieces: bool, length: int) -> bool:
    """Whether a message of so many octets goes out in pieces."""
    return peer_takes_pieces and persona.fragmentation and MAX_UNBROKEN < length <= MAX_MESSAGE


def broken(datagram: bytes, id: int) -> list[bytes]:
    """A message as the datagrams that carry it in pieces; each has the message's own cookies, exchange and id."""
    header = datagram[:HEADER_SIZE]
    room = MAX_UNBROKEN - _PER_PIECE
    starts = range(0, len(datagram), room)
    pieces = []
    for index, start in enumerate(starts, 1):
        piece = Fragment(id, index, index == len(starts), datagram[start : start + room])
        first, chain = encode_payloads((piece,))
        outer = Header(
            header[:8], header[8:16], first, header[18], 0, int.from_bytes(header[20:24]), HEADER_SIZE + len(chain)
        )
        pieces.append(encode_header(outer) + chain)
    return pieces
