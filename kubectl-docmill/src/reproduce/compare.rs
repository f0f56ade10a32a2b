//! Whether the cluster came to the same. Pure.

use docmill_crds::records_api::error::UnitError;
use docmill_crds::records_api::state::State;
use docmill_crds::records_api::unit::Unit;
use serde::Serialize;
use serde_json::{Map, Value};

use super::local::LocalOutcome;

/// The step whose refusals a conversion can reproduce.
const CONVERT: &str = "Convert";
/// What the places of faults have in common with faults.
const OF_PLACE: [&str; 5] = ["reason", "field", "at", "line", "column"];

/// Whether two conversions came to the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Agreement {
    /// They did, as far as the cluster tells.
    Same,
    /// They did not.
    Different,
    /// The cluster has no outcome of a conversion.
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
    let unit = &cluster.unit;
    let stage = unit.failure.as_ref().map(|failure| failure.stage.as_str());
    match (unit.state, stage) {
        (State::Failed, Some(CONVERT)) => {
            let is_same = match cluster.refusals() {
                Some(refusals) => is_start(refusals, &local.refusals),
                None => is_start(&cluster.places(), &places(&local.refusals)),
            };
            if is_same { Agreement::Same } else { Agreement::Different }
        }
        (State::Indexed | State::Enriched | State::Converted, _) => {
            let is_same = unit.failure.is_some() || local.refusals.is_empty();
            if is_same { Agreement::Same } else { Agreement::Different }
        }
        _ => Agreement::Unknown,
    }
}

/// Whether a list, which may be cut, is the start of another one. An empty one says nothing.
fn is_start(listed: &[Value], all: &[Value]) -> bool {
    !listed.is_empty() && all.starts_with(listed)
}

/// The places of all faults of refusals.
fn places(refusals: &[Value]) -> Vec<Value> {
    let faults = refusals.iter().filter_map(|refusal| refusal.get("faults")?.as_array()).flatten();
    faults.map(place_of).collect()
}

/// What of a fault does not depend on who may see content.
fn place_of(fault: &Value) -> Value {
    let kept = OF_PLACE.iter().filter_map(|name| Some(((*name).to_owned(), fault.get(*name)?.clone())));
    Value::Object(kept.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use docmill_crds::records_api::error::UnitError;
    use docmill_crds::records_api::unit::Unit;
    use serde_json::{Value, json};

    use super::{Agreement, ClusterOutcome, compare};
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
    fn a_conversion_says_nothing_about_other_steps() {
        let failure = json!({"stage": "Index", "copied": true, "refusalCount": 1});
        let refused = ClusterOutcome { unit: unit("Failed", Some(failure)), error: None };
        assert_eq!(compare(&refused, &local(vec![])), Agreement::Unknown);
        let indexed = ClusterOutcome { unit: unit("Indexed", None), error: None };
        assert_eq!(compare(&indexed, &local(vec![])), Agreement::Same);
        assert_eq!(compare(&indexed, &local(vec![refusal(1)])), Agreement::Different);
    }
}
