//! What Docmill's own indices are called.
//!
//! A namespace is a DNS label and holds no dot, so the first dot of a name ends it: no two sources of a cluster have the same
//! name. The longest one has 130 of the 255 bytes that Elasticsearch allows, as a source's name has 52 at the most.

/// How the names of all of them begin. No index of documents may.
pub const PREFIX: &str = "docmill-";

/// Name of an index of one source; `kind` says what is in it.
#[must_use]
pub fn of_source(kind: &str, namespace: &str, source: &str) -> String {
    format!("{PREFIX}{kind}-{namespace}.{source}")
}

#[cfg(test)]
mod tests {
    use super::of_source;

    #[test]
    fn no_two_sources_share_a_name() {
        assert_ne!(of_source("units", "news", "prod-wire"), of_source("units", "news-prod", "wire"));
        assert_ne!(of_source("units", "news", "prod.wire"), of_source("units", "news-prod", "wire"));
        let longest = of_source("enrichments", &"n".repeat(63), &"s".repeat(52));
        assert!(longest.len() <= 255, "{} bytes", longest.len());
    }
}
