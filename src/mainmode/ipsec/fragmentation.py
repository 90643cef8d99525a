"""IPv4 fragmentation (RFC 791 §3.2): one packet to several that fit. Knows no SA and asks nobody whether it may."""

from __future__ import annotations

from typing import Final

from mainmode.ipsec.checksum import checksum

DONT_FRAGMENT: Final = 0x4000
MORE_FRAGMENTS: Final = 0x2000
OFFSET: Final = 0x1FFF
"""The flags and the fragment offset, which counts in units of 8 octets, in the fourth word of a header."""

_END, _NO_OPERATION = 0, 1
_COPIED: Final = 0x80
"""Of an option's type: it goes into every fragment."""
_HEADER: Final = 20


def fragments(packet: bytes, largest: int) -> list[bytes] | None:
    """`packet` in pieces of at most `largest` octets, in order, each with its checksum; None if no piece would fit.

    The packet's headers are sound (`read_packet`), its length is its total length, and it is no illegal fragment. It
    may be a fragment already: then the pieces are fragments of what it is a fragment of. That it may forbid this is
    not looked at; the pieces permit it.
    """
    header_length = (packet[0] & 15) * 4
    field = int.from_bytes(packet[6:8]) & ~DONT_FRAGMENT
    header, body = packet[:header_length], packet[header_length:]
    pieces: list[bytes] = []
    at = 0
    while True:
        room = largest - len(header)
        rest = len(body) - at
        size = rest if rest <= room else room // 8 * 8
        if size <= 0:
            return None
        more = MORE_FRAGMENTS if size < rest else 0
        pieces.append(_piece(header, field + at // 8 | more, body[at : at + size]))
        at += size
        if at >= len(body):
            return pieces
        if at == size:
            header = _later_header(header)


def _piece(header: bytes, field: int, body: bytes) -> bytes:
    made = bytearray(header)
    made[2:4] = (len(header) + len(body)).to_bytes(2)
    made[6:8] = field.to_bytes(2)
    made[10:12] = bytes(2)
    made[10:12] = checksum(bytes(made)).to_bytes(2)
    return bytes(made) + body


def _later_header(header: bytes) -> bytes:
    """The header of every fragment but the first: with those options only that say they are to be copied."""
    options = bytearray()
    at = _HEADER
    while at < len(header) and header[at] != _END:
        if header[at] == _NO_OPERATION:
            at += 1
            continue
        length = header[at + 1] if at + 1 < len(header) else 0
        if length < 2 or at + length > len(header):
            break  # broken: whoever reads it would stop here as well
        if header[at] & _COPIED:
            options += header[at : at + length]
        at += length
    options += bytes(-len(options) % 4)
    return bytes([header[0] & 0xF0 | (_HEADER + len(options)) // 4]) + header[1:_HEADER] + bytes(options)
