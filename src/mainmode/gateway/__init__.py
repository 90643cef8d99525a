"""One ASA as a state machine: datagrams, packets and time in; entries to print and actions to carry out, out."""

from mainmode.gateway.box import Action
from mainmode.gateway.engine import ClearCounters, Install, Move, Remove
from mainmode.gateway.gateway import Gateway
from mainmode.ike.sa import Endpoint, Send

__all__ = ["Action", "ClearCounters", "Endpoint", "Gateway", "Install", "Move", "Remove", "Send"]
