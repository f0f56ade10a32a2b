//! What `reproduce` shows. Pure.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::compare::Agreement;
use crate::output::untrusted::one_line;
use crate::output::{Show, Tone, View};

/// Faults that are shown, unless all columns are asked for.
const SHOWN: usize = 10;

/// The conversion of one object here, beside that of the cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reproduction {
    /// Key of the object, or name of the file.
    pub key: String,
    /// Digest of the unit, if the object comes from the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The state of the unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The revision of the model here.
    pub revision: String,
    /// The revision that the cluster converted it with, if it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_revision: Option<String>,
    /// How many documents of it a worker stores.
    pub documents: usize,
    /// What is refused of it, as an error record lists it.
    pub refusals: Vec<Value>,
    /// Whether the cluster came to the same.
    pub agreement: Agreement,
    /// The files that were written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub saved: Vec<String>,
}

impl Show for Reproduction {
    fn human(&self, view: View) -> String {
        let mut text = String::new();
        let refused = self.refusals.len();
        // Writing to a text does not fail.
        let _ = writeln!(
            text,
            "{}: {} documents, {refused} refused, by revision {}",
            one_line(&self.key),
            self.documents,
            self.revision
        );
        let faults: Vec<String> = self.refusals.iter().flat_map(faults).collect();
        let most = if view.is_wide { usize::MAX } else { SHOWN };
        for fault in faults.iter().take(most) {
            let _ = writeln!(text, "  {}", view.palette.paint(Tone::Bad, &one_line(fault)));
        }
        if faults.len() > most {
            let _ = writeln!(text, "  and {} more (-o wide shows all)", faults.len() - most);
        }
        let (tone, verdict) = self.verdict();
        let _ = writeln!(text, "{}", view.palette.paint(tone, &verdict));
        for file in &self.saved {
            let _ = writeln!(text, "written: {file}");
        }
        text
    }

    fn names(&self) -> Vec<String> {
        self.saved.clone()
    }
}

impl Reproduction {
    fn verdict(&self) -> (Tone, String) {
        let other = self.cluster_revision.as_ref().map(|revision| {
            format!(" The cluster used another model, revision {revision}: the model was changed since.")
        });
        let other = other.unwrap_or_default();
        match (self.agreement, &self.state) {
            (Agreement::Same, _) => (Tone::Good, format!("The cluster came to the same.{other}")),
            (Agreement::Different, _) => (Tone::Warn, format!("The cluster came to something else.{other}")),
            (Agreement::Unknown, Some(state)) => (
                Tone::Dim,
                format!("The cluster has no conversion to compare with: the unit is {state}.{other}"),
            ),
            (Agreement::Unknown, None) => {
                (Tone::Dim, "The cluster was not asked about this file.".to_owned())
            }
        }
    }
}

/// The faults of a refusal, a line each.
fn faults(refusal: &Value) -> Vec<String> {
    match refusal.get("faults").and_then(Value::as_array) {
        Some(faults) => faults.iter().map(|fault| line(refusal, fault)).collect(),
        None => vec![sentence(refusal)],
    }
}

/// A refusal that names no place.
fn sentence(refusal: &Value) -> String {
    let text = |name: &str| refusal.get(name).and_then(Value::as_str).unwrap_or_default();
    let document = refusal.get("document").and_then(Value::as_u64);
    let parts = [member(refusal), document.map(|number| format!(" in document {number}"))];
    let place: String = parts.into_iter().flatten().collect();
    format!("{}{place}: {}", text("reason"), text("message"))
}

fn member(refusal: &Value) -> Option<String> {
    refusal.get("member").and_then(Value::as_str).map(|member| format!(" in member {member}"))
}

fn line(refusal: &Value, fault: &Value) -> String {
    let text = |name: &str| fault.get(name).and_then(Value::as_str);
    let number = |of: &Value, name: &str| of.get(name).and_then(Value::as_u64).unwrap_or(0);
    let mut line = format!("{}:{}: ", number(fault, "line"), number(fault, "column"));
    line.push_str(text("reason").unwrap_or_default());
    let parts = [
        member(refusal),
        text("field").map(|field| format!(" in {field}")),
        text("at").map(|at| format!(" ({at})")),
        text("expected").map(|expected| format!(": expected {expected}")),
        text("found").map(|found| format!(", found {found:?}")),
    ];
    line.extend(parts.into_iter().flatten());
    line
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::Reproduction;
    use crate::output::{Palette, Show as _, View};
    use crate::reproduce::Agreement;

    fn shown(agreement: Agreement, refusals: Vec<Value>) -> String {
        let reproduction = Reproduction {
            key: "wire/a.xml".to_owned(),
            unit: None,
            state: Some("Failed".to_owned()),
            revision: "5f2c".to_owned(),
            cluster_revision: Some("77aa".to_owned()),
            documents: 0,
            refusals,
            agreement,
            saved: vec!["tests/a.xml".to_owned()],
        };
        reproduction.human(View { palette: Palette::default(), is_wide: false, now: Timestamp::UNIX_EPOCH })
    }

    #[test]
    fn a_fault_stands_with_its_place_and_the_verdict_below() {
        let fault = json!({"reason": "WrongType", "field": "date", "at": "/a/b", "line": 7, "column": 3,
                           "expected": "a date", "found": "so\u{1b}on"});
        let text = shown(Agreement::Same, vec![json!({"reason": "WrongType", "faults": [fault]})]);
        let expected = "wire/a.xml: 0 documents, 1 refused, by revision 5f2c\n  7:3: WrongType in date (/a/b): expected a \
            date, found \"so\\u{1b}on\"\nThe cluster came to the same. The cluster used another model, revision 77aa: the \
            model was changed since.\nwritten: tests/a.xml\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_refusal_without_a_place_is_its_sentence() {
        let refused =
            json!({"reason": "NotAddressable", "member": "b.xml", "document": 2, "message": "no id"});
        let text = shown(Agreement::Same, vec![refused]);
        assert!(text.contains("\n  NotAddressable in member b.xml in document 2: no id\n"), "{text}");
    }

    #[test]
    fn a_difference_is_called_one() {
        assert!(shown(Agreement::Different, vec![]).contains("came to something else"));
        assert!(shown(Agreement::Unknown, vec![]).contains("the unit is Failed"));
    }
}
