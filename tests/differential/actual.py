"""The values of the program's documents, in the form in which `expected.py` gives them."""


def fields(preset: str, document: dict) -> dict:
    """The compared values of a document."""
    values = {name: value for name, value in document.items() if not isinstance(value, (dict, list))}
    for name in ("keywords", "footnotes"):
        values[name] = document.get(name, [])
    for name, keys in LISTS[preset].items():
        values[name] = [item for item in (pick(entry, keys) for entry in listed(document, name)) if item]
    if "journal" in document:
        values["journal"] = document["journal"].get("title")
    return values


DATE = ("type", "date", "year", "month", "day", "season", "text")
LISTS = {
    "nitf": {"authors": "name", "media": "href"},
    "newsml-g2": {"authors": "name", "subjects": "code", "media": "href", "items": "residref"},
    "jats": {"authors": ("surname", "givenNames", "name", "orcid", "affiliations"), "affiliations": "name",
             "pubDates": DATE, "history": DATE},
    "rss": {"authors": "name", "subjects": "name", "enclosures": "href", "media": "href"},
    "atom": {"authors": ("name", "uri", "email"), "subjects": "code", "links": "href"},
}


def listed(document, name):
    """The objects of a list; `items` are those of all groups of a package."""
    if name == "items":
        return [item for group in document.get("groups", []) for item in group.get("items", [])]
    return document.get(name, [])


def pick(entry, keys):
    """One value of an object, or several in a row."""
    if isinstance(keys, str):
        return entry.get(keys)
    row = []
    for key in keys:
        value = entry.get(key)
        row.extend(value if isinstance(value, list) else [value] if value else [])
    return row
