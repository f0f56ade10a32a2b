//! A small object must not become much memory, much time or much output.

use docmill_crds::reason::Reason;
use serde_json::{Value, json};

use super::{combinations, converter, verdicts};
use crate::Verdict;

/// The verdicts on an object, which is well-formed: whatever may be mended in others, they are the same ones.
fn limited(fields: &Value, max_value_bytes: u64, xml: &str) -> Vec<Verdict> {
    let model = json!({"record": "//d", "fields": fields, "limits": {"maxValueBytes": max_value_bytes}});
    let strict = verdicts(&converter(model.clone()), xml.as_bytes());
    let combinations = combinations::of_pairs().into_iter().step_by(9);
    for allowed in combinations.filter(|allowed| allowed.get("encoding") != Some(&json!("utf-16le"))) {
        let mut model = model.clone();
        model.as_object_mut().unwrap().extend(allowed.clone());
        assert!(verdicts(&converter(model), xml.as_bytes()) == strict, "{allowed:?}");
    }
    strict
}

/// What the last verdict says of a limit.
fn limit(verdicts: &[Verdict]) -> &str {
    let refusal = verdicts.last().unwrap().as_ref().unwrap_err();
    assert_eq!((refusal.reason, refusal.document), (Reason::LimitExceeded, None), "{refusal}");
    &refusal.faults[0].expected
}

#[test]
fn empty_values_leave_no_trace_in_what_documents_share() {
    let fields = json!([
        {"name": "t", "path": ["/r/t"], "repeated": true},
        {"name": "own", "path": ["/r/t/text()", "/r/u/text()"], "repeated": true},
    ]);
    let xml = format!("<r>{}<t>x</t>{}<d/></r>", "<t/>".repeat(5000), "<t> <u/></t><u>y</u>".repeat(3));
    let verdicts = limited(&fields, 1000, &xml);
    assert_eq!(verdicts.len(), 1);
    assert_eq!(super::json(verdicts[0].as_ref().unwrap()), json!({"t": ["x"], "own": ["x"]}));
}

/// 10,000 documents pass 5,000 empty values: walked each time, that would be seen.
#[test]
fn values_are_found_without_a_walk_over_empty_ones() {
    let fields =
        json!([{"name": "t", "path": ["/r/t"]}, {"name": "a", "path": ["/r/t/@a"], "repeated": true}]);
    let xml = format!("<r>{}<t a='1'>x</t>{}</r>", "<t a=''/>".repeat(5000), "<d/>".repeat(10_000));
    let verdicts = limited(&fields, 1000, &xml);
    assert_eq!(verdicts.len(), 10_000);
    assert_eq!(super::json(verdicts[9999].as_ref().unwrap()), json!({"t": "x", "a": ["1"]}));
}

#[test]
fn what_is_shared_is_not_written_without_end() {
    let xml = format!("<r><t>{}</t>{}</r>", "x".repeat(20_000), "<d/>".repeat(5000));
    let verdicts = limited(&json!([{"name": "t", "path": ["/r/t"]}]), 1_000_000, &xml);
    assert_eq!(limit(&verdicts), "documents of at most 200 times as many bytes as the object");
    let written = verdicts.iter().flatten().map(|document| document.json().len()).sum::<usize>();
    assert!((200 * xml.len() - 20_100..=200 * xml.len()).contains(&written), "{written}");
}

#[test]
fn tags_and_attributes_of_markup_count() {
    let fields = json!([{"name": "m", "path": ["."], "type": "markup"}]);
    let xml = format!("<d>{}</d>", "<a b='ccccccccc'/>".repeat(100));
    assert_eq!(limit(&limited(&fields, 1000, &xml)), "a document with values of at most 1000 bytes");
    assert!(limited(&fields, 2000, &xml)[0].is_ok());
}

#[test]
fn objects_and_values_count_with_what_is_kept_of_each() {
    let inner = json!([{"name": "n", "path": ["@a", "@b", "@c", "@d"]}]);
    let objects = json!([{"name": "o", "path": ["o"], "type": "object", "repeated": true, "fields": inner}]);
    let xml = format!("<d>{}</d>", "<o/>".repeat(1000));
    assert!(limited(&objects, 50_000, &xml)[0].is_ok(), "empty ones leave no trace");
    let xml = format!("<d>{}</d>", "<o a='1'/>".repeat(1000));
    assert_eq!(limit(&limited(&objects, 50_000, &xml)), "a document with values of at most 50000 bytes");
    assert!(limited(&objects, 500_000, &xml)[0].is_ok());
    let values = json!([{"name": "v", "path": ["v"], "repeated": true}]);
    let xml = format!("<d>{}</d>", "<v>x</v>".repeat(1000));
    assert_eq!(limit(&limited(&values, 10_000, &xml)), "a document with values of at most 10000 bytes");
}

/// Each of the nested elements is an object for all around it, with a node of its own for each of its descendants.
#[test]
fn objects_within_objects_are_found_once_each() {
    let inner = json!([{"name": "n", "path": [".//x/@n"], "repeated": true}]);
    let fields =
        json!([{"name": "o", "path": [".//o"], "type": "object", "repeated": true, "fields": inner}]);
    let xml = format!("<d>{}<x n='1'/>{}</d>", "<o>".repeat(100), "</o>".repeat(100));
    let verdicts = limited(&fields, 1_000_000, &xml);
    let document = super::json(verdicts[0].as_ref().unwrap());
    assert_eq!(document["o"].as_array().unwrap().len(), 100);
    assert!(document["o"].as_array().unwrap().iter().all(|o| *o == json!({"n": ["1"]})));
}
