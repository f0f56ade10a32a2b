//! The addresses of the pages. Pure.

use docmill_crds::records_api::parameters::join;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::run_form::RunMode;

/// Characters of names of resources stand for themselves.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.');
/// Longest name of a resource.
const NAME_CHARS: usize = 253;

/// Whether a text has the form of the name of a resource.
pub fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    starts && text.len() <= NAME_CHARS && text.bytes().all(fits)
}

/// The page of a source.
pub fn source(name: &str) -> String {
    format!("/sources/{}", utf8_percent_encode(name, SEGMENT))
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
    format!("/runs/{}/{}", utf8_percent_encode(kind, SEGMENT), utf8_percent_encode(name, SEGMENT))
}

/// The trace of an id, a key or a digest.
pub fn trace(target: &str, source: &str) -> String {
    format!("/trace?{}", join(&[("target", target.to_owned()), ("source", source.to_owned())]))
}

/// What differs between two stages of a document.
pub fn diff(id: &str, source: &str, from: &str, to: &str) -> String {
    let parameters = [("id", id), ("source", source), ("from", from), ("to", to)];
    format!("/diff?{}", join(&parameters.map(|(name, value)| (name, value.to_owned()))))
}

#[cfg(test)]
mod tests {
    use super::{is_name, new_run, run, source, trace};
    use crate::commands::console::run_form::RunMode;

    #[test]
    fn addresses_hold_any_text() {
        assert_eq!(source("wire-2.a"), "/sources/wire-2.a");
        assert_eq!(source("../x"), "/sources/..%2Fx");
        assert_eq!(run("ingestrun.docmill.io/backfill"), "/runs/ingestrun.docmill.io/backfill");
        assert_eq!(trace("a&b=c", "wire"), "/trace?target=a%26b%3Dc&source=wire");
        let replay = new_run("wire", RunMode::Replay, Some("MissingField"));
        assert_eq!(replay, "/sources/wire/runs/new?mode=replay&reason=MissingField");
    }

    #[test]
    fn a_name_is_that_of_a_resource() {
        assert!(is_name("replay-wire-x7k2p") && is_name("a.b"));
        for text in ["", "..", ".a", "-a", "a/b", "A", "a b", "ä", &"a".repeat(254)] {
            assert!(!is_name(text), "{text}");
        }
    }
}
