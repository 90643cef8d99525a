"""`show access-list`: lines, the elements they stand for, how often each was hit. Knows the configuration and counts.

Layout: real outputs of 9.x (ntc-templates). A hit is a packet: one that a tunnel has sent, or one that found none,
whatever became of it. What no crypto map names is applied to nothing here and has no hits, as on an ASA an access-list
that is not bound; its groups are not resolved, because such a line can stand for thousands, and the tunnels wait
meanwhile. The number at the end, `0x3f0331e6`, tells one text from another. How an ASA makes it is not published: these
are of our own making.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from zlib import crc32

from mainmode.config.model import AccessList, AccessListLine, Config
from mainmode.exec.running import FAILED, Reply, Running


def show(running: Running, words: list[Any]) -> Reply:
    """`show access-list [NAME]`."""
    config = running.view.gateway.config
    name = words[2] if len(words) > 2 else None
    if name is not None and name not in config.access_lists:
        said = f"ERROR: access-list <{name}> does not exist"
        return Reply([said], {"error": said}, FAILED)
    hits = Counter(running.matched)
    hits.update(running.view.gateway.matched)
    applied = _crypto_access_lists(config)
    remarks = _remarks(config)
    lines: list[str] = []
    values = []
    for access_list in config.access_lists.values():
        if name in (None, access_list.name):
            numbered = _numbered(access_list, remarks[access_list.name])
            of_it = _shown(access_list, numbered, hits if access_list.name in applied else None, lines)
            values.append({"name": access_list.name, "lines": of_it})
    return Reply(lines, {"access_lists": values})


def _crypto_access_lists(config: Config) -> set[str | None]:
    maps = (*config.crypto_maps.values(), *config.dynamic_maps.values())
    return {entry.access_list for crypto_map in maps for entry in crypto_map.entries}


def _remarks(config: Config) -> dict[str, list[tuple[int, str]]]:
    """The remarks of each list with their places in the file, which is gone through once: a hub has many lists."""
    found: dict[str, list[tuple[int, str]]] = {name: [] for name in config.access_lists}
    for span in config.lines:
        words = span.text.split(maxsplit=3)
        if words[:1] == ["access-list"] and words[2:3] == ["remark"] and words[3:] and words[1] in found:
            found[words[1]].append((span.line, words[3]))
    return found


def _shown(
    access_list: AccessList,
    numbered: Iterable[tuple[int, AccessListLine | str]],
    hits: Mapping[str, int] | None,
    lines: list[str],
) -> list[dict[str, Any]]:
    """The lines of one list as values, and printed into `lines`. `hits`: None if it is not applied."""
    values = []
    elements = sum(len(line.services) * len(line.sources) * len(line.destinations) for line in access_list.lines)
    lines.append(f"access-list {access_list.name}; {elements} elements; name hash: {_hash(access_list.name)}")
    for number, line in numbered:
        if isinstance(line, str):
            lines.append(f"access-list {access_list.name} line {number} remark {line} ")
            values.append({"line": number, "text": f"access-list {access_list.name} remark {line}", "elements": []})
            continue
        texts = [ace.text for ace in line.aces] if hits is not None else []
        counts = [hits.get(text, 0) for text in texts] if hits is not None else []
        lines.append(_printed(line.text, number, line.active, sum(dict(zip(texts, counts, strict=True)).values())))
        if _names_others(line):
            lines += [
                f"  {_printed(text, number, line.active, count)}" for text, count in zip(texts, counts, strict=True)
            ]
        of_it = [{"text": text, "hits": count} for text, count in zip(texts, counts, strict=True)]
        values.append({"line": number, "text": line.text, "elements": of_it})
    return values


def _numbered(
    access_list: AccessList, remarks: Iterable[tuple[int, str]]
) -> Iterator[tuple[int, AccessListLine | str]]:
    """The lines of a list, and its remarks, which count; where one stands is told by the file alone."""
    waiting = deque(remarks)
    number = 0
    for line in access_list.lines:
        while waiting and line.span is not None and waiting[0][0] < line.span.line:
            number += 1
            yield number, waiting.popleft()[1]
        number += 1
        yield number, line
    for _, remark in waiting:
        number += 1
        yield number, remark


def _printed(text: str, number: int, active: bool, hits: int) -> str:
    _, name, rest = text.split(maxsplit=2)
    state = "" if active else "(inactive) "
    return f"access-list {name} line {number} {rest} (hitcnt={hits}) {state}{_hash(text)} "


def _names_others(line: AccessListLine) -> bool:
    return any(word in ("object", "object-group") for word in line.text.split()[2:])


def _hash(text: str) -> str:
    return f"0x{crc32(text.encode()):08x}"
