//! What is to be forgotten, by what the records say of the arguments. Pure.

use std::fmt::Write as _;

use docmill_crds::api::ingest_run::Forget;
use docmill_crds::records_api::unit::Unit;

use crate::commands::trace::lookup::Trace;
use crate::failure::Failure;
use crate::output::untrusted::one_line;

/// What is to be forgotten.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// The source, once it is known.
    pub source: Option<String>,
    /// Documents and keys.
    pub forget: Forget,
    /// What is known of the objects: key, state and number of documents.
    seen: Vec<(String, &'static str, i64)>,
}

impl Targets {
    /// Adds what was found of an argument.
    pub fn add(&mut self, trace: &Trace) -> Result<(), Failure> {
        if trace.is_partial {
            let (target, notes) = (one_line(&trace.target), one_line(&trace.notes.join("; ")));
            return Err(Failure::new(format!("failed to find out which sources know {target}: {notes}"))
                .advice("look it up again once they all answer, or name one source with --source"));
        }
        for document in &trace.documents {
            self.take(&document.source)?;
            push(&mut self.forget.documents, &document.id);
            self.see(document.unit.as_ref());
        }
        for unit in &trace.units {
            self.take(&unit.source)?;
            push(&mut self.forget.keys, &unit.raw.key);
            self.see(Some(unit));
        }
        if trace.is_unknown() {
            let target = one_line(&trace.target);
            return Err(Failure::new(format!("nothing is known of {target}")).advice(
                "correct the id or key; or keep out what never came, with --key KEY --source SOURCE",
            ));
        }
        Ok(())
    }

    /// All has to be of one source, as a run is.
    fn take(&mut self, source: &str) -> Result<(), Failure> {
        let known = self.source.get_or_insert_with(|| source.to_owned());
        if known.as_str() == source {
            return Ok(());
        }
        let (known, source) = (one_line(known), one_line(source));
        Err(Failure::new(format!("several sources know what is to be forgotten: {known} and {source}"))
            .advice("name one with --source, and forget what the others have after that"))
    }

    fn see(&mut self, unit: Option<&Unit>) {
        let seen = unit.map(|unit| (unit.raw.key.clone(), unit.state.as_str(), unit.document_count));
        self.seen.extend(seen);
    }

    /// What goes, before it goes.
    pub fn in_words(&self, raw: bool) -> String {
        let mut text = "To be forgotten, in every version and with every document:\n".to_owned();
        for (key, state, documents) in &self.seen {
            // Writing to a text does not fail.
            let _ = writeln!(text, "  {} ({state}, {documents} documents)", one_line(key));
        }
        for key in self.forget.keys.iter().filter(|key| !self.is_seen(key)) {
            let _ = writeln!(text, "  {} (not looked up)", one_line(key));
        }
        for id in &self.forget.documents {
            let _ = writeln!(text, "  every object with the document {}", one_line(id));
        }
        text.push_str(if raw { "The raw objects are deleted.\n" } else { "The raw objects stay.\n" });
        text
    }

    fn is_seen(&self, key: &str) -> bool {
        self.seen.iter().any(|(seen, ..)| seen == key)
    }
}

fn push(list: &mut Vec<String>, name: &str) {
    if !list.iter().any(|known| known == name) {
        list.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::records_api::unit::Unit;
    use serde_json::json;

    use super::Targets;
    use crate::commands::trace::lookup::Trace;

    fn unit(source: &str, version: &str) -> Unit {
        serde_json::from_value(json!({"apiVersion": "records.docmill.io/v1alpha1", "kind": "Unit",
            "metadata": {"name": version}, "source": source, "state": "Indexed", "documentCount": 2,
            "raw": {"bucket": "raw", "key": "wire/a.xml", "version": version}}))
        .unwrap()
    }

    fn trace(units: Vec<Unit>) -> Trace {
        Trace { target: "wire/a.xml".into(), units, ..Trace::default() }
    }

    #[test]
    fn versions_of_an_object_are_one_key() {
        let mut targets = Targets::default();
        targets.add(&trace(vec![unit("wire", "1"), unit("wire", "2")])).unwrap();
        assert_eq!(targets.source.as_deref(), Some("wire"));
        assert_eq!(targets.forget.keys, ["wire/a.xml"]);
        let words = targets.in_words(false);
        for expected in ["wire/a.xml (Indexed, 2 documents)", "The raw objects stay"] {
            assert!(words.contains(expected), "{words}");
        }
    }

    #[test]
    fn nothing_is_forgotten_while_a_source_that_may_know_it_does_not_answer() {
        let partial = Trace {
            is_partial: true,
            notes: vec!["the ledger of sport is away".into()],
            ..trace(vec![unit("wire", "1")])
        };
        let refused = Targets::default().add(&partial).unwrap_err().explanation();
        assert!(refused.contains("the ledger of sport is away") && refused.contains("--source"), "{refused}");
    }

    #[test]
    fn what_is_unknown_or_of_several_sources_is_not_forgotten() {
        let unknown = Targets::default().add(&trace(Vec::new())).unwrap_err().explanation();
        assert!(unknown.contains("nothing is known") && unknown.contains("--source"), "{unknown}");
        let several =
            Targets::default().add(&trace(vec![unit("wire", "1"), unit("other", "1")])).unwrap_err();
        assert!(several.explanation().contains("wire and other"));
    }
}
