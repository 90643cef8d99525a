"""Where the tests find things. Knows the checkout and the shared material beside it, and nothing of what is in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
SHARED = REPO.parent / "shared"
"""Facts, the source document, vectors and real outputs. It lies beside the checkout and is not part of it."""

REQUIRE_ALL = os.environ.get("MAINMODE_REQUIRE") == "all"
"""Set where everything is installed (`.ci/run`): what this host could not run is then a failure, not a gap."""


def require(condition: object, reason: str) -> None:
    """Leave the test (or, at a module's top, the module) out unless `condition` holds; say why in pytest's summary.

    With MAINMODE_REQUIRE=all nothing is left out: the test fails with the reason.
    """
    __tracebackhide__ = True
    if condition:
        return
    if REQUIRE_ALL:
        pytest.fail(f"MAINMODE_REQUIRE=all, but: {reason}", pytrace=False)
    pytest.skip(reason, allow_module_level=True)
