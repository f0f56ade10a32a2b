//! The addresses of the pages, each relative to where all pages of a namespace are. Pure.

use docmill_crds::records_api::parameters::join;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::run_form::RunMode;

/// Characters of names of resources stand for themselves.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.');
/// Longest name of a resource.
const NAME_CHARS: usize = 253;

/// The overview.
pub const OVERVIEW: &str = "./";
/// Runs.
pub const RUNS: &str = "runs";
/// Where the search leads to.
pub const TRACE: &str = "trace";
/// Where stages of a document are chosen.
pub const DIFF: &str = "diff";

/// What the paths of the pages begin with where a server has the pages of several namespaces.
const NAMESPACES: &str = "/namespaces/";

/// The pages of a namespace, and where they are on their server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the namespace.
    pub namespace: String,
    /// Whether the server has a list of namespaces, at its root.
    pub is_one_of_many: bool,
    base: String,
}

impl Place {
    /// The only pages of their server.
    pub fn alone(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), is_one_of_many: false, base: "/".to_owned() }
    }

    /// Below the name of the namespace, for a server that may have others.
    pub fn below_its_name(namespace: &str, is_one_of_many: bool) -> Self {
        let base = format!("{NAMESPACES}{}/", utf8_percent_encode(namespace, SEGMENT));
        Self { namespace: namespace.to_owned(), is_one_of_many, base }
    }

    /// The path that all addresses of the pages are relative to.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The path of an address on the server. Whatever the address is, the path does not lead to another server.
    pub fn path_of(&self, address: &str) -> String {
        format!("{}{}", self.base, address.trim_start_matches(['/', '\\']))
    }
}

/// The namespace that a path names, and the path of a page within it, which is empty if the slash is missing.
pub fn within_namespace(path_and_query: &str) -> Option<(&str, &str)> {
    let rest = path_and_query.strip_prefix(NAMESPACES)?;
    Some(rest.find('/').map_or((rest, ""), |end| rest.split_at(end)))
}

/// Whether a text has the form of the name of a resource.
pub fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    starts && text.len() <= NAME_CHARS && text.bytes().all(fits)
}

/// The page of a source.
pub fn source(name: &str) -> String {
    format!("sources/{}", utf8_percent_encode(name, SEGMENT))
}

/// What was refused of a source.
pub fn failures(source_name: &str) -> String {
    format!("{}/failures", source(source_name))
}

/// Where runs of a source are created.
pub fn runs_of(source_name: &str) -> String {
    format!("{}/runs", source(source_name))
}

/// The page that asks whether to create a run.
pub fn new_run(source_name: &str, mode: RunMode, reason: Option<&str>) -> String {
    let reason = reason.map(|reason| ("reason", reason.to_owned()));
    let parameters = std::iter::once(("mode", mode.as_str().to_owned())).chain(reason);
    format!("{}/new?{}", runs_of(source_name), join(&parameters.collect::<Vec<_>>()))
}

/// The page of a run with a name such as `ingestrun.docmill.io/backfill`.
pub fn run(name: &str) -> String {
    let (kind, name) = name.split_once('/').unwrap_or((name, ""));
    format!("runs/{}/{}", utf8_percent_encode(kind, SEGMENT), utf8_percent_encode(name, SEGMENT))
}

/// The trace of an id, a key or a digest.
pub fn trace(target: &str, source: &str) -> String {
    format!("{TRACE}?{}", join(&[("target", target.to_owned()), ("source", source.to_owned())]))
}

/// What differs between two stages of a document.
pub fn diff(id: &str, source: &str, from: &str, to: &str) -> String {
    let parameters = [("id", id), ("source", source), ("from", from), ("to", to)];
    format!("{DIFF}?{}", join(&parameters.map(|(name, value)| (name, value.to_owned()))))
}

#[cfg(test)]
mod tests {
    use super::{Place, is_name, new_run, run, source, trace, within_namespace};
    use crate::commands::console::run_form::RunMode;

    #[test]
    fn addresses_hold_any_text() {
        assert_eq!(source("wire-2.a"), "sources/wire-2.a");
        assert_eq!(source("../x"), "sources/..%2Fx");
        assert_eq!(run("ingestrun.docmill.io/backfill"), "runs/ingestrun.docmill.io/backfill");
        assert_eq!(trace("a&b=c", "wire"), "trace?target=a%26b%3Dc&source=wire");
        let replay = new_run("wire", RunMode::Replay, Some("MissingField"));
        assert_eq!(replay, "sources/wire/runs/new?mode=replay&reason=MissingField");
    }

    #[test]
    fn pages_stay_below_the_name_of_their_namespace() {
        let place = Place::below_its_name("news", true);
        assert_eq!(place.base(), "/namespaces/news/");
        assert_eq!(place.path_of(&source("wire")), "/namespaces/news/sources/wire");
        assert_eq!(Place::alone("news").path_of("runs"), "/runs");
        for foreign in ["//evil.example", "/\\evil.example", "evil.example"] {
            assert_eq!(Place::alone("news").path_of(foreign), "/evil.example", "{foreign}");
        }
    }

    #[test]
    fn a_path_names_its_namespace() {
        assert_eq!(within_namespace("/namespaces/news/"), Some(("news", "/")));
        assert_eq!(within_namespace("/namespaces/news/trace?a=b/c"), Some(("news", "/trace?a=b/c")));
        assert_eq!(within_namespace("/namespaces/news"), Some(("news", "")));
        assert_eq!(within_namespace("/namespaces//evil.example/"), Some(("", "/evil.example/")));
        assert_eq!(within_namespace("/namespaces?x=/"), None);
        assert_eq!(within_namespace("/"), None);
    }

    #[test]
    fn a_name_is_that_of_a_resource() {
        assert!(is_name("replay-wire-x7k2p") && is_name("a.b"));
        for text in ["", "..", ".a", "-a", "a/b", "A", "a b", "ä", &"a".repeat(254)] {
            assert!(!is_name(text), "{text}");
        }
    }
}
