"""`show crypto …` from a gateway's state, to the blank as an ASA prints it. Reads; changes nothing."""

from mainmode.show.commands import show

__all__ = ["show"]
