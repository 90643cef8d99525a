"""The linter bites: what the core must not touch is refused there, and allowed in the one room that may."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.paths import REPO

BANNED = [
    "import time\n\nNOW = time.monotonic()\n",
    "from time import monotonic\n\nNOW = monotonic()\n",
    "import datetime\n\nNOW = datetime.datetime.now(tz=datetime.UTC)\n",
    "from datetime import UTC, datetime\n\nNOW = datetime.now(tz=UTC)\n",
    "import os\n\nDICE = os.urandom(8)\n",
    "from os import urandom\n\nDICE = urandom(8)\n",
    "import random\n\nDICE = random.SystemRandom()\n",
    "import secrets\n\nDICE = secrets.token_bytes(8)\n",
    "import uuid\n\nDICE = uuid.uuid4()\n",
    "import socket\n\nUDP = socket.SOCK_DGRAM\n",
    "import asyncio\n\nLOOP = asyncio.new_event_loop()\n",
    "import threading\n\nLOCK = threading.Lock()\n",
    "import subprocess\n\nPIPE = subprocess.PIPE\n",
    "import logging\n\nLOG = logging.getLogger(__name__)\n",
]


def findings(source: str, as_file: str) -> set[str]:
    """The codes of ruff's findings for this text, with the project's settings, as if it stood in `as_file`."""
    command = [sys.executable, "-m", "ruff", "check", "--output-format=concise", "--stdin-filename", as_file, "-"]
    run = subprocess.run(command, input=source, cwd=REPO, capture_output=True, text=True, check=False)
    assert run.returncode in (0, 1), run.stderr
    lines = (line.split(maxsplit=2) for line in run.stdout.splitlines())
    return {words[1] for words in lines if words and words[0].startswith(as_file)}


@pytest.mark.parametrize("source", BANNED, ids=lambda source: source.split("\n")[0])
def test_clock_dice_sockets_and_logging_are_refused_outside_the_shell_and_allowed_in_it(source: str) -> None:
    assert "TID251" in findings(source, "src/mainmode/ike/x.py")
    assert "TID251" in findings(source, "src/mainmode/gateway/x.py")
    assert "TID251" in findings(source, "src/mainmode/cli/x.py")
    assert "TID251" not in findings(source, "src/mainmode/shell/x.py")


def test_nothing_that_matters_hangs_on_an_assert() -> None:
    source = "def verify(good: bool) -> None:\n    assert good\n"
    assert findings(source, "src/mainmode/ike/x.py") == {"S101"}
    assert findings(source, "src/mainmode/shell/x.py") == {"S101"}
    assert findings(source, "tests/ike/test_x.py") == set()


def test_only_the_shell_and_the_command_line_print() -> None:
    source = 'print("up")\n'
    assert findings(source, "src/mainmode/gateway/x.py") == {"T201"}
    assert findings(source, "src/mainmode/cli/x.py") == set()
    assert findings(source, "src/mainmode/shell/x.py") == set()
