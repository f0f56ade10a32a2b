//! `UndeclaredPrefix`: a prefix that the object does not declare gets the namespace that it is known for, and every other
//! one a namespace that is named like it, so that its names stay apart from those without a prefix.

/// Prefixes by which feeds and articles name the same namespace everywhere.
const WELL_KNOWN: [(&str, &str); 41] = [
    ("ali", "http://www.niso.org/schemas/ali/1.0/"),
    ("app", "http://www.w3.org/2007/app"),
    ("atom", "http://www.w3.org/2005/Atom"),
    ("atom10", "http://www.w3.org/2005/Atom"),
    ("cc", "http://creativecommons.org/ns#"),
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("creativeCommons", "http://backend.userland.com/creativeCommonsRssModule"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("dcterms", "http://purl.org/dc/terms/"),
    ("feedburner", "http://rssnamespace.org/feedburner/ext/1.0"),
    ("foaf", "http://xmlns.com/foaf/0.1/"),
    ("geo", "http://www.w3.org/2003/01/geo/wgs84_pos#"),
    ("georss", "http://www.georss.org/georss"),
    ("gml", "http://www.opengis.net/gml"),
    ("image", "http://www.google.com/schemas/sitemap-image/1.1"),
    ("itunes", "http://www.itunes.com/dtds/podcast-1.0.dtd"),
    ("m", "http://www.w3.org/1998/Math/MathML"),
    ("media", "http://search.yahoo.com/mrss/"),
    ("mml", "http://www.w3.org/1998/Math/MathML"),
    ("news", "http://www.google.com/schemas/sitemap-news/0.9"),
    ("nitf", "http://iptc.org/std/NITF/2006-10-18/"),
    ("oai_dc", "http://www.openarchives.org/OAI/2.0/oai_dc/"),
    ("oasis", "http://www.niso.org/standards/z39-96/ns/oasis-exchange/table"),
    ("opensearch", "http://a9.com/-/spec/opensearch/1.1/"),
    ("podcast", "https://podcastindex.org/namespace/1.0"),
    ("prism", "http://prismstandard.org/namespaces/basic/2.0/"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("skos", "http://www.w3.org/2004/02/skos/core#"),
    ("slash", "http://purl.org/rss/1.0/modules/slash/"),
    ("svg", "http://www.w3.org/2000/svg"),
    ("sy", "http://purl.org/rss/1.0/modules/syndication/"),
    ("tei", "http://www.tei-c.org/ns/1.0"),
    ("thr", "http://purl.org/syndication/thread/1.0"),
    ("wfw", "http://wellformedweb.org/CommentAPI/"),
    ("xhtml", "http://www.w3.org/1999/xhtml"),
    ("xi", "http://www.w3.org/2001/XInclude"),
    ("xlink", "http://www.w3.org/1999/xlink"),
    ("xs", "http://www.w3.org/2001/XMLSchema"),
    ("xsd", "http://www.w3.org/2001/XMLSchema"),
    ("xsi", "http://www.w3.org/2001/XMLSchema-instance"),
];

/// The URI of a prefix that is not declared.
pub(crate) fn namespace(prefix: &str) -> &str {
    let known = WELL_KNOWN.iter().find(|(known, _)| *known == prefix);
    known.map_or(prefix, |(_, uri)| *uri)
}

#[cfg(test)]
mod tests {
    use super::{WELL_KNOWN, namespace};

    #[test]
    fn a_prefix_has_its_known_namespace_or_its_own() {
        assert_eq!(namespace("dc"), "http://purl.org/dc/elements/1.1/");
        assert_eq!(namespace("desk"), "desk");
        assert!(
            WELL_KNOWN.is_sorted_by(|one, next| one.0 < next.0),
            "each once, in the order of their names"
        );
    }
}
