"""What a negotiation's lines mean: pasted or live, they are entries here. Knows no bytes, no keys and no network."""
