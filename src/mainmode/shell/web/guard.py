"""Whose requests are heard: those of a page of ours, asked for by a name of ours. Knows headers, no connection.

The server stands on the machine of somebody who also has other pages open, and those can make his browser send it
requests. They may not read an answer (that is the browser's own rule), so what is left to them is to

- call it by a name of theirs that leads to this machine (DNS rebinding), and be of one origin with it: such a name is
  refused, on every request;
- send the form from a page of theirs (cross-site request forgery): the browser says where a form comes from, in Origin
  and in Sec-Fetch-Site, and the form holds a token of this process that only a page of ours can know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from ipaddress import ip_address
from typing import Final

from mainmode.secret import Secret
from mainmode.shell.web.refusal import Refusal

TOKEN_OCTETS: Final = 32
"""Nobody guesses it, and nobody has to type it."""

OWN_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""What this machine calls itself: nobody can make another machine of them."""

_HOST: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::\d{1,5})?")
"""A Host header (RFC 9112 §3.2)."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What one server goes by."""

    names: frozenset[str]
    """By which it may be called."""
    any_address: bool
    """Whether it listens on all addresses of the machine: then any address will do, which cannot be rebound."""
    token: Secret

    @classmethod
    def of(cls, listen: str, entropy: Callable[[int], bytes]) -> Guard:
        """For a server that listens on that address or name."""
        name = _canonical(listen)
        everywhere = _address(name) and ip_address(name).is_unspecified
        return cls(OWN_NAMES | {name}, bool(everywhere), Secret(entropy(TOKEN_OCTETS).hex().encode()))

    def check_host(self, headers: Mapping[str, str]) -> None:
        """Refusal of a name that is not ours. The port is not looked at: an SSH tunnel may have another one."""
        found = _HOST.fullmatch(headers.get("host", ""))
        name = _canonical(found[1] or found[2]) if found else ""
        if name not in self.names and not (self.any_address and _address(name)):
            raise Refusal(421, "refused.host")

    def check_origin(self, headers: Mapping[str, str]) -> None:
        """Refusal of a form that a page of somebody else sent. A browser says where it comes from in at least one of
        the two; whoever says neither is none, and is asked for the token like everybody."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site not in (None, "same-origin"):
            raise Refusal(403, "refused.origin")
        if origin is not None and origin.lower() != f"http://{headers.get('host', '').lower()}":
            raise Refusal(403, "refused.origin")

    def check_token(self, token: bytes) -> None:
        if not compare_digest(token, self.token.reveal()):
            raise Refusal(403, "refused.token")


def is_loopback(listen: str) -> bool:
    """Whether only this machine reaches that address. A name other than localhost may be anything."""
    name = _canonical(listen)
    return ip_address(name).is_loopback if _address(name) else name == "localhost"


def _canonical(name: str) -> str:
    return str(ip_address(name)) if _address(name) else name.lower()


def _address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
