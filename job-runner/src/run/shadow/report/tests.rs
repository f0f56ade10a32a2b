//! Counting, and that the grouping of merges does not matter.

use docmill_convert::diff;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{FIELDS, FailureExample, ShadowReport};
use crate::run::report::Report as _;

fn of_document(id: &str, before: &Value, after: &Value) -> ShadowReport {
    let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let mut report = ShadowReport::default();
    report.add_edits(id, diff(&object(before), &object(after)));
    report
}

#[test]
fn a_field_that_differs_at_two_places_of_a_document_counts_once() {
    let report = of_document(
        "1",
        &json!({"s": [{"c": 1}, {"c": 2, "x": 1}, {"c": 5}]}),
        &json!({"s": [{"c": 3}, {"c": 4}, {"c": 5, "x": 2}]}),
    );
    let code = &report.fields["s[].c"];
    assert_eq!((code.changed, code.added, code.removed), (1, 0, 0));
    let x = &report.fields["s[].x"];
    assert_eq!((x.changed, x.added, x.removed), (1, 0, 0));
    assert_eq!(code.examples[0].before, Some(json!(1)));
}

#[test]
fn long_values_are_cut_and_short_ones_keep_their_type() {
    let report = of_document("1", &json!({"t": "ü".repeat(500), "n": 1}), &json!({"t": "x", "n": 2}));
    let text = report.fields["t"].examples[0].before.clone().unwrap();
    assert_eq!(text.as_str().unwrap().chars().count(), 201);
    assert_eq!(report.fields["n"].examples[0].after, Some(json!(2)));
}

#[test]
fn any_number_of_fields_is_told_of_in_bounds() {
    let many: Map<String, Value> = (0..FIELDS + 7).map(|n| (format!("f{n:05}"), json!(n))).collect();
    let report = of_document("1", &json!({}), &Value::Object(many));
    assert_eq!(report.fields.len(), FIELDS);
    assert!(report.more_fields && report.fields.contains_key("f00000"));
}

fn any_report() -> impl Strategy<Value = ShadowReport> {
    let document = || prop::collection::btree_map("[a-z]{1,2}", 0..3_i64, 0..600);
    let failures = prop::collection::vec(("[AB]", "[a-z]"), 0..8);
    (document(), document(), failures, 0..5_i64).prop_map(|(before, after, failures, compared)| {
        let mut report = of_document("d", &json!(before), &json!(after));
        report.units.compared = compared;
        report.documents.moved = compared;
        for (reason, key) in failures {
            let example = FailureExample { key, ..FailureExample::default() };
            report.newly_failing.entry(reason).or_default().push(example);
        }
        report
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn merging_is_associative(a in any_report(), b in any_report(), c in any_report()) {
        let (mut left, mut right, mut all) = (a.clone(), b.clone(), a);
        left.merge(b);
        left.merge(c.clone());
        right.merge(c);
        all.merge(right);
        prop_assert_eq!(left, all);
    }
}
