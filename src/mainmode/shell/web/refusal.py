"""A request that is not answered with a report, and what is said instead. Knows HTTP's numbers and no request."""

from __future__ import annotations


class Refusal(Exception):
    """`key` is the sentence's in the page's strings; `values` are what it speaks of."""

    def __init__(self, status: int, key: str, **values: object) -> None:
        super().__init__(status, key)
        self.status = status
        self.key = key
        self.values = values
