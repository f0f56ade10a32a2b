"""The text rule of docs/reference/model-language.md, written a second time.

Plain text of an element: its text in reading order, where each element that sets text apart leaves a mark before and
after itself; then every run of white space and marks becomes what the strongest mark in it asks for. The marks are
control characters, which no XML document can hold.
"""

import re
from pathlib import Path

SPACE, LINE, PARAGRAPH = "\x01", "\x02", "\x03"
ROWS = {"an empty line": PARAGRAPH, "a line end": LINE, "a space": SPACE}
GAPS = {SPACE: " ", LINE: "\n", PARAGRAPH: "\n\n"}
RUN = re.compile("[ \t\r\n\x01\x02\x03]+")


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

    def __init__(self, marks: dict[str, str]):
        self.marks = marks

    def string(self, node, exclude=()) -> str:
        return RUN.sub(" ", self._marked(node, exclude)).strip(" ")

    def text(self, node, exclude=()) -> str:
        def strongest(run):
            mark = max((c for c in run.group() if c in GAPS), default=SPACE)
            return GAPS[mark]

        return RUN.sub(strongest, self._marked(node, exclude)).strip(" \n")

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
            mark = self.marks.get(local(item), "") if item is not node else ""
            parts.append(mark)
            if item is not node and item.tail:
                todo.append(item.tail)
            todo.append(mark)
            if item in left_out or not isinstance(item.tag, str):
                continue
            todo.extend(reversed(item))
            parts.append(item.text or "")
        return "".join(parts)


def local(element) -> str:
    """The name of an element without its namespace; of comments and instructions, the empty string."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
