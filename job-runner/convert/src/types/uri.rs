//! Relative references of URIs: RFC 3986, section 5.

/// The components of a reference, without the characters that separate them.
#[derive(Clone, Copy)]
struct Components<'r> {
    scheme: Option<&'r str>,
    authority: Option<&'r str>,
    path: &'r str,
    query: Option<&'r str>,
    fragment: Option<&'r str>,
}

/// Whether a reference needs a base.
pub(crate) fn is_relative(reference: &str) -> bool {
    Components::of(reference).scheme.is_none()
}

/// Resolves a reference against a base, which may itself be relative: then the result is as well. What has a scheme
/// stays as it is, and so does a reference whose base is no place in a hierarchy, such as a URN.
pub(crate) fn resolve(base: &str, reference: &str) -> String {
    let (outer, inner) = (Components::of(base), Components::of(reference));
    let is_opaque = outer.scheme.is_some() && outer.authority.is_none() && !outer.path.starts_with('/');
    if inner.scheme.is_some() || is_opaque {
        return reference.to_owned();
    }
    let path = if inner.authority.is_some() || inner.path.starts_with('/') {
        inner.path.to_owned()
    } else if inner.path.is_empty() {
        outer.path.to_owned()
    } else {
        merged(&outer, inner.path)
    };
    let same_document = inner.authority.is_none() && inner.path.is_empty();
    let query = if same_document { inner.query.or(outer.query) } else { inner.query };
    let mut resolved = String::with_capacity(base.len() + reference.len());
    if let Some(scheme) = outer.scheme {
        resolved.push_str(scheme);
        resolved.push(':');
    }
    if let Some(authority) = inner.authority.or(outer.authority) {
        resolved.push_str("//");
        resolved.push_str(authority);
    }
    // Dots at the start of a relative path may still lead somewhere.
    resolved.push_str(&if outer.scheme.is_some() { without_dots(&path) } else { path });
    for (mark, component) in [('?', query), ('#', inner.fragment)] {
        if let Some(component) = component {
            resolved.push(mark);
            resolved.push_str(component);
        }
    }
    resolved
}

impl<'r> Components<'r> {
    fn of(reference: &'r str) -> Self {
        let (rest, fragment) = split(reference, '#');
        let (rest, query) = split(rest, '?');
        let (scheme, rest) = match rest.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            _ => (None, rest),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(authority), path)
            }
            None => (None, rest),
        };
        Self { scheme, authority, path, query, fragment }
    }
}

fn split(text: &str, mark: char) -> (&str, Option<&str>) {
    text.split_once(mark).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// A path in the place of the last segment of the base's path: section 5.2.3.
fn merged(base: &Components<'_>, path: &str) -> String {
    match base.path.rsplit_once('/') {
        Some((before, _)) => format!("{before}/{path}"),
        None if base.authority.is_some() => format!("/{path}"),
        None => path.to_owned(),
    }
}

/// A path from the root without `.` and `..`: section 5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_dots = matches!(segment, "." | "..");
        // The first one is empty: it stands before the slash at the start.
        if segment == ".." && kept.len() > 1 {
            kept.pop();
        }
        if !is_dots {
            kept.push(segment);
        } else if segments.peek().is_none() {
            kept.push("");
        }
    }
    kept.join("/")
}

#[cfg(test)]
mod tests {
    use super::resolve;

    /// RFC 3986, sections 5.4.1 and 5.4.2.
    #[test]
    fn the_examples_of_the_standard() {
        for (reference, expected) in [
            ("g:h", "g:h"),
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q#s"),
            ("g#s", "http://a/b/c/g#s"),
            ("g?y#s", "http://a/b/c/g?y#s"),
            (";x", "http://a/b/c/;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y#s"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("http:g", "http:g"),
        ] {
            assert_eq!(resolve("http://a/b/c/d;p?q", reference), expected, "{reference}");
        }
    }

    #[test]
    fn a_base_may_be_relative_or_no_place() {
        for (base, reference, expected) in [
            ("2026/01/", "a.html", "2026/01/a.html"),
            ("a/", "../../b", "a/../../b"),
            ("", "a", "a"),
            ("https://example.org", "a", "https://example.org/a"),
            ("urn:feed", "a", "a"),
            ("//example.org/a/", "b", "//example.org/a/b"),
        ] {
            assert_eq!(resolve(base, reference), expected, "{base} {reference}");
        }
    }
}
