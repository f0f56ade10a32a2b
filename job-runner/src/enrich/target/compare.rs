//! Compares two sides of a document: the results of two enrichers, or a raw document and its enriched copy.
//! No I/O.

use std::collections::BTreeMap;

use docmill_crds::api::enrichment_run::FieldComparison;
use docmill_crds::records::enrichments::key;
use serde_json::{Map, Value, json};

/// Examples that are kept per field.
const EXAMPLES: usize = 5;
/// Maximum characters of a value in an example.
const SHOWN_CHARS: usize = 300;

/// What was found in a slice, by field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SliceComparison {
    fields: BTreeMap<String, FieldFindings>,
    tolerance: f64,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct FieldFindings {
    agreed: i64,
    differing: i64,
    /// Sum of the distances between numbers, or between vectors by their angle.
    distance: f64,
    measured: i64,
    examples: Vec<Value>,
}

impl SliceComparison {
    /// Numbers agree if they differ by no more than `tolerance_milli` thousandths.
    pub(crate) fn new(tolerance_milli: i32) -> Self {
        Self { fields: BTreeMap::new(), tolerance: f64::from(tolerance_milli) / 1000.0 }
    }

    /// Compares all fields of two sides; a field that one of them lacks is null there. `_docmill` is not
    /// compared.
    pub(crate) fn add(&mut self, document: &str, left: &Map<String, Value>, right: &Map<String, Value>) {
        let mut names: Vec<&String> =
            left.keys().chain(right.keys().filter(|name| !left.contains_key(*name))).collect();
        names.retain(|name| *name != key::DOCMILL);
        for name in names {
            let (one, two) =
                (left.get(name).unwrap_or(&Value::Null), right.get(name).unwrap_or(&Value::Null));
            self.add_field(document, name, one, two);
        }
    }

    fn add_field(&mut self, document: &str, name: &str, left: &Value, right: &Value) {
        let distance = distance(left, right);
        let agrees = match distance {
            Some(distance) => distance <= self.tolerance,
            None => left == right,
        };
        let findings = self.fields.entry(name.to_owned()).or_default();
        if let Some(distance) = distance {
            findings.distance += distance;
            findings.measured += 1;
        }
        if agrees {
            findings.agreed += 1;
            return;
        }
        findings.differing += 1;
        if findings.examples.len() < EXAMPLES {
            let mut example = json!({"document": document, "left": shown(left), "right": shown(right)});
            if let Some(distance) = distance {
                example["distance"] = json!(distance);
            }
            findings.examples.push(example);
        }
    }

    /// For the record of the slice.
    pub(crate) fn totals(&self) -> Vec<FieldComparison> {
        let total = |(field, findings): (&String, &FieldFindings)| FieldComparison {
            field: field.clone(),
            agreed: findings.agreed,
            differing: findings.differing,
        };
        self.fields.iter().map(total).collect()
    }

    /// The report of the slice: also the average distance of values, and examples.
    pub(crate) fn report(&self) -> Value {
        let field = |(name, findings): (&String, &FieldFindings)| {
            let mut field = json!({
                "field": name, "agreed": findings.agreed, "differing": findings.differing, "examples": findings.examples});
            if findings.measured > 0 {
                #[allow(clippy::cast_precision_loss, reason = "an average of at most some millions")]
                let mean = findings.distance / findings.measured as f64;
                field["meanDistance"] = json!(mean);
            }
            field
        };
        self.fields.iter().map(field).collect()
    }
}

/// The distance of two numbers, or of two vectors: one minus the cosine of their angle. `None` for everything
/// else.
fn distance(left: &Value, right: &Value) -> Option<f64> {
    if let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) {
        return Some((left - right).abs());
    }
    let (left, right) = (numbers(left)?, numbers(right)?);
    if left.len() != right.len() {
        return None;
    }
    let dot: f64 = left.iter().zip(&right).map(|(left, right)| left * right).sum();
    let length = |vector: &[f64]| vector.iter().map(|number| number * number).sum::<f64>().sqrt();
    let lengths = length(&left) * length(&right);
    (lengths > 0.0).then(|| (1.0 - dot / lengths).max(0.0))
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array().filter(|values| values.len() > 1)?.iter().map(Value::as_f64).collect()
}

fn shown(value: &Value) -> Value {
    let text = value.to_string();
    if text.chars().count() <= SHOWN_CHARS {
        return value.clone();
    }
    Value::String(text.chars().take(SHOWN_CHARS).chain(['…']).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::SliceComparison;

    fn compared(tolerance_milli: i32, pairs: &[(Value, Value)]) -> SliceComparison {
        let mut comparison = SliceComparison::new(tolerance_milli);
        for (number, (left, right)) in pairs.iter().enumerate() {
            let fields = |value: &Value| value.as_object().expect("an object").clone();
            comparison.add(&number.to_string(), &fields(left), &fields(right));
        }
        comparison
    }

    fn totals(comparison: &SliceComparison) -> Vec<(String, i64, i64)> {
        comparison.totals().into_iter().map(|total| (total.field, total.agreed, total.differing)).collect()
    }

    #[test]
    fn texts_agree_or_not_and_numbers_within_the_tolerance() {
        let comparison = compared(
            10,
            &[
                (json!({"topic": "a", "score": 0.5}), json!({"topic": "a", "score": 0.509})),
                (json!({"topic": "a", "score": 0.5}), json!({"topic": "b", "score": 0.6, "_docmill": {}})),
            ],
        );
        assert_eq!(totals(&comparison), [("score".into(), 1, 1), ("topic".into(), 1, 1)]);
        let report = comparison.report();
        assert_eq!(report[1]["examples"], json!([{"document": "1", "left": "a", "right": "b"}]));
        let mean = report[0]["meanDistance"].as_f64().expect("a mean");
        assert!((mean - 0.0545).abs() < 1e-9, "{mean}");
    }

    #[test]
    fn vectors_are_compared_by_their_angle() {
        let comparison = compared(
            1,
            &[
                (json!({"v": [1.0, 0.0]}), json!({"v": [2.0, 0.0]})),
                (json!({"v": [1.0, 0.0]}), json!({"v": [0.0, 1.0]})),
                (json!({"v": [1.0, 0.0]}), json!({"v": [1.0, 0.0, 0.0]})),
            ],
        );
        assert_eq!(totals(&comparison), [("v".into(), 1, 2)]);
        assert_eq!(comparison.report()[0]["examples"][0]["distance"], 1.0);
    }

    #[test]
    fn what_one_side_lacks_differs_and_examples_are_few_and_short() {
        let long = json!("x".repeat(5000));
        let pairs: Vec<_> = (0..20).map(|_| (json!({"a": long}), json!({}))).collect();
        let comparison = compared(0, &pairs);
        assert_eq!(totals(&comparison), [("a".into(), 0, 20)]);
        let examples = comparison.report()[0]["examples"].as_array().expect("a list").clone();
        assert_eq!((examples.len(), &examples[0]["right"]), (5, &Value::Null));
        assert!(examples[0]["left"].as_str().expect("text").chars().count() < 310);
    }
}
