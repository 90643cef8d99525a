"""`show access-list`: lines, the elements they stand for, how often each was hit. Knows the configuration and counts.

Layout: real outputs of 9.x (ntc-templates). A hit is a packet: one that a tunnel has sent, or one that found none,
whatever became of it. What no crypto map names is applied to nothing here and has no hits, as on an ASA an access-list
that is not bound. Which element a number like `0x3f0331e6` stands for can be told from its text alone, but how an ASA
makes it of that is not published: these are of our own making, the same for the same text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
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
    lists = [one for one in config.access_lists.values() if name in (None, one.name)]
    hits = Counter(running.matched)
    hits.update(running.view.gateway.matched)
    lines = [line for one in lists for line in _printed(one, config, hits)]
    return Reply(lines, {"access_lists": [_values(one, config, hits) for one in lists]})


def _numbered(access_list: AccessList, config: Config) -> Iterator[tuple[int, AccessListLine | str]]:
    """The lines of a list, and its remarks, which count; where one stands is told by the file alone."""
    remarks = [
        (span.line, words[3])
        for span in config.lines
        if (words := span.text.split(maxsplit=3))[:3] == ["access-list", access_list.name, "remark"] and words[3:]
    ]
    number = 0
    for line in access_list.lines:
        while remarks and line.span is not None and remarks[0][0] < line.span.line:
            number += 1
            yield number, remarks.pop(0)[1]
        number += 1
        yield number, line
    for _, remark in remarks:
        number += 1
        yield number, remark


def _printed(access_list: AccessList, config: Config, hits: Mapping[str, int]) -> Iterator[str]:
    elements = sum(len(line.aces) for line in access_list.lines)
    yield f"access-list {access_list.name}; {elements} elements; name hash: {_hash(access_list.name)}"
    for number, line in _numbered(access_list, config):
        if isinstance(line, str):
            yield f"access-list {access_list.name} line {number} remark {line} "
            continue
        yield _one(line.text, number, line.active, _hits(line, hits))
        if _stands_for_others(line):
            for ace in line.aces:
                yield f"  {_one(ace.text, number, line.active, hits.get(ace.text, 0))}"


def _one(text: str, number: int, active: bool, hits: int) -> str:
    _, name, rest = text.split(maxsplit=2)
    state = "" if active else "(inactive) "
    return f"access-list {name} line {number} {rest} (hitcnt={hits}) {state}{_hash(text)} "


def _stands_for_others(line: AccessListLine) -> bool:
    return any(word in ("object", "object-group") for word in line.text.split()[2:])


def _hits(line: AccessListLine, hits: Mapping[str, int]) -> int:
    return sum(hits.get(text, 0) for text in dict.fromkeys(ace.text for ace in line.aces))


def _hash(text: str) -> str:
    return f"0x{crc32(text.encode()):08x}"


def _values(access_list: AccessList, config: Config, hits: Mapping[str, int]) -> dict[str, Any]:
    used = access_list.name in _crypto_access_lists(config)
    lines = []
    for number, line in _numbered(access_list, config):
        if isinstance(line, str):
            lines.append({"line": number, "text": f"access-list {access_list.name} remark {line}", "elements": []})
            continue
        aces = [{"text": ace.text, "hits": hits.get(ace.text, 0) if used else None} for ace in line.aces]
        lines.append({"line": number, "text": line.text, "elements": aces})
    return {"name": access_list.name, "lines": lines}


def _crypto_access_lists(config: Config) -> set[str | None]:
    maps = (*config.crypto_maps.values(), *config.dynamic_maps.values())
    return {entry.access_list for crypto_map in maps for entry in crypto_map.entries}
