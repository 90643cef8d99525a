"""Packets and security associations: ESP in tunnel mode, and the data plane that carries it (RFC 4301, 4303)."""
