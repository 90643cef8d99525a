"""Screenshots of pages, and how far two of them differ. Takes and compares; knows no page.

Another build of the browser, another version of a font draws letters a little otherwise. So pictures are compared in
cells of some pixels, and a few cells may differ; where exactness is possible, at the geometry of the ladder, which no
font has a part in, it is asked for (`GEOMETRY`).
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Final

from PIL import Image, PngImagePlugin
from selenium.webdriver import Chrome

CELL: Final = 8
"""Pixels of a cell's side: an arrow's shaft of 1.5 pixels makes its cells darker by 40 of 255, an anti-aliased edge
that moved by less than a pixel those it touches by a few."""

APART: Final = 20
"""Of 255: by so much a cell is another one."""

COLOURS: Final = 64
"""Of a golden. A page has a dozen, and their shades at the edges of letters."""


def screenshot(driver: Chrome, selector: str, height: int) -> Image.Image:
    """The page from its top down to `height`, or the element alone that the selector names, at most so high."""
    rectangle = """
    const r = document.querySelector(arguments[0]).getBoundingClientRect();
    return [r.x + scrollX, r.y + scrollY, r.width, r.height];
    """
    x, y, width, whole = driver.execute_script(rectangle, selector)
    clip = {"x": x, "y": y, "width": width, "height": min(whole, height), "scale": 1}
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    return Image.open(io.BytesIO(base64.b64decode(taken["data"]))).convert("RGB")


def write(image: Image.Image, file: Path, note: str = "") -> None:
    """As a PNG of few colours; the note goes with it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", note)
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True, pnginfo=told)


def differing(one: Image.Image, other: Image.Image) -> float:
    """The part of the cells, 0 to 1, in which two pictures differ. Of different sizes, by more than a cell, is all."""
    if any(abs(a - b) > CELL for a, b in zip(one.size, other.size, strict=True)):
        return 1.0
    size = max(1, one.width // CELL), max(1, one.height // CELL)
    cells = [image.convert("L").resize(size, Image.Resampling.BOX).tobytes() for image in (one, other)]
    return sum(abs(a - b) > APART for a, b in zip(*cells, strict=True)) / len(cells[0])


GEOMETRY: Final = """
const ladder = document.querySelector('svg.ladder');
if (!ladder) return '';
const box = ladder.getBoundingClientRect();
const at = r => [r.left - box.left, r.top - box.top, r.right - box.left, r.bottom - box.top].map(Math.round).join(' ');
const lines = [`ladder ${Math.round(box.width)} x ${Math.round(box.height)}`];
for (const arrow of ladder.querySelectorAll(':scope > a')) {
  const style = getComputedStyle(arrow.querySelector('line'));
  lines.push([arrow.getAttribute('href'), arrow.querySelector('g').getAttribute('class'),
    'shaft', at(arrow.querySelector('line').getBoundingClientRect()),
    'head', at(arrow.querySelector('path').getBoundingClientRect()),
    style.strokeDasharray === 'none' ? 'solid' : 'dashed', style.stroke].join(' '));
}
for (const column of document.querySelector('.exchange .rung').children) {
  const {left, right} = column.getBoundingClientRect();
  lines.push(`column ${column.className} ${Math.round(left)} to ${Math.round(right)}`);
}
return lines.join('\\n') + '\\n';
"""
"""Each arrow of the first ladder: where shaft and head are (left, top, right, bottom), the line and its colour. Then
where the columns of its first rung are."""
