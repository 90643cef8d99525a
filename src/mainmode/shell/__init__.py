"""The only folder that touches the world: sockets, TUN, clock, dice, signals. Knows no protocol and no policy."""
