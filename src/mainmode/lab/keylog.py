"""The keys of a run in Wireshark's own files, so that a capture can be opened. Knows keys, and no file system.

The one place in the lab that reveals a `Secret`. It works only when the user asked (`--keylog`): `KeyLog.watch` is then
hung on each site. The files give away everything the tunnel carried; who writes them gives them mode 0600.

Formats: Wireshark's user tables `ikev1_decryption_table` (initiator cookie, encryption key) and `esp_sa`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from mainmode.gateway import Action, Gateway
from mainmode.gateway.engine import Install, Move
from mainmode.ipsec.sa import IpsecSa

_CIPHERS: Final = {
    "esp-des": "DES-CBC [RFC2405]",
    "esp-3des": "TripleDES-CBC [RFC2451]",
    "esp-aes": "AES-CBC [RFC3602]",
    "esp-aes-192": "AES-CBC [RFC3602]",
    "esp-aes-256": "AES-CBC [RFC3602]",
    "esp-null": "NULL",
}
_AUTHS: Final = {
    "esp-md5-hmac": "HMAC-MD5-96 [RFC2403]",
    "esp-sha-hmac": "HMAC-SHA-1-96 [RFC2404]",
}
"""What Wireshark calls the algorithms."""


class Box(Protocol):
    """Whatever a gateway runs in."""

    @property
    def gateway(self) -> Gateway: ...


class KeyLog:
    """Collects the keys of both sites while a lab runs."""

    def __init__(self) -> None:
        self._ike: dict[bytes, tuple[bool, bytes]] = {}
        """By initiator cookie: whether the initiator said it, and the key."""
        self._esp: dict[tuple[object, ...], str] = {}

    def watch(self, box: Box, actions: Sequence[Action]) -> None:
        """Look at what a gateway has now; `actions` are what it has just decided."""
        for sa in box.gateway.ike_sas:
            if sa.cipher_key is None:
                continue
            # With two different pre-shared keys there are two: MM5 is encrypted with the initiator's.
            by_initiator = sa.role == "initiator"
            if by_initiator or not self._ike.get(sa.initiator_cookie, (False, b""))[0]:
                self._ike[sa.initiator_cookie] = by_initiator, sa.cipher_key.reveal()
        for action in actions:
            if isinstance(action, Install | Move):  # in the lab both ends install an SA; it is one row
                in_use = action.sa if isinstance(action, Install) else action.after
                self._esp[in_use.id] = _esp_row(in_use)

    def files(self) -> dict[str, bytes]:
        """By name: the files of Wireshark's profile directory."""
        ike = "".join(f"{cookie.hex()},{key.hex()}\n" for cookie, (_, key) in self._ike.items())
        return {"ikev1_decryption_table": ike.encode(), "esp_sa": "".join(self._esp.values()).encode()}


def _esp_row(sa: IpsecSa) -> str:
    source, destination = (sa.local, sa.remote) if sa.direction == "outbound" else (sa.remote, sa.local)
    fields = (
        "IPv4",
        str(source),
        str(destination),
        f"0x{sa.spi:08x}",
        _CIPHERS[sa.cipher.name],
        _hex(sa.encryption_key.reveal()),
        _AUTHS[sa.auth.name] if sa.auth else "NULL",
        _hex(sa.authentication_key.reveal()),
    )
    return ",".join(f'"{field}"' for field in fields) + "\n"


def _hex(key: bytes) -> str:
    return f"0x{key.hex()}" if key else ""
