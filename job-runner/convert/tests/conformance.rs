//! The W3C's XML conformance test suite, read by its own catalogue: what is well-formed is accepted, what is not is
//! refused. `conformance-exceptions.tsv` lists the cases that end otherwise, and why.
//!
//! Documents that declare or use entities are refused as such, whatever the suite says of them. Of documents that differ
//! among the editions of XML 1.0, the fifth decides.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends by it")]

mod data;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use docmill_convert::{Converter, Verdict};
use docmill_crds::conversion::Conversion;
use docmill_crds::reason::Reason;
use serde_json::json;

/// A line of the catalogue.
#[derive(Debug)]
struct Case<'c> {
    kind: &'c str,
    /// The version of XML, and for some cases the erratum.
    version: &'c str,
    id: &'c str,
    path: &'c str,
    /// The editions of XML 1.0 for which the case holds; `-` for all.
    editions: &'c str,
    /// Whether the document follows Namespaces in XML.
    namespaces: bool,
}

impl<'c> Case<'c> {
    fn of(line: &'c str) -> Self {
        let columns: Vec<_> = line.split('\t').collect();
        let [kind, _, version, id, path, editions, namespaces] = columns[..] else {
            panic!("not seven columns: {line}")
        };
        Self { kind, version, id, path, editions, namespaces: namespaces == "yes" }
    }

    /// Whether the document is well-formed by the fifth edition and Namespaces in XML; none when a processor may decide.
    /// What an earlier edition refused for the names in it, or for its version, the fifth takes.
    fn is_well_formed(&self) -> Option<bool> {
        let holds = self.editions == "-" || self.editions.contains('5');
        match self.kind {
            "valid" | "invalid" => (holds && self.namespaces).then_some(true),
            "not-wf" => Some(!holds),
            _ => None,
        }
    }
}

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Accepted,
    /// Refused for an entity.
    Entity,
    Refused,
}

impl Outcome {
    fn of(verdicts: &[Verdict]) -> Self {
        match verdicts {
            [Ok(_)] => Self::Accepted,
            [Err(refusal)] if refusal.reason == Reason::EntityRefused => Self::Entity,
            [Err(_)] => Self::Refused,
            _ => panic!("one verdict was due: {verdicts:?}"),
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Entity => "entity",
            Self::Refused => "refused",
        }
    }
}

fn read(converter: &Converter, path: &Path) -> Vec<Verdict> {
    let file = fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    converter.documents(file).map(Result::unwrap).collect()
}

/// Takes any root element for a document.
fn converter() -> Converter {
    let model = json!({"record": "/*", "fields": [{"name": "content", "path": ["."]}]});
    let model: Conversion = serde_json::from_value(model).unwrap();
    Converter::new(&model.resolve().unwrap()).unwrap()
}

/// The text of the document.
fn content(verdicts: &[Verdict]) -> Option<&str> {
    verdicts.first()?.as_ref().ok()?.field("content")
}

/// The canonical form of a document, where the suite has one.
fn canonical(path: &Path) -> Option<PathBuf> {
    Some(path.parent()?.join("out").join(path.file_name()?)).filter(|path| path.exists())
}

/// Whether a document declares an entity, may have one declared by a parameter entity, or uses one that is not among XML's
/// own five.
fn has_entities(document: &[u8]) -> bool {
    // UTF-16 becomes readable when its zeros are left out.
    let text: Vec<_> = document.iter().copied().filter(|byte| *byte != 0).collect();
    let text = String::from_utf8_lossy(&text);
    let own = |after: &str| {
        ["#", "amp;", "lt;", "gt;", "quot;", "apos;"].iter().any(|name| after.starts_with(name))
    };
    let used = text.split('&').skip(1).any(|after| !own(after));
    let parameter = text.contains("<!DOCTYPE") && text.contains('%');
    text.contains("<!ENTITY") || parameter || used
}

/// Exceptions by the case's id, each with the outcome that it has.
fn exceptions() -> BTreeMap<&'static str, &'static str> {
    let lines = include_str!("conformance-exceptions.tsv").lines().skip(1);
    lines
        .map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
            [id, outcome, reason] if !reason.is_empty() => (id, outcome),
            _ => panic!("an exception has an id, an outcome and a reason: {line}"),
        })
        .collect()
}

#[test]
fn the_suite_and_the_converter_agree() {
    let Some(suite) = data::folder("xml-conformance") else { return };
    let catalogue = fs::read_to_string(suite.join("CASES.tsv")).unwrap();
    let converter = converter();
    let mut exceptions = exceptions();
    let mut counts: BTreeMap<(&str, Outcome), u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for case in catalogue.lines().skip(1).map(Case::of) {
        let path = suite.join(case.path);
        let verdicts = read(&converter, &path);
        let outcome = Outcome::of(&verdicts);
        *counts.entry((case.kind, outcome)).or_default() += 1;
        let good = match (exceptions.remove(case.id), case.is_well_formed()) {
            (Some(exception), _) => exception == outcome.as_str(),
            (None, Some(true)) if outcome == Outcome::Entity => has_entities(&fs::read(&path).unwrap()),
            (None, Some(true)) => outcome == Outcome::Accepted,
            (None, Some(false)) => outcome != Outcome::Accepted,
            (None, None) => true,
        };
        // XML 1.1 has line ends that 1.0 has not.
        let comparable = outcome == Outcome::Accepted && case.version.starts_with("1.0");
        if let Some(canonical) = canonical(&path).filter(|_| comparable) {
            let expected = read(&converter, &canonical);
            assert_eq!(content(&verdicts), content(&expected), "{case:?}");
            compared += 1;
        }
        if !good {
            wrong.push(format!("{case:?} {outcome:?} {verdicts:?}"));
        }
    }
    println!("{counts:?}, {compared} compared with their canonical form");
    assert!(exceptions.is_empty(), "exceptions without a case: {exceptions:?}");
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    let cases: u32 = counts.values().sum();
    assert!(cases > 1000 && compared > 100, "only {cases} cases were found");
}
