"""The first version of the conversion of `tests/bench/python`: fields by path expressions, one search for each.

It is what most teams keep. The other one is what a team makes of it that measures.
"""

from convert import G2, XML_LANG, Refused, convert_by

XHTML = "{http://www.w3.org/1999/xhtml}"


def convert(xml):
    """The article's id, and its JSON as bytes."""
    return convert_by(nitf, newsml_g2, xml)


def text(element):
    return "".join(element.itertext()).strip() if element is not None else None


def paragraphs(elements):
    return "\n\n".join(found for found in (text(element) for element in elements) if found)


def nitf(root):
    head, body = root.find("head"), root.find("body")
    if head is None or body is None:
        raise Refused("no head or body")
    docdata = head.find("docdata")
    if docdata is None:
        raise Refused("no docdata")

    def attribute(tag, name):
        element = docdata.find(tag)
        return element.get(name) if element is not None else None

    above, content = body.find("body.head"), body.find("body.content")
    media = []
    for found in content.iterfind("media"):
        of = found.find("media-reference")
        media.append({
            "href": of.get("source"), "type": of.get("mime-type"), "width": of.get("width"), "height": of.get("height"),
            "caption": text(found.find("media-caption")),
        })
    return {
        "id": attribute("doc-id", "id-string"), "headline": text(above.find("hedline/hl1")),
        "published": attribute("date.issue", "norm"), "language": root.get(XML_LANG),
        "provider": next((meta.get("content") for meta in head.iterfind("meta") if meta.get("name") == "provider"), None),
        "body": paragraphs(content.iterfind("p")), "subheadline": text(above.find("hedline/hl2")),
        "byline": text(above.find("byline")), "dateline": text(above.find("dateline")),
        "urgency": attribute("urgency", "ed-urg"), "slugline": attribute("du-key", "key"),
        "copyright": attribute("doc.copyright", "holder"), "updated": attribute("date.release", "norm"),
        "subjects": [
            {"code": found.get("idsrc"), "name": found.get("value")}
            for found in docdata.iterfind("identified-content/classifier")
        ],
        "keywords": [found.get("key") for found in docdata.iterfind("key-list/keyword")],
        "media": media,
    }


def newsml_g2(root):
    item, meta, contents = root.find(G2 + "itemMeta"), root.find(G2 + "contentMeta"), root.find(G2 + "contentSet")
    if item is None or meta is None or contents is None:
        raise Refused("no itemMeta, contentMeta or contentSet")
    provider = item.find(G2 + "provider")

    def of(parent, tag):
        return text(parent.find(G2 + tag))

    path = f"{G2}inlineXML/{XHTML}html/{XHTML}body/{XHTML}p"
    return {
        "id": root.get("guid"), "headline": of(meta, "headline"), "published": of(item, "versionCreated"),
        "language": root.get(XML_LANG), "provider": provider.get("literal") if provider is not None else None,
        "body": paragraphs(contents.iterfind(path)), "subheadline": of(meta, "subheadline"), "byline": of(meta, "by"),
        "dateline": of(meta, "dateline"), "urgency": of(meta, "urgency"), "slugline": of(meta, "slugline"),
        "copyright": text(root.find(f"{G2}rightsInfo/{G2}copyrightNotice")), "updated": of(item, "firstUpdated"),
        "subjects": [{"code": found.get("qcode"), "name": of(found, "name")} for found in meta.iterfind(G2 + "subject")],
        "keywords": [text(found) for found in meta.iterfind(G2 + "keyword")],
        "media": [
            {
                "href": found.get("href"), "type": found.get("contenttype"), "width": found.get("width"),
                "height": found.get("height"), "caption": of(found, "altText"),
            }
            for found in contents.iterfind(G2 + "remoteContent")
        ],
    }
