"""The `Expect:` line in the first comment of feedparser's test feeds: what another parser's authors say is in an entry.

Only comparisons of an entry's title, link, id, summary, content, author and dates with a literal are used, and of texts
only those without markup: feedparser sanitises HTML, the program keeps it.
"""

import ast
import re
from datetime import datetime, timezone

from dates import moment

EXPECT = re.compile(r"^\s*Expect:\s*(.*)$", re.MULTILINE)
# The way to a value of feedparser's entry -> the way to the program's.
WAYS = {
    ("title",): ["headline"],
    ("link",): ["link"],
    ("id",): ["guid"],
    ("guid",): ["guid"],
    ("summary",): ["summary", "body"],
    ("description",): ["summary", "body"],
    ("content", 0, "value"): ["body"],
    ("published_parsed",): ["publishedAt"],
    ("updated_parsed",): ["updatedAt", "publishedAt"],
    ("author_detail", "name"): ["authors.0.name"],
    ("author_detail", "email"): ["authors.0.email", "authors.0.name"],
    ("author_detail", "url"): ["authors.0.uri"],
    ("tags", 0, "term"): ["subjects.0.code", "subjects.0.name"],
    ("enclosures", 0, "href"): ["enclosures.0.href", "links.0.href"],
}
# Feeds of which feedparser's authors say something else on purpose.
OTHERWISE = {
    "item_description_and_summary.xml": "RSS has no summary; feedparser takes one beside a description for the content",
    "item_summary_and_description.xml": "the same",
    "item_madeup_tags_element.xml": "RSS has no tags element",
    "entry_updated_multiple_values.xml": "the last of several dates; the program takes the first",
}


def check(path, documents, tally):
    """Holds the documents of a feed against its Expect line, as far as that is simple."""
    if path.name in OTHERWISE:
        return
    head = path.read_bytes()[:4000].decode("utf-8", "replace")
    match = EXPECT.search(head)
    if not match:
        return
    try:
        expression = ast.parse(match.group(1).strip(), mode="eval")
    except SyntaxError:
        return
    for index, way, literal in comparisons(expression):
        document = documents.get(index)
        wanted = value_of(literal)
        if document is None or way not in WAYS or wanted is None:
            continue
        tally.compared += 1
        found = [at(document, place) for place in WAYS[way]]
        if way[0].endswith("_parsed"):
            found = [moment(value) if value else None for value in found]
        # RSS writes an author as `me@example.com (Name)`, which the program keeps as one value.
        if way[0] == "author_detail" and any(value and wanted in value for value in found):
            continue
        if wanted not in found:
            tally.differs(f"{path}#{index}", "expects", ".".join(map(str, way)), repr(wanted), "found", found)


def comparisons(expression):
    """`entries[N][...] == literal`, outside of what is negated or alternative."""
    todo = [expression.body]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            todo.extend(node.values)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
            way = subscripts(node.left)
            if way and way[0] == "entries" and isinstance(way[1], int):
                yield way[1], tuple(way[2:]), node.comparators[0]


def subscripts(node):
    """`a['b'][0]` and `a.b` as a list: ["a", "b", 0]."""
    way = []
    while True:
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            way.insert(0, node.slice.value)
        elif isinstance(node, ast.Attribute):
            way.insert(0, node.attr)
        else:
            break
        node = node.value
    return [node.id, *way] if isinstance(node, ast.Name) else []


def value_of(node):
    """The literal as the program would show it; None when it is not simple."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    if isinstance(value, tuple) and len(value) == 9:
        return datetime(*value[:6], tzinfo=timezone.utc)
    if not isinstance(value, str) or re.search("[<&]", value):
        return None
    return re.sub("[ \t\r\n]+", " ", value).strip(" ")


def at(document, place):
    for key in place.split("."):
        if isinstance(document, list):
            document = document[int(key)] if int(key) < len(document) else None
        else:
            document = document.get(key) if isinstance(document, dict) else None
    return document
