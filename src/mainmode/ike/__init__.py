"""IKEv1 main mode and quick mode with pre-shared keys, both roles (RFC 2408, 2409, 2407)."""
