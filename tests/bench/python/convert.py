"""NITF and NewsML-G2 to validated JSON, as a careful team writes it in Python.

Parsed by libxml2 with entities and network off, read by dictionaries of child elements (several times as fast as path
expressions), validated by pydantic, written by orjson. The fields are those of `job-runner/convert/benches/articles.yaml`.
"""

import datetime as dt
import re
import threading
from typing import Annotated, Optional

import orjson
from lxml import etree
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")]


class Subject(BaseModel):
    code: Text
    name: Optional[str] = None


class Media(BaseModel):
    href: Text
    type: Optional[str] = None
    width: Optional[int] = None
    height: Optional[int] = None
    caption: Optional[str] = None


class Article(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: Text
    headline: Text
    published: dt.datetime
    language: Language
    provider: Text
    body: Text
    subheadline: Optional[Text] = None
    byline: Optional[Text] = None
    dateline: Optional[Text] = None
    urgency: Optional[Annotated[int, Field(ge=1, le=9)]] = None
    slugline: Optional[Text] = None
    copyright: Optional[Text] = None
    updated: Optional[dt.datetime] = None
    subjects: list[Subject] = []
    keywords: list[Text] = []
    media: list[Media] = []


class Refused(ValueError):
    """The object is no article."""


DOCTYPE_WITH_SUBSET = re.compile(rb"<!DOCTYPE[^>\[]*\[")
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
G2 = "{http://iptc.org/std/nar/2006-10-01/}"
XHTML_P = "{http://www.w3.org/1999/xhtml}p"
# A parser has a lock, so that each thread has one of its own.
LOCAL = threading.local()


def parser():
    if not hasattr(LOCAL, "parser"):
        LOCAL.parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
        )
    return LOCAL.parser


def convert(xml):
    """The article's id, and its JSON as bytes. Any error means that the object is refused."""
    return convert_by(nitf, newsml_g2, xml)


def convert_by(nitf, newsml_g2, xml):
    """The same with these functions from a root element to the article's fields."""
    if DOCTYPE_WITH_SUBSET.search(xml, 0, 4096):
        raise Refused("internal DTD subset")
    root = etree.fromstring(xml, parser())
    if root.tag == "nitf":
        fields = nitf(root)
    elif root.tag == G2 + "newsItem":
        fields = newsml_g2(root)
    else:
        raise Refused("unknown root element")
    article = Article.model_validate(fields)
    return article.id, orjson.dumps(article.model_dump(exclude_none=True))


def children(element):
    return {child.tag: child for child in element}


def text(element):
    if element is None:
        return None
    return ((element.text or "") if not len(element) else "".join(element.itertext())).strip()


def nitf(root):
    top = children(root)
    head, body = top["head"], children(top["body"])
    docdata, provider, subjects, keywords, named = None, None, [], [], {}
    for child in head:
        if child.tag == "docdata":
            docdata = child
        elif child.tag == "meta" and child.get("name") == "provider":
            provider = child.get("content")
    for child in docdata:
        if child.tag == "identified-content":
            subjects += [{"code": found.get("idsrc"), "name": found.get("value")} for found in child]
        elif child.tag == "key-list":
            keywords = [found.get("key") for found in child]
        else:
            named[child.tag] = child.attrib
    above = children(body["body.head"])
    headlines = children(above["hedline"])
    paragraphs, media = [], []
    for child in body["body.content"]:
        if child.tag == "p":
            paragraph = text(child)
            if paragraph:
                paragraphs.append(paragraph)
        elif child.tag == "media":
            parts = children(child)
            of = parts["media-reference"].attrib
            media.append({
                "href": of.get("source"), "type": of.get("mime-type"), "width": of.get("width"),
                "height": of.get("height"), "caption": text(parts.get("media-caption")),
            })
    none = {}
    return {
        "id": named.get("doc-id", none).get("id-string"), "headline": text(headlines.get("hl1")),
        "published": named.get("date.issue", none).get("norm"), "language": root.get(XML_LANG), "provider": provider,
        "body": "\n\n".join(paragraphs), "subheadline": text(headlines.get("hl2")), "byline": text(above.get("byline")),
        "dateline": text(above.get("dateline")), "urgency": named.get("urgency", none).get("ed-urg"),
        "slugline": named.get("du-key", none).get("key"), "copyright": named.get("doc.copyright", none).get("holder"),
        "updated": named.get("date.release", none).get("norm"), "subjects": subjects, "keywords": keywords, "media": media,
    }


def newsml_g2(root):
    top = children(root)
    item, contents = children(top[G2 + "itemMeta"]), top[G2 + "contentSet"]
    subjects, keywords, media, paragraphs, named = [], [], [], [], {}
    for child in top[G2 + "contentMeta"]:
        if child.tag == G2 + "subject":
            subjects.append({"code": child.get("qcode"), "name": text(child[0]) if len(child) else None})
        elif child.tag == G2 + "keyword":
            keywords.append(text(child))
        else:
            named[child.tag] = child
    for child in contents:
        if child.tag == G2 + "inlineXML":
            for found in child[0][-1]:
                if found.tag == XHTML_P:
                    paragraph = text(found)
                    if paragraph:
                        paragraphs.append(paragraph)
        elif child.tag == G2 + "remoteContent":
            media.append({
                "href": child.get("href"), "type": child.get("contenttype"), "width": child.get("width"),
                "height": child.get("height"), "caption": text(child[0]) if len(child) else None,
            })
    provider, rights = item.get(G2 + "provider"), top.get(G2 + "rightsInfo")
    return {
        "id": root.get("guid"), "headline": text(named.get(G2 + "headline")),
        "published": text(item.get(G2 + "versionCreated")), "language": root.get(XML_LANG),
        "provider": provider.get("literal") if provider is not None else None, "body": "\n\n".join(paragraphs),
        "subheadline": text(named.get(G2 + "subheadline")), "byline": text(named.get(G2 + "by")),
        "dateline": text(named.get(G2 + "dateline")), "urgency": text(named.get(G2 + "urgency")),
        "slugline": text(named.get(G2 + "slugline")),
        "copyright": text(rights[0]) if rights is not None and len(rights) else None,
        "updated": text(item.get(G2 + "firstUpdated")), "subjects": subjects, "keywords": keywords, "media": media,
    }
