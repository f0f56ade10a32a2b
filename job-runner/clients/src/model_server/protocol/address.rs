//! The URL of a call.

/// Adds a path to a base URL. A query in the base (some gateways expect a key or a version there) stays at
/// the end.
pub fn join(base: &str, path: &str) -> String {
    let (base, query) = match base.split_once('?') {
        Some((base, query)) => (base, format!("?{query}")),
        None => (base, String::new()),
    };
    format!("{}/{path}{query}", base.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn a_path_comes_before_the_query() {
        for (base, url) in [
            ("http://m:8080/v1", "http://m:8080/v1/embeddings"),
            ("http://m:8080/v1/", "http://m:8080/v1/embeddings"),
            ("http://m/v1?api-version=1", "http://m/v1/embeddings?api-version=1"),
        ] {
            assert_eq!(join(base, "embeddings"), url);
        }
    }
}
