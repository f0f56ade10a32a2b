"""What the documents of an object should hold, by lxml's XPath and the second text rule.

Each preset has a class: `records` finds its documents, `fields` gives for one of them the values that are compared, and
`REQUIRED` names those without which a refusal is right. A field without a value is left out. Written from the standards'
element names, not from the presets' files.
"""

import hashlib
import re
from datetime import datetime, timedelta, timezone
from urllib.parse import urljoin

from dates import moment
from text_rule import CELL, LINE, TextRule, local

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
XML = "{http://www.w3.org/XML/1998/namespace}"


class Preset:
    """What the presets have in common."""

    NAMESPACES: dict[str, str] = {}
    REQUIRED = ("guid",)
    # Dates without a zone are in UTC.
    UTC = False
    # A month is a date.
    PARTIAL = False
    # No document is older.
    EARLIEST = 1600
    # Elements that this format sets apart, beside those of the page's table.
    APART: dict[str, str] = {}

    def __init__(self, marks: dict[str, str]):
        self.rule = TextRule({**marks, **self.APART})
        self.html = TextRule(self.rule.marks, html=True)

    def required(self, record):
        """The fields without which this document is refused."""
        return self.REQUIRED

    def xpath(self, node, path):
        return node.xpath(path, namespaces=self.NAMESPACES)

    def first(self, node, *paths, form=None, exclude=""):
        """The value of the first path that finds one that is not empty."""
        return next(iter(self.all(node, *paths, form=form, exclude=exclude)), None)

    def all(self, node, *paths, form=None, exclude=""):
        """The values of the first path that finds any."""
        form = form or self.rule.string
        for path in paths:
            found = self.xpath(node, path)
            left_out = [self.xpath(item, exclude) if exclude and not isinstance(item, str) else () for item in found]
            values = [form(item, out) for item, out in zip(found, left_out)]
            values = [value for value in values if value]
            if values:
                return values
        return []

    def language(self, node, *paths):
        """The first tag of a language; some programs write `en_US` for `en-US`."""
        tag = self.first(node, *paths)
        return tag and tag.replace("_", "-")

    def of_type(self, node):
        """The rule for an element, which may say that it is HTML: Atom in `type`, NewsML-G2 in `contenttype`."""
        types = () if isinstance(node, str) else (node.get("type"), node.get("contenttype"))
        return self.rule if {"html", "text/html"}.isdisjoint(types) else self.html

    def line(self, node, out=()):
        return self.of_type(node).string(node, out)

    def paragraphs(self, node, out=()):
        return self.of_type(node).text(node, out)

    def dated(self, node, *paths):
        """The first value that is a date of the time in which there are such documents: what is wrong is left out. If there
        is none, the first that is no date."""
        values = [value for value in (self.first(node, path) for path in paths) if value]
        dates = [(value, moment(value, self.UTC, self.PARTIAL)) for value in values]
        latest = datetime.now(timezone.utc) + timedelta(days=7)
        in_time = (value for value, date in dates if date and self.EARLIEST <= date.year and date <= latest)
        return next(in_time, next((value for value, date in dates if not date), None))

    def records(self, root):
        """The elements that are documents; none is within another."""
        found = [element for element in root.iter() if self.is_record(element)]
        known = set(found)
        return [element for element in found if not any(a in known for a in element.iterancestors())]


class Nitf(Preset):
    """NITF 3.x."""

    REQUIRED = ("headline", "publishedAt", "body")
    # A footnote stands within a sentence; `2<frac>` is no 21, and a fraction may have no sign between its parts. Names and
    # addresses are in parts.
    APART = {"byttl": LINE, **dict.fromkeys((
        "story.date", "fn", "frac", "frac-den", "function", "name.given", "name.family", "sublocation", "city", "state",
        "region", "country", "addressee", "care.of", "delivery.point", "postcode", "delivery.office", "virtloc",
        "copyrite.year", "copyrite.holder"), CELL)}
    NAMES = {"", "http://iptc.org/std/NITF/2006-10-18/"}

    def is_record(self, element):
        return element.getparent() is None and named(element, self.NAMES, "nitf")

    def required(self, nitf):
        """A flash and a bulletin may be a headline alone."""
        is_brief = {"1", "2"} & set(self.xpath(nitf, plain_names("head/docdata/urgency/@ed-urg")))
        return self.REQUIRED[:2] if is_brief else self.REQUIRED

    def fields(self, nitf):
        x = plain_names
        body = "body/body.content"
        docdata = "head/docdata/"

        def meta(*names):
            return x("head/meta") + "[" + " or ".join(f"@name='{name}'" for name in names) + "]/@content"

        return {
            "guid": self.first(nitf, x(docdata + "doc-id/@id-string"), "@uno", x(docdata + "doc-id"),
                               meta("guid", "doc-id", "article-id", "id"), x("head/pubdata/@ex-ref"), meta("canonical"))
            or nitf.getroottree().docinfo.URL,
            "headline": self.first(
                nitf, x("body/body.head/hedline/hl1"), x("head/title"), x("body/body.head/hedline/hl2"),
                x("body/body.head/hedline"), x("body/body.head/headline/hl1"), meta("headline", "article-headline"),
                exclude=x(".//fn")),
            "publishedAt": self.dated(nitf, x(docdata + "date.issue/@norm"), x(docdata + "date.issue"),
                                      x("head/pubdata/@date.publication"), x(docdata + "date.release/@norm"),
                                      x("body/body.head/dateline/story.date/@norm")),
            "urgency": self.first(nitf, x(docdata + "urgency/@ed-urg")),
            "language": self.language(nitf, "@xml:lang", "@baselang", x("body/@xml:lang"), x(body + "/@xml:lang")),
            "byline": self.first(nitf, x("body/body.head/byline"), exclude=x(".//fn")),
            "authors": self.all(nitf, x("body/body.head/byline//person"), exclude=x("function") + "|" + x(".//fn")),
            "summary": self.first(nitf, x("body/body.head/abstract"), x(body + "/p") + "[@lead='true']", form=self.rule.text,
                                  exclude=x(".//fn")),
            "body": "\n\n".join(
                self.all(nitf, x(body), x(body + "/media/media-caption") + "|" + x(body + "/block/media/media-caption"),
                         x("body/body.head/abstract"), form=self.rule.text,
                         exclude=x(".//media") + "|" + x(".//fn") + "|" + x(".//nitf-table-metadata"))
            ),
            "keywords": self.all(nitf, x(docdata + "key-list/keyword/@key")),
            "media": self.all(nitf, x(".//media/media-reference/@source")),
        }


class NewsmlG2(Preset):
    """NewsML-G2 items. Some are in no namespace, and some have their XHTML in that of the item."""

    REQUIRED = ("guid", "publishedAt")
    NAR = "http://iptc.org/std/nar/2006-10-01/"
    FOOTNOTE = ".//*[local-name()='fn']"
    ITEMS = ("newsItem", "packageItem", "planningItem", "conceptItem", "knowledgeItem", "catalogItem")
    NAMES = {NAR, ""}
    APART = Nitf.APART

    def is_record(self, element):
        return any(named(element, self.NAMES, item) for item in self.ITEMS)

    def xpath(self, node, path):
        """`n:` stands for the namespaces that items are in."""
        return super().xpath(node, re.sub(r"\bn:(\w+)", lambda name: in_namespaces(name[1], self.NAMES), path))

    def required(self, item):
        has_text = self.xpath(item, "n:contentSet/n:inlineXML/*[local-name()='html' or local-name()='nitf']")
        return (*self.REQUIRED, "headline", "body") if has_text else self.REQUIRED

    def fields(self, item):
        nitf = "n:contentSet/n:inlineXML/*[local-name()='nitf']/*[local-name()='body']"
        html = "n:contentSet/n:inlineXML/*[local-name()='html']"
        head = nitf + "/*[local-name()='body.head']"
        return {
            "guid": self.first(item, "@guid"),
            "headline": self.first(
                item, "n:contentMeta/n:headline[@rank='1']", "n:contentMeta/n:headline[not(@xml:lang)]",
                "n:contentMeta/n:headline", "n:itemMeta/n:title",
                head + "/*[local-name()='hedline']/*[local-name()='hl1']",
                "n:concept/n:name", "n:contentMeta/n:name", "n:schemeMeta/n:name",
                html + "/*[local-name()='head']/*[local-name()='title']", exclude=self.FOOTNOTE),
            "publishedAt": self.dated(item, "n:itemMeta/n:versionCreated", "n:contentMeta/n:contentModified",
                                      "n:contentMeta/n:contentCreated", "n:itemMeta/n:firstCreated",
                                      "/n:newsMessage/n:header/n:sent"),
            "urgency": self.first(item, "n:contentMeta/n:urgency"),
            "itemClass": self.first(item, "n:itemMeta/n:itemClass/@qcode", "n:itemMeta/n:itemClass/@uri"),
            "language": self.language(
                item, "n:contentMeta/n:language/@tag", "@xml:lang", "n:contentSet/n:inlineXML/@xml:lang",
                html + "/@xml:lang", "n:contentSet/n:inlineXML/*[local-name()='nitf']/@xml:lang"),
            "subheadline": self.first(
                item, "n:contentMeta/n:subheadline[not(@xml:lang)]", "n:contentMeta/n:subheadline",
                head + "/*[local-name()='hedline']/*[local-name()='hl2']", exclude=self.FOOTNOTE),
            "byline": self.first(
                item, "n:contentMeta/n:by", head + "/*[local-name()='byline']", exclude=self.FOOTNOTE),
            "dateline": self.first(
                item, "n:contentMeta/n:dateline", head + "/*[local-name()='dateline']", exclude=self.FOOTNOTE),
            "authors": self.names(item, "n:contentMeta/n:creator"),
            "summary": self.first(
                item, *(f"n:contentMeta/n:description[@role='drol:{role}']" for role in ("summary", "teaser", "caption")),
                "n:contentMeta/n:description", "n:concept/n:definition", "n:schemeMeta/n:definition",
                head + "/*[local-name()='abstract']", form=self.rule.text, exclude=self.FOOTNOTE),
            "body": self.body(item, nitf, head, html),
            "keywords": self.all(item, "n:contentMeta/n:keyword"),
            "subjects": self.all(item, "n:contentMeta/n:subject/@*[name()='qcode' or name()='uri' or name()='literal']"),
            "media": self.all(item, "n:contentSet/n:remoteContent/@href", nitf + "//*[local-name()='media-reference']/@source"),
            "items": self.all(item, "n:groupSet/n:group/n:itemRef/@residref"),
        }

    def names(self, item, path):
        named = (self.first(party, "n:name", "@literal") for party in self.xpath(item, path))
        return [name for name in named if name]

    def body(self, item, nitf, head, html):
        around = " or ".join(f"local-name()='{name}'" for name in ("header", "nav", "footer", "script", "style"))
        in_nitf = ("*[local-name()='body.head' or local-name()='body.end']"
                   "|*[local-name()='body.content']//*[local-name()='media']"
                   f"|{self.FOOTNOTE}|.//*[local-name()='nitf-table-metadata']")
        return self.first(
            item, html + "/*[local-name()='body']", nitf, head + "/*[local-name()='abstract']", "n:contentSet/n:inlineXML",
            "n:contentSet/n:inlineData", form=self.paragraphs, exclude=f".//*[{around}]|{in_nitf}")


class Jats(Preset):
    """JATS and NLM journal articles."""

    UTC = True
    APART = {"sig": LINE, **dict.fromkeys((
        "fn", "compound-kwd-part", "institution", "addr-line", "city", "state", "country", "postal-code", "surname",
        "given-names", "suffix", "collab", "etal", "person-group", "year", "source", "article-title", "chapter-title", "edition", "publisher-name",
        "publisher-loc", "volume", "issue", "fpage", "lpage", "pub-id"), CELL)}
    NAMESPACES = {"xlink": "http://www.w3.org/1999/xlink", "mml": "http://www.w3.org/1998/Math/MathML"}
    NOT_READ = ".//alternatives/tex-math|.//object-id|.//alt-text|.//long-desc|.//mml:annotation"

    def is_record(self, element):
        return named(element, {""}, "article")

    def fields(self, article):
        meta, journal = "front/article-meta/", "front/journal-meta/"
        ids = (f"[@pub-id-type='{kind}']" for kind in ("doi", "pmid", "pmc", "pmcid", "publisher-id"))
        return {
            "guid": self.first(article, *(meta + "article-id" + kind for kind in ids), meta + "article-id"),
            "doi": self.first(article, meta + "article-id[@pub-id-type='doi']"),
            "headline": self.first(
                article, meta + "title-group/article-title", exclude=".//xref|.//fn|.//tex-math|.//mml:annotation"),
            "authors": self.authors(article, meta),
            "affiliations": self.all(article, meta + "/aff", exclude="label|.//institution-id"),
            "summary": self.first(
                article, meta + "abstract[not(@abstract-type)]", meta + "abstract", form=self.rule.text,
                exclude="title|" + self.NOT_READ),
            "body": "\n\n".join(self.all(
                article, "body|floats-group|floats-wrap", form=self.rule.text,
                exclude=f"{self.NOT_READ}|.//fig//permissions|.//fig//attrib|.//p/fn")),
            "footnotes": self.all(article, "body//p/fn|floats-group//p/fn|floats-wrap//p/fn", form=self.rule.text,
                                  exclude="label|" + self.NOT_READ),
            "pubDates": self.dates(article, meta + "pub-date"),
            "publishedAt": self.day(
                article, *(f"{meta}pub-date{kind}" for kind in (
                    "[@pub-type='epub']", "[@date-type='pub'][@publication-format='electronic']", "[@date-type='pub']",
                    "[@pub-type='ppub']", "[@pub-type='epub-ppub']", "[@date-type='collection']",
                    "[@pub-type='collection']", ""))),
            "history": self.dates(article, meta + "history/date"),
            "keywords": self.all(article, f"{meta}kwd-group//kwd|{meta}kwd-group//compound-kwd"),
            "language": self.language(article, "@xml:lang"),
            "articleType": self.first(article, "@article-type"),
            "journal": self.first(article, journal + "journal-title-group/journal-title", journal + "journal-title"),
            "volume": self.first(article, meta + "volume"),
            "licence": self.first(
                article, meta + "permissions/license/@xlink:href", meta + "permissions//ext-link/@xlink:href"),
        }

    def day(self, article, *paths):
        """The first day that the first date with a year, or with a date in its attribute, allows."""
        known = (self.day_of(date) for path in paths for form in ("year", "@iso-8601-date")
                 for date in self.xpath(article, path) if self.first(date, form))
        return next((day for day in known if day), None)

    def day_of(self, date):
        if not self.first(date, "year"):
            whole = self.first(date, "@iso-8601-date")
            return whole if moment(whole, True) else None
        month, day = self.first(date, "month") or "1", self.first(date, "day") or "1"
        number = MONTHS.index(month[:3].lower()) + 1 if month[:3].lower() in MONTHS else int(month)
        return f"{self.first(date, 'year')}-{number:02}-{int(day):02}"

    def dates(self, article, path):
        ways = ("@date-type|@pub-type", "@iso-8601-date", "year", "month", "day", "season", "string-date")
        dates = [[self.first(date, way) for way in ways] for date in self.xpath(article, path)]
        return [[part for part in date if part] for date in dates]

    def authors(self, article, meta):
        group = meta + "contrib-group/contrib"
        kinds = ("@contrib-type='author'", "not(@contrib-type)",
                 "@contrib-type='Author' or @contrib-type='authors' or @contrib-type='person'")
        found = next(filter(None, (self.xpath(article, f"{group}[{kind}]") for kind in kinds)), [])
        authors = []
        for contrib in found:
            parts = [self.first(contrib, "name/surname"), self.first(contrib, "name/given-names"),
                     self.first(contrib, "collab|string-name", exclude="contrib-group|.//xref"),
                     self.first(contrib, "contrib-id[@contrib-id-type='orcid']"),
                     *self.all(contrib, "xref[@ref-type='aff']/@rid")]
            authors.append([part for part in parts if part])
        return [author for author in authors if author]


class Feed(Preset):
    """What RSS and Atom have in common."""

    UTC = True
    EARLIEST = 1900
    MEDIA = ("http://search.yahoo.com/mrss/", "http://search.yahoo.com/mrss")
    NAMESPACES = {
        "dc": "http://purl.org/dc/elements/1.1/", "dcterms": "http://purl.org/dc/terms/",
        "content": "http://purl.org/rss/1.0/modules/content/", "atom": "http://www.w3.org/2005/Atom",
        "h": "http://www.w3.org/1999/xhtml", "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd", "itunesup": "http://www.itunes.com/DTDs/Podcast-1.0.dtd",
        "media": MEDIA[0], "mrss": MEDIA[1], "yandex": "http://news.yandex.ru", "turbo": "http://turbo.yandex.ru",
        "at": "http://purl.org/atompub/tombstones/1.0", "app": "http://www.w3.org/2007/app",
    }

    def uris(self, record, *paths):
        """The values of the first path that finds any, resolved against xml:base and the link of the feed."""
        feed = next(iter(self.before(record, *self.bases())), "")

        def form(found, out):
            value = self.rule.string(found, out)
            element = found.getparent() if isinstance(found, str) else found
            base = feed
            for around in reversed([element, *element.iterancestors()]):
                base = resolved(base, around.get(XML + "base", ""))
            return resolved(base, value) if value else value

        return self.all(record, *paths, form=form)

    def identified(self, fields):
        """The fields, with an id that is made of others where there is none."""
        if fields["guid"]:
            return fields
        date = moment(fields["publishedAt"], self.UTC, self.PARTIAL) if fields["publishedAt"] else None
        headline, summary = fields["headline"], fields["summary"]
        for parts in ((headline, written(date)), (headline, summary or ""), (summary, written(date) or "")):
            if None not in parts:
                texts = b"".join(part.encode() + b"\0" for part in parts)
                return {**fields, "guid": hashlib.sha256(texts).hexdigest()}
        return fields

    def before(self, record, *paths, form=None):
        """The values of the first absolute path that finds one before the record or in it."""
        order = {element: place for place, element in enumerate(record.getroottree().iter())}
        for path in paths:
            nodes = self.xpath(record, path)
            owner = [node.getparent() if isinstance(node, str) else node for node in nodes]
            values = [(form or self.rule.string)(node) for node, at in zip(nodes, owner) if order[at] < order[record]]
            values = [value for value in values if value]
            if values:
                return values
        return []


class Rss(Feed):
    """RSS of all versions."""

    PARTIAL = True

    NAMES = {"", "http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/",
             "http://channel.netscape.com/rdf/simple/0.9/", "http://purl.org/net/rss1.1#",
             "http://backend.userland.com/rss2", "http://blogs.law.harvard.edu/tech/rss"}

    def is_record(self, element):
        return named(element, self.NAMES, "item")

    def x(self, path):
        return in_namespaces(path, self.NAMES)

    def bases(self):
        return self.x("/rss/channel/link"), "/rdf:RDF" + self.x("/channel/link"), self.x("/Channel/link")

    def fields(self, item):
        x = self.x
        alternate = "atom:link[@rel='alternate' or not(@rel)]/@href"
        media = "media:{0}|mrss:{0}|media:group/media:{0}|mrss:group/mrss:{0}"
        return self.identified({
            "guid": self.first(item, x("guid"), x("link"), "@rdf:about", "atom:id", "dc:identifier", alternate,
                               x("enclosure/@url"), ".//media:content/@url|.//mrss:content/@url"),
            "link": next(iter(self.uris(
                item, x("link"), x("guid") + "[not(@isPermaLink)][starts-with(normalize-space(),'http://') or "
                "starts-with(normalize-space(),'https://')]", x("guid") + "[@isPermaLink='true']", alternate,
                "@rdf:about")), None),
            "headline": self.first(item, x("title"), media.format("title"), "dc:title", "itunes:title|itunesup:title",
                                   "atom:title"),
            "publishedAt": self.dated(item, x("pubDate"), "dcterms:issued|atom:published", "dcterms:created|atom:issued",
                                      "dc:date", "dcterms:modified|atom:updated"),
            "updatedAt": self.first(item, "dcterms:modified", "atom:updated"),
            "summary": self.first(
                item, x("description"), media.format("description"), "dc:description", "itunes:summary|itunesup:summary",
                "itunes:subtitle|itunesup:subtitle", "atom:summary", "dcterms:abstract", form=self.html.text),
            "body": self.first(
                item, "content:encoded", "h:body", "h:div", "atom:content", x("fullitem"), "yandex:full-text",
                "turbo:content", x("description"), form=self.html.text, exclude=".//h:script|.//h:style"),
            "authors": self.authors(item),
            "subjects": self.subjects(item),
            "enclosures": self.uris(item, x("enclosure/@url"), x("enclosure") + "/@rdf:resource"),
            "provider": next(iter(self.before(
                item, x("/rss/channel/title"), "/rdf:RDF" + x("/channel/title"), x("/Channel/title"))), None),
            "media": self.uris(item, ".//media:content/@url", ".//mrss:content/@url"),
        })

    def subjects(self, item):
        kinds = ("dc:subject", "media:category", "mrss:category", "itunes:category", "itunesup:category", "atom:category")
        found = (self.first(subject, ".", "@term", "@label", "@text")
                 for subject in self.xpath(item, "|".join((self.x("category"), *kinds))))
        return [name for name in found if name]

    def authors(self, item):
        for path in ("dc:creator", "dc:author", self.x("author"), "itunes:author", "itunesup:author", "atom:author", "dc:contributor"):
            names = [self.first(author, "atom:name", self.x("name"), ".") for author in self.xpath(item, path)]
            if any(names):
                return [name for name in names if name]
        return []


class Atom(Feed):
    """Atom 1.0 and 0.3, with the tombstones of RFC 6721. Some entries are in no namespace."""

    NAMES = {"http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#", ""}

    def is_record(self, element):
        return named(element, self.NAMES, "entry") or self.is_tombstone(element)

    def is_tombstone(self, element):
        return named(element, {self.NAMESPACES["at"]}, "deleted-entry")

    def status(self, entry):
        """That of a tombstone or a draft; what is neither yes nor no stays as it is written."""
        draft = self.first(entry, "app:control/app:draft")
        return "deleted" if self.is_tombstone(entry) else {"yes": "draft", "no": None}.get(draft, draft)

    def x(self, path):
        return in_namespaces(path, self.NAMES)

    def bases(self):
        link = self.x("/feed/link")
        return link + "[@rel='alternate']/@href", link + "[not(@rel)]/@href"

    def fields(self, entry):
        x = self.x
        alternate, plain = x("link") + "[@rel='alternate']/@href", x("link") + "[not(@rel)]/@href"
        relation = x("link") + "[@rel='http://www.iana.org/assignments/relation/alternate']/@href"
        html = ".//h:script|.//h:style"
        return self.identified({
            "guid": self.first(entry, "self::at:deleted-entry/@ref", x("id"), alternate, plain, "dc:identifier",
                               x("link") + "[@rel='self']/@href", x("link") + "[@rel='enclosure']/@href",
                               x("content/@src")),
            "link": next(iter(self.uris(entry, alternate, plain, relation, x("content/@src"))), None),
            "headline": self.first(
                entry, x("title"), "media:title|mrss:title|media:group/media:title|mrss:group/mrss:title", "dc:title",
                form=self.line),
            "publishedAt": self.dated(
                entry, *map(x, ("published", "issued", "created", "updated", "modified")), "dc:date"),
            "updatedAt": self.first(entry, "self::at:deleted-entry/@when", x("updated"), x("modified")),
            "status": self.status(entry),
            "summary": self.first(entry, x("summary"), "media:group/media:description", form=self.paragraphs, exclude=html),
            "body": self.first(entry, x("content"), x("summary"), form=self.paragraphs, exclude=html),
            "authors": self.authors(entry),
            "subjects": self.all(entry, x("category/@term"), "dc:subject"),
            "links": self.uris(entry, x("link/@href")),
            "provider": self.first(entry, x("source/title"), form=self.line)
            or next(iter(self.before(entry, x("/feed/title"), form=self.line)), None),
        })

    def authors(self, entry):
        parts = (self.x("name"), "|".join(map(self.x, ("uri", "url", "homepage"))), self.x("email"))
        for path in (self.x("author"), self.x("source/author"), "dc:creator", self.x("/feed/author")):
            found = self.xpath(entry, path)
            if path.startswith("/"):
                order = {element: place for place, element in enumerate(entry.getroottree().iter())}
                found = [author for author in found if order[author] < order[entry]]
            authors = [[self.first(author, parts[0], "self::*[not(*)]"), *(self.first(author, p) for p in parts[1:])]
                       for author in found]
            authors = [[part for part in author if part] for author in authors]
            if any(authors):
                return [author for author in authors if author]
        return []


PRESETS = {"nitf": Nitf, "newsml-g2": NewsmlG2, "jats": Jats, "rss": Rss, "atom": Atom}


def named(element, namespaces, name):
    """Whether an element has this local name and is in one of these namespaces."""
    if local(element) != name:
        return False
    namespace = element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""
    return namespace in namespaces


def in_namespaces(path, namespaces):
    """A path of plain names, each in any of these namespaces."""
    def step(name):
        if name.startswith(("@", ".")) or not name:
            return name
        either = " or ".join(f"namespace-uri()='{namespace}'" for namespace in sorted(namespaces))
        return f"*[local-name()='{name}' and ({either})]"

    return "/".join(map(step, path.split("/")))


def plain_names(path):
    return in_namespaces(path, Nitf.NAMES)


def resolved(base, reference):
    """A reference to a base; itself, if it is none."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference


def written(date):
    """A moment as documents have it."""
    if date is None:
        return None
    text = date.strftime("%Y-%m-%dT%H:%M:%S")
    return text + f".{date.microsecond:06}".rstrip("0").rstrip(".") + "Z"


def comparable(field, value, utc=False, partial=False):
    """A value in the form in which both sides are compared: lists as tuples, dates as moments; see `moment`."""
    if field in ("publishedAt", "updatedAt") and value:
        return moment(value, utc, partial) or value
    if field == "urgency" and value and re.fullmatch("[+-]?[0-9]+", str(value)):
        return int(value)
    if isinstance(value, list):
        return tuple(tuple(item) if isinstance(item, list) else item for item in value)
    return value
