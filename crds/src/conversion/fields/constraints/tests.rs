use serde_json::{Value, json};

use super::Constraints;
use crate::conversion::Field;
use crate::reason::Reason;

fn field(value: &Value) -> Field {
    let mut field = json!({"name": "a", "path": ["a"]});
    field.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
    serde_json::from_value(field).unwrap()
}

fn constraints(value: &Value) -> Constraints {
    Constraints::of(&field(value)).unwrap().unwrap()
}

fn faults(value: &Value, text: &str) -> Vec<(Reason, String)> {
    constraints(value).faults(text)
}

#[test]
fn a_field_without_constraints_has_none() {
    for kind in ["string", "integer", "date"] {
        assert!(Constraints::of(&field(&json!({"type": kind}))).unwrap().is_none());
    }
}

#[test]
fn each_constraint_says_what_it_expects() {
    for (value, good, bad, reason, expected) in [
        (
            json!({"pattern": "^[A-Z]{2}$"}),
            "DE",
            "DEU",
            Reason::PatternMismatch,
            "a value that matches ^[A-Z]{2}$",
        ),
        (json!({"pattern": "b"}), "abc", "ac", Reason::PatternMismatch, "a value that matches b"),
        (json!({"enum": ["a", "b"]}), "b", "B", Reason::NotInEnum, "one of a, b"),
        (json!({"enum": ["7"], "type": "integer"}), "7", "8", Reason::NotInEnum, "one of 7"),
        (json!({"enum": ["1.50"], "type": "number"}), "1.5", "1.51", Reason::NotInEnum, "one of 1.50"),
        (json!({"minLength": 2}), "\u{e9}\u{1f600}", "\u{1f600}", Reason::TooShort, "at least 2 characters"),
        (json!({"maxLength": 2}), "\u{e9}\u{1f600}", "abc", Reason::TooLong, "at most 2 characters"),
        (json!({"minimum": 0, "type": "integer"}), "0", "-1", Reason::OutOfRange, "at least 0"),
        (
            json!({"maximum": "18446744073709551614", "type": "integer"}),
            "18446744073709551614",
            "18446744073709551615",
            Reason::OutOfRange,
            "at most 18446744073709551614",
        ),
        (json!({"minimum": "0.1", "type": "number"}), "0.1", "0.09999", Reason::OutOfRange, "at least 0.1"),
        (
            json!({"minimum": "2026-01-02", "type": "date"}),
            "2026-01-02",
            "2026-01-01",
            Reason::OutOfRange,
            "at least 2026-01-02",
        ),
        (
            json!({"maximum": "2026-01-02T09:11:12Z", "type": "dateTime"}),
            "2026-01-02T09:11:12.000Z",
            "2026-01-02T09:11:12.0001Z",
            Reason::OutOfRange,
            "at most 2026-01-02T09:11:12Z",
        ),
    ] {
        assert_eq!(faults(&value, good), [], "{value} {good}");
        assert_eq!(faults(&value, bad), [(reason, expected.to_owned())], "{value} {bad}");
    }
}

#[test]
fn a_value_with_several_faults_has_all_of_them() {
    let found = faults(&json!({"pattern": "^x", "enum": ["xy"], "maxLength": 2}), "abc");
    let reasons: Vec<_> = found.into_iter().map(|(reason, _)| reason).collect();
    assert_eq!(reasons, [Reason::PatternMismatch, Reason::NotInEnum, Reason::TooLong]);
}

#[test]
fn a_list_has_as_many_values_as_it_may() {
    let list = constraints(&json!({"minItems": 2, "maxItems": 3, "repeated": true}));
    assert_eq!(list.count_fault(1), Some((Reason::TooFew, "at least 2 values".into())));
    assert_eq!(list.count_fault(2), None);
    assert_eq!(list.count_fault(3), None);
    assert_eq!(list.count_fault(4), Some((Reason::TooMany, "at most 3 values".into())));
}

#[test]
fn a_constraint_that_does_not_fit_is_named_by_its_place() {
    for (value, part, problem) in [
        (json!({"pattern": "a(b"}), ".pattern", "unclosed group"),
        (json!({"pattern": "(a{1000}){1000}"}), ".pattern", "size limit"),
        (json!({"pattern": "a(?=b)"}), ".pattern", "look-around"),
        (json!({"pattern": "a", "type": "integer"}), ".pattern", "pattern is for"),
        (json!({"maxLength": 1, "type": "date"}), ".maxLength", "are for string"),
        (json!({"minLength": -1}), ".minLength", "not negative, found -1"),
        (json!({"minLength": 3, "maxLength": 2}), ".minLength", "at most 2"),
        (json!({"minimum": 1}), ".minimum", "are for integer"),
        (json!({"minimum": "1.5", "type": "integer"}), ".minimum", "a whole number"),
        (json!({"maximum": "soon", "type": "date"}), ".maximum", "a day like"),
        (json!({"minimum": 2, "maximum": 1, "type": "integer"}), ".minimum", "above the maximum"),
        (json!({"minItems": 1}), ".minItems", "repeated"),
        (json!({"enum": ["a"], "type": "object"}), ".enum", "an object"),
        (json!({"enum": ["1", "a"], "type": "integer"}), ".enum[1]", "a whole number"),
        (json!({"default": "abc", "maxLength": 2}), ".default", "at most 2 characters, found \"abc\""),
        (json!({"default": "5", "minimum": 6, "type": "integer"}), ".default", "at least 6"),
    ] {
        let fault = Constraints::of(&field(&value)).unwrap_err();
        assert_eq!(fault.part, part, "{value}");
        assert!(fault.problem.contains(problem), "{value}: {}", fault.problem);
    }
}

#[test]
fn a_bound_with_a_point_is_a_text() {
    let error =
        serde_json::from_value::<Field>(json!({"name": "a", "path": ["a"], "minimum": 0.5})).unwrap_err();
    assert!(error.to_string().contains("in quotes") || error.to_string().contains("\"0.5\""), "{error}");
    let yaml = "{name: a, path: [a], type: date, minimum: 2026-01-02}";
    let field: Field = serde_saphyr::from_str(yaml).unwrap();
    assert!(Constraints::of(&field).unwrap().is_some());
}
