"""Pre-shared keys that a configuration does not tell, because `show running-config` prints stars for them.

Knows two configurations. The lab takes a masked key to be the one that the far site has for this one: what is wrong
with it cannot be seen here, and everything else can.
"""

from __future__ import annotations

from dataclasses import replace

from mainmode.config.model import DEFAULT_L2L_GROUP, Config, TunnelGroup
from mainmode.secret import MASK, Secret
from mainmode.span import Span


def unmasked(config: Config, far: Config) -> tuple[Config, tuple[Span, ...]]:
    """The configuration with every masked key filled in, and the lines where that was done.

    Where the far site's key is masked too, both get the stars themselves for a key.
    """
    filled = {
        name: replace(group, pre_shared_key=_key_of(config, far)) if group.key_masked else group
        for name, group in config.tunnel_groups.items()
    }
    places = (
        group.spans.get("pre-shared-key") or group.span for group in config.tunnel_groups.values() if group.key_masked
    )
    return replace(config, tunnel_groups=filled), tuple(place for place in places if place is not None)


def _key_of(config: Config, far: Config) -> Secret:
    own = (str(interface.address) for interface in config.interfaces if interface.address is not None)
    for name in (*own, DEFAULT_L2L_GROUP):
        group: TunnelGroup | None = far.tunnel_groups.get(name)
        if group is not None and group.pre_shared_key is not None:
            return group.pre_shared_key
    return Secret(MASK.encode())
