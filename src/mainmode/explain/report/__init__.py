"""The ways a finding is shown: text for people, JSON for programs. Knows how things look, and finds nothing out."""
