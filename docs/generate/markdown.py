"""The little Markdown that the generated pages are made of. Knows no table of the program."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType

NOTE = "<!-- Written from the program's tables by `make golden`; changes belong there. -->"


def page(title: str, *blocks: str) -> str:
    """A page with its title and its blocks, a blank line between them."""
    return "\n\n".join([f"# {title}", NOTE, *(block.strip("\n") for block in blocks if block)]) + "\n"


def code(text: str) -> str:
    """In code marks. A bar would end the cell of a table, so it is escaped; backticks do not occur."""
    return f"`{text.replace('|', chr(92) + '|')}`"


def codes(texts: Iterable[str]) -> str:
    return ", ".join(code(text) for text in texts)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(cell: object) -> str:
    return " ".join(str(cell).split())


def block(text: str, language: str = "text") -> str:
    return f"```{language}\n{text}\n```"


def paragraphs(docstring: str | None) -> str:
    """A docstring as prose: its lines joined, its paragraphs and lists kept."""
    text = inspect.cleandoc(docstring or "")
    return re.sub(r"(?<!\n)\n(?![\n-])", " ", text)


@dataclass(frozen=True, slots=True)
class Written:
    """How a class stands in its module."""

    line: int
    fields: dict[str, str]
    """What stands under a field, for those that have a sentence."""


@cache
def classes(module: ModuleType) -> dict[str, Written]:
    """The classes of a module, in their order."""
    tree = ast.parse(inspect.getsource(module))
    return {one.name: Written(one.lineno, _fields(one)) for one in tree.body if isinstance(one, ast.ClassDef)}


def _fields(cls: ast.ClassDef) -> dict[str, str]:
    docs: dict[str, str] = {}
    for field, following in zip(cls.body, cls.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                docs[field.target.id] = paragraphs(str(following.value.value)).replace("\n\n", " ")
    return docs
