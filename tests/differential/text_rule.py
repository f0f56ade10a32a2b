"""The text rule of docs/reference/model-language.md, written a second time.

Plain text of an element: its text in reading order, where each element that sets text apart leaves a mark before and
after itself; then every run of white space and marks becomes what the strongest mark in it asks for. The marks are
control characters, which no XML document can hold.
"""

import re
import unicodedata
from pathlib import Path

import entities
from html_text import marked

SPACE, LINE, PARAGRAPH, CELL = "\x01", "\x02", "\x03", "\x04"
ROWS = {"an empty line": PARAGRAPH, "a line end": LINE, "a space": SPACE}
GAPS = {SPACE: " ", LINE: "\n", PARAGRAPH: "\n\n"}
RUN = re.compile("[ \t\r\n\x01\x02\x03]+")
# A mark of a cell alone, and the characters around it; white space around it is all there is to say.
CELLS = re.compile("(?<![ \t\r\n\x01\x02\x03\x04])\x04+(?![ \t\r\n\x01\x02\x03\x04])")
FRACTION = "{http://www.w3.org/1998/Math/MathML}mfrac"
MATHML_CELLS = (FRACTION, "{http://www.w3.org/1998/Math/MathML}mtd")
NAMES = entities.names()


def read_blocks(page: Path) -> dict[str, str]:
    """Local name -> mark, from the table of the page's section about blocks."""
    marks = {}
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 2 and cells[0] in ROWS:
            marks.update(dict.fromkeys(re.findall(r"`([^`]+)`", cells[1]), ROWS[cells[0]]))
    if not marks:
        raise SystemExit(f"{page}: the table of elements that set text apart was not found")
    return marks


class TextRule:
    """Turns elements into strings (one line) and texts (paragraphs)."""

    def __init__(self, marks: dict[str, str], html=False):
        """`html`: texts are HTML, unless there are elements in them."""
        self.marks, self.html = marks, html

    def string(self, node, exclude=()) -> str:
        return self._line(self._content(node, exclude))

    def text(self, node, exclude=()) -> str:
        def strongest(run):
            mark = max((c for c in run.group() if c in GAPS), default=SPACE)
            return GAPS[mark]

        return RUN.sub(strongest, without_cells(self._content(node, exclude))).strip(" \n")

    def _line(self, text):
        return RUN.sub(" ", without_cells(text)).strip(" ")

    def _content(self, node, exclude):
        text = self._marked(node, exclude)
        has_elements = not isinstance(node, str) and any(isinstance(child.tag, str) for child in node)
        if not self.html or has_elements:
            return text
        return marked(text, lambda name: self.marks.get(name, ""))

    def _mark(self, element) -> str:
        """What an element leaves before and after itself; a cell of a matrix, a fraction and its parts are cells in MathML."""
        is_cell = element.tag in MATHML_CELLS or (isinstance(element.tag, str) and element.getparent().tag == FRACTION)
        return self.marks.get(local(element), CELL if is_cell else "")

    def _marked(self, node, exclude) -> str:
        if isinstance(node, str):
            return node
        left_out, parts = set(exclude), []
        # Elements still to be visited, and texts that follow them; the last one is next.
        todo = [node]
        while todo:
            item = todo.pop()
            if isinstance(item, str):
                parts.append(item)
                continue
            mark = self._mark(item) if item is not node else ""
            parts.append(mark)
            if item is not node and item.tail:
                todo.append(item.tail)
            todo.append(mark)
            if item in left_out or not isinstance(item.tag, str):
                parts.append(NAMES.get(getattr(item, "name", None), ""))
                continue
            todo.extend(reversed(item))
            parts.append(item.text or "")
        return "".join(parts)


def without_cells(text: str) -> str:
    """A cell is set apart by a space, unless there is punctuation that belongs to one side."""
    def gap(run):
        before, after = text[:run.start()][-1:], text[run.end():][:1]
        kinds = unicodedata.category(before or " "), unicodedata.category(after or " ")
        dash = "Pd" in kinds or "/" in (before, after)
        return "" if dash or kinds[0] in ("Ps", "Pi") or kinds[1] in ("Pe", "Pf", "Po") else " "

    return CELLS.sub(gap, text).replace(CELL, SPACE)


def local(element) -> str:
    """The name of an element without its namespace; of comments and instructions, the empty string."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
