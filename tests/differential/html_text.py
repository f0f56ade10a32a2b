"""HTML made plain text with Python's own reader of HTML, as docs/reference/model-language.md says it."""

import re
from html.parser import HTMLParser

# What no reader sees.
HIDDEN = ("iframe", "noembed", "noframes", "noscript", "script", "style", "template", "title")


class Marked(HTMLParser):
    """Collects text, with a mark before and after each element that sets text apart."""

    def __init__(self, mark):
        super().__init__(convert_charrefs=True)
        self.mark, self.parts, self.hidden = mark, [], None

    def handle_starttag(self, tag, _attributes):
        if self.hidden is None:
            self.parts.append(self.mark(tag))
            self.hidden = tag if tag in HIDDEN else None

    def handle_startendtag(self, tag, attributes):
        # HTML has no empty tags: the slash says nothing.
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        if self.hidden in (None, tag):
            self.parts.append(self.mark(tag))
            self.hidden = None

    def handle_data(self, text):
        if self.hidden is None:
            self.parts.append(text)


def marked(html: str, mark) -> str:
    """The text of HTML, with what `mark` gives for the names of elements."""
    reader = Marked(mark)
    reader.feed(html)
    # A tag that the end cuts off is none, and no text.
    if re.match("<[A-Za-z/!?]", reader.rawdata):
        reader.rawdata = ""
    reader.close()
    return "".join(reader.parts)
