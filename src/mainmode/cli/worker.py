"""One explanation for the page of `mainmode web`, in a process of its own: a request on stdin, an answer on stdout.

    python -m mainmode.cli.worker < request > answer

Knows the explainer's parts; the form of both is in `mainmode.shell.web.exchange`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from mainmode.cli.common import Unusable, text_of
from mainmode.cli.explained import CHUNK, configurations, explained, read_log
from mainmode.shell.hardening import confine
from mainmode.shell.web.exchange import FAILED, Answer, Asked, Document, pack_answer, unpack

if TYPE_CHECKING:
    from mainmode.explain.paste import Source

MEMORY: Final = 2 << 30
"""Octets of address space. 10 MB of nothing but IKE debug took 220 MB, and a form has 67 at most."""


def main() -> None:
    confine(MEMORY)
    try:
        answer = answered(unpack(sys.stdin.buffer))
    except MemoryError:
        answer = Answer(413, "", "refused.memory")
    except Exception:  # whatever it was, it may speak of what was pasted, and is told to nobody
        answer = Answer(FAILED, "", "refused.broken")
    sys.stdout.buffer.write(pack_answer(answer))
    sys.stdout.buffer.flush()


def answered(asked: Asked) -> Answer:
    """The report as `mainmode explain` writes it, or its sentence why there is none."""
    try:
        given = configurations(
            (one.name, text_of(one.content)) for one in asked.documents if one.kind == "configuration"
        )
        found = explained([_log(one) for one in asked.documents if one.kind == "log"], given)
    except Unusable as error:
        return Answer(422, str(error))
    if asked.form == "text":
        return Answer(200, found.as_text(asked.lang))
    return Answer(200, found.as_html(asked.lang, back=asked.back if asked.form == "page" else ""))


def _log(document: Document) -> Source:
    content = document.content
    chunks = (content[start : start + CHUNK] for start in range(0, len(content), CHUNK))
    return read_log(content[:CHUNK], chunks, document.name)


if __name__ == "__main__":
    main()
