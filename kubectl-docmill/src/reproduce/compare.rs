//! Whether the cluster came to the same. Pure.

use docmill_convert::{refused_object, unlisted};
use docmill_crds::reason::Reason;
use docmill_crds::records_api::error::UnitError;
use docmill_crds::records_api::state::State;
use docmill_crds::records_api::unit::Unit;
use serde::{Deserialize as _, Serialize};
use serde_json::{Map, Value};

use super::local::LocalOutcome;

/// What the places of faults have in common with faults.
const OF_PLACE: [&str; 5] = ["reason", "field", "at", "line", "column"];

/// Whether two conversions came to the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Agreement {
    /// They did, as far as the cluster tells.
    Same,
    /// They did not.
    Different,
    /// The cluster has no outcome of a conversion: what failed was something else.
    Unknown,
}

/// What the cluster says of a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterOutcome {
    /// The unit.
    pub unit: Unit,
    /// Its error record, if it has one that the user may see.
    pub error: Option<UnitError>,
}

impl ClusterOutcome {
    /// The refusals of the error record, in full; `None` without one.
    fn refusals(&self) -> Option<&Vec<Value>> {
        self.error.as_ref()?.record.get("refusals")?.as_array()
    }

    /// The places of the first faults.
    fn places(&self) -> Vec<Value> {
        let failure = self.unit.failure.iter();
        let places = failure.flat_map(|failure| &failure.faults);
        places.map(|place| place_of(&serde_json::to_value(place).unwrap_or_default())).collect()
    }
}

/// Compares what the cluster says with what the conversion gives here.
pub fn compare(cluster: &ClusterOutcome, local: &LocalOutcome) -> Agreement {
    let is_same = match cluster.unit.state {
        State::Failed => {
            let (listed, all) = match cluster.refusals() {
                Some(refusals) => (reproducible(refusals), local.refusals.clone()),
                None => (reproducible(&cluster.places()), places(&local.refusals)),
            };
            if listed.is_empty() {
                return Agreement::Unknown;
            }
            is_start(&listed, &all)
        }
        State::Indexed | State::Enriched | State::Converted => {
            cluster.unit.failure.is_some() || local.refusals.is_empty()
        }
        _ => return Agreement::Unknown,
    };
    if is_same { Agreement::Same } else { Agreement::Different }
}

/// Those of some refusals, or of their places, that a conversion can come to.
fn reproducible(refusals: &[Value]) -> Vec<Value> {
    let is_reproducible = |refusal: &&Value| {
        let reason = refusal.get("reason").and_then(|reason| Reason::deserialize(reason).ok());
        reason.is_some_and(Reason::is_reproducible)
    };
    refusals.iter().filter(is_reproducible).cloned().collect()
}

/// Whether a list is the start of another one, or ends with how many of that it leaves out.
fn is_start(listed: &[Value], all: &[Value]) -> bool {
    let Some((last, before)) = listed.split_last() else { return true };
    let left_out = all.len().saturating_sub(before.len());
    let is_rest = || *last == refused_object(Reason::LimitExceeded, &unlisted(left_out));
    all.starts_with(listed) || (all.starts_with(before) && is_rest())
}

/// The places of all faults of refusals; a refusal without faults is one itself.
fn places(refusals: &[Value]) -> Vec<Value> {
    let faults = |refusal: &Value| match refusal.get("faults").and_then(Value::as_array) {
        Some(faults) => faults.iter().map(place_of).collect(),
        None => vec![place_of(refusal)],
    };
    refusals.iter().flat_map(faults).collect()
}

/// What of a fault does not depend on who may see content.
fn place_of(fault: &Value) -> Value {
    let kept = OF_PLACE.iter().filter_map(|name| Some(((*name).to_owned(), fault.get(*name)?.clone())));
    Value::Object(kept.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use docmill_convert::{refused_object, unlisted};
    use docmill_crds::reason::Reason;
    use docmill_crds::records_api::error::UnitError;
    use docmill_crds::records_api::unit::Unit;
    use serde_json::{Value, json};

    use super::{Agreement, ClusterOutcome, compare, is_start};
    use crate::reproduce::LocalOutcome;

    fn unit(state: &str, failure: Option<Value>) -> Unit {
        let raw = json!({"bucket": "raw", "key": "a.xml", "version": "1"});
        let mut unit = json!({"apiVersion": "", "kind": "Unit", "metadata": {}, "source": "wire", "state": state,
                              "raw": raw});
        if let Some(failure) = failure {
            unit["failure"] = failure;
        }
        serde_json::from_value(unit).unwrap()
    }

    fn refusal(line: u32) -> Value {
        let fault = json!({"reason": "MissingField", "field": "id", "line": line, "column": 3, "expected": "a value"});
        json!({"reason": "MissingField", "document": 0, "faults": [fault]})
    }

    fn failed(line: u32) -> Unit {
        let place =
            json!({"reason": "MissingField", "document": 0, "field": "id", "line": line, "column": 3});
        let failure = json!({"stage": "Convert", "copied": true, "refusalCount": 1, "faults": [place]});
        unit("Failed", Some(failure))
    }

    fn local(refusals: Vec<Value>) -> LocalOutcome {
        LocalOutcome { refusals, ..LocalOutcome::default() }
    }

    #[test]
    fn without_the_error_record_the_places_are_compared() {
        let cluster = ClusterOutcome { unit: failed(7), error: None };
        assert_eq!(compare(&cluster, &local(vec![refusal(7)])), Agreement::Same);
        assert_eq!(compare(&cluster, &local(vec![refusal(8)])), Agreement::Different);
        assert_eq!(compare(&cluster, &local(vec![])), Agreement::Different);
    }

    #[test]
    fn with_the_error_record_every_word_is_compared() {
        let error: UnitError = serde_json::from_value(json!({
            "apiVersion": "", "kind": "UnitError", "metadata": {}, "source": "wire",
            "record": {"refusals": [refusal(7)]},
        }))
        .unwrap();
        let cluster = ClusterOutcome { unit: failed(7), error: Some(error) };
        assert_eq!(
            compare(&cluster, &local(vec![refusal(7), refusal(9)])),
            Agreement::Same,
            "a list may be cut"
        );
        let mut other = refusal(7);
        other["faults"][0]["expected"] = "something else".into();
        assert_eq!(compare(&cluster, &local(vec![other])), Agreement::Different);
    }

    #[test]
    fn the_last_of_a_list_may_say_how_many_it_leaves_out() {
        let rest = |count: usize| refused_object(Reason::LimitExceeded, &unlisted(count));
        let all = [refusal(7), refusal(8), refusal(9)];
        assert!(is_start(&[refusal(7), rest(2)], &all));
        assert!(!is_start(&[refusal(7), rest(1)], &all));
        assert!(!is_start(&[refusal(8), rest(2)], &all));
    }

    #[test]
    fn what_the_index_refused_besides_is_passed_over() {
        let rejected = json!({"reason": "IndexRejected", "message": "no", "id": "urn:1"});
        let error: UnitError = serde_json::from_value(json!({
            "apiVersion": "", "kind": "UnitError", "metadata": {}, "source": "wire",
            "record": {"refusals": [refusal(7), rejected]},
        }))
        .unwrap();
        let cluster = ClusterOutcome { unit: failed(7), error: Some(error) };
        assert_eq!(compare(&cluster, &local(vec![refusal(7)])), Agreement::Same);
        assert_eq!(compare(&cluster, &local(vec![])), Agreement::Different);
    }

    #[test]
    fn an_object_that_is_refused_unread_is_compared_too() {
        let place = json!({"reason": "LimitExceeded"});
        let failure = json!({"stage": "Fetch", "copied": true, "refusalCount": 1, "faults": [place]});
        let cluster = ClusterOutcome { unit: unit("Failed", Some(failure)), error: None };
        let refused = refused_object(Reason::LimitExceeded, "too large");
        assert_eq!(compare(&cluster, &local(vec![refused])), Agreement::Same);
        assert_eq!(compare(&cluster, &local(vec![refusal(1)])), Agreement::Different);
    }

    #[test]
    fn a_conversion_says_nothing_about_other_steps() {
        let failure = json!({"stage": "Index", "copied": true, "refusalCount": 1});
        let refused = ClusterOutcome { unit: unit("Failed", Some(failure)), error: None };
        assert_eq!(compare(&refused, &local(vec![])), Agreement::Unknown);
        let indexed = ClusterOutcome { unit: unit("Indexed", None), error: None };
        assert_eq!(compare(&indexed, &local(vec![])), Agreement::Same);
        assert_eq!(compare(&indexed, &local(vec![refusal(1)])), Agreement::Different);
    }
}
