//! Patterns of names and keys. Pure.

/// A list of patterns. In each, `*` stands for any number of characters other than `/`: `*` alone matches
/// every key without a domain, and `*/*` every key with one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns(Vec<String>);

impl Patterns {
    /// Creates the list. Empty strings, which an empty flag yields, are dropped.
    pub fn new(patterns: &[String]) -> Self {
        let trimmed = patterns.iter().map(|pattern| pattern.trim());
        Self(trimmed.filter(|pattern| !pattern.is_empty()).map(str::to_owned).collect())
    }

    /// Whether a pattern matches the whole text.
    pub fn matches(&self, text: &str) -> bool {
        self.0.iter().any(|pattern| matches(pattern, text))
    }

    /// Whether a pattern is literally this text.
    pub fn names(&self, text: &str) -> bool {
        self.0.iter().any(|pattern| pattern == text)
    }
}

/// Searches the pieces between the stars from left to right; the first and the last are anchored to the ends.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(begin) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let end = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = left.find(piece).filter(|at| !left[..*at].contains('/')) else { return false };
        left = &left[at + piece.len()..];
    }
    left.strip_suffix(end).is_some_and(|between| !between.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::{Patterns, matches};

    #[test]
    fn a_star_stands_for_anything_but_a_slash() {
        for (pattern, text) in [
            ("team", "team"),
            ("*", "team"),
            ("*", ""),
            ("prometheus.io/*", "prometheus.io/scrape"),
            ("*/*", "example.com/a"),
            ("docmill-*", "docmill-worker"),
            ("*.example.com/cost-*", "a.b.example.com/cost-center"),
            ("a*b*c", "aXbYbZc"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("team", "teams"),
            ("*", "example.com/a"),
            ("prometheus.io/*", "evil.prometheus.io/scrape"),
            ("*/*", "a"),
            ("*.io/*", "x/y.io/z"),
            ("docmill-*", "mydocmill-worker"),
            ("a*b", "ab/b"),
            ("ab*ba", "aba"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn an_empty_flag_matches_nothing() {
        let none = Patterns::new(&[String::new()]);
        assert!(!none.matches("") && !none.matches("a") && none == Patterns::default());
    }
}
