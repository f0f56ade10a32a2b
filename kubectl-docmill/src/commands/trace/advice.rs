//! Where a document or an object is stuck, and which command would help. Pure.

use docmill_crds::records_api::stage::{Presence, RawStage};
use docmill_crds::records_api::state::State;

use super::lookup::Trace;
use crate::arguments::target::other_readings;
use crate::output::quoting::{operand, option, quoted};

/// What to do about a unit in a state.
pub fn of_unit(state: State, source: &str, raw: &RawStage, superseded_by: Option<&str>) -> Vec<String> {
    let name = quoted(source);
    let at = format!("{name} {}", option("--key", &raw.key));
    match state {
        State::Failed => vec![
            "mend the object or the model; a new version of the object is ingested by itself".to_owned(),
            format!("kubectl docmill replay {at}   # once the model is mended"),
        ],
        State::Pending => vec![
            format!(
                "kubectl docmill top {name}   # is there a backlog, are there workers, who throttles them?"
            ),
            format!("kubectl docmill process {at}   # ingests it now, also if its notification got lost"),
        ],
        State::Missing => {
            vec![format!("kubectl docmill audit {name} --repair   # puts back what the records say")]
        }
        State::Superseded => superseded_by
            .map(|digest| format!("kubectl docmill trace {digest}   # the version that replaced it"))
            .into_iter()
            .collect(),
        State::Skipped if raw.presence == Some(Presence::Present) => {
            vec![format!("kubectl docmill process {at}   # the object is there: ingests it")]
        }
        State::Indexed
        | State::Enriched
        | State::Converted
        | State::Skipped
        | State::Removed
        | State::Forgotten => Vec::new(),
    }
}

/// What to do where nothing is known.
pub fn of_unknown(trace: &Trace) -> Vec<String> {
    if trace.sources.is_empty() {
        let line = "kubectl get ingestsources -A   # this namespace has no source: choose one with -n";
        return vec![line.to_owned()];
    }
    let mut lines = Vec::new();
    if trace.is_partial {
        lines.push("kubectl docmill top   # which sources are in trouble; then look it up again".to_owned());
    }
    let (key, digest) = other_readings(&trace.target);
    lines.extend(
        key.map(|key| format!("kubectl docmill trace {}   # if the key is URL-encoded", operand(&key))),
    );
    lines.extend(digest.map(|digest| {
        format!(
            "kubectl docmill trace {digest}   # the unit that a snapshot or the evidence of a refusal is of"
        )
    }));
    lines.extend([
        "a document that was refused has no id yet: look it up by the key of its object".to_owned(),
        "an object that is not in the bucket, or outside of raw.prefix and raw.suffixes, is not ingested"
            .to_owned(),
        "of a part of a key, the search of kubectl docmill console lists the keys that start with it"
            .to_owned(),
    ]);
    if let [source] = trace.sources.as_slice() {
        let source = quoted(source);
        lines.push(format!("kubectl docmill failures {source}   # what was refused lately"));
        lines.push(format!("kubectl docmill search {source} WORDS   # documents by words of their content"));
    }
    lines
}
