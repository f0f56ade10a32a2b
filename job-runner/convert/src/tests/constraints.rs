use docmill_crds::reason::Reason;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Converter, converter, document, refusal, verdicts};
use crate::ObjectInfo;

/// A converter of one field `x` of the record `/r`, with these properties.
fn with(properties: &Value) -> Converter {
    let mut field = json!({"name": "x", "path": ["v"]});
    field.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    converter(json!({"record": "/r", "fields": [field]}))
}

#[test]
fn all_constraints_that_a_document_does_not_fulfil_are_reported_with_their_places() {
    let converter = converter(json!({"record": "/r", "fields": [
        {"name": "code", "path": ["code"], "pattern": "^[a-z]+$", "maxLength": 3},
        {"name": "n", "path": ["n"], "type": "integer", "minimum": 1, "maximum": 9, "repeated": true, "maxItems": 2},
        {"name": "o", "path": ["o"], "type": "object", "repeated": true, "minItems": 2, "fields": [
            {"name": "kind", "path": ["@kind"], "enum": ["a", "b"], "required": true},
        ]},
        {"name": "when", "path": ["when"], "type": "date", "minimum": "2026-01-01"},
    ]}));
    let xml =
        "<r>\n <code>ABCD</code>\n <n>5</n><n>0</n><n>x</n>\n <o kind='c'/>\n <when>20251231</when>\n</r>";
    let refusal = refusal(&converter, xml.as_bytes());
    let faults: Vec<_> = refusal
        .faults
        .iter()
        .map(|f| {
            (
                f.reason,
                f.field.as_deref().unwrap(),
                f.line,
                f.column,
                f.expected.as_str(),
                f.found.as_deref().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        faults,
        [
            (Reason::PatternMismatch, "code", 2, 2, "a value that matches ^[a-z]+$", "ABCD"),
            (Reason::TooLong, "code", 2, 2, "at most 3 characters", "ABCD"),
            (Reason::OutOfRange, "n[1]", 3, 10, "at least 1", "0"),
            (Reason::WrongType, "n[2]", 3, 18, "an integer of at most 64 bits", "x"),
            (Reason::TooMany, "n", 3, 18, "at most 2 values", "3 values"),
            (Reason::NotInEnum, "o[0].kind", 4, 11, "one of a, b", "c"),
            (Reason::TooFew, "o", 4, 2, "at least 2 values", "1 value"),
            (Reason::OutOfRange, "when", 5, 2, "at least 2026-01-01", "20251231"),
        ]
    );
}

#[test]
fn a_document_that_fulfils_its_constraints_is_as_it_would_be_without() {
    let converter = with(&json!({"pattern": "b", "enum": ["abc"], "minLength": 3, "maxLength": 3}));
    assert_eq!(document(&converter, "<r><v>abc</v></r>"), json!({"x": "abc"}));
    assert_eq!(document(&converter, "<r/>"), json!({}), "no value is not a wrong one");
    let list = with(&json!({"minItems": 2, "maxItems": 2, "repeated": true}));
    assert_eq!(document(&list, "<r><v>a</v><v/><v>b</v></r>"), json!({"x": ["a", "b"]}));
    assert_eq!(document(&list, "<r><v/></r>"), json!({}));
}

#[test]
fn markup_and_text_are_measured_as_they_become() {
    let text = with(&json!({"type": "text", "maxLength": 4}));
    assert_eq!(document(&text, "<r><v><p>a</p><p>b</p></v></r>"), json!({"x": "a\n\nb"}));
    let markup = with(&json!({"type": "markup", "maxLength": 8, "pattern": "^<p>"}));
    assert_eq!(document(&markup, "<r><v><p>a</p></v></r>"), json!({"x": "<p>a</p>"}));
    let faults = refusal(&markup, b"<r><v>a<b>c</b>d</v></r>").faults;
    let reasons: Vec<_> = faults.iter().map(|fault| fault.reason).collect();
    assert_eq!(reasons, [Reason::PatternMismatch, Reason::TooLong]);
}

#[test]
fn the_time_zone_of_a_field_wins_over_that_of_the_conversion() {
    let converter = converter(json!({"record": "/r", "timeZone": "Europe/Berlin", "fields": [
        {"name": "a", "path": ["v"], "type": "dateTime"},
        {"name": "b", "path": ["v"], "type": "dateTime", "timeZone": "-05:00"},
        {"name": "c", "path": ["v"], "type": "date"},
    ]}));
    assert_eq!(
        document(&converter, "<r><v>2026-07-02</v></r>"),
        json!({"a": "2026-07-01T22:00:00Z", "b": "2026-07-02T05:00:00Z", "c": "2026-07-02"})
    );
}

/// Whether the only document of the object is accepted.
fn accepts(converter: &Converter, xml: &str) -> bool {
    verdicts(converter, xml.as_bytes()).remove(0).is_ok()
}

proptest! {
    #[test]
    fn a_range_holds_exactly_when_the_numbers_say_so(value in any::<i64>(), a in any::<i64>(), b in any::<i64>()) {
        let (minimum, maximum) = (a.min(b), a.max(b));
        let converter = with(&json!({"type": "integer", "minimum": minimum, "maximum": maximum.to_string()}));
        for value in [value, minimum, maximum, minimum.saturating_sub(1), maximum.saturating_add(1)] {
            let expected = (minimum..=maximum).contains(&value);
            prop_assert_eq!(accepts(&converter, &format!("<r><v>{value}</v></r>")), expected, "{}", value);
        }
    }

    #[test]
    fn a_length_holds_exactly_when_the_characters_are_as_many(text in "[a-z\u{e9}\u{1f600}]{1,6}", min in 0..5_usize, more in 0..3_usize) {
        let converter = with(&json!({"minLength": min, "maxLength": min + more}));
        let length = text.chars().count();
        let expected = length >= min && length <= min + more;
        prop_assert_eq!(accepts(&converter, &format!("<r><v>{text}</v></r>")), expected);
    }

    #[test]
    fn a_pattern_and_an_enum_hold_exactly_when_the_text_says_so(text in "[abc]{1,4}", values in proptest::collection::vec("[abc]{1,2}", 1..4)) {
        let pattern = with(&json!({"pattern": "^a.*b$|cc"}));
        let expected = (text.starts_with('a') && text.ends_with('b')) || text.contains("cc");
        prop_assert_eq!(accepts(&pattern, &format!("<r><v>{text}</v></r>")), expected);
        let allowed = with(&json!({"enum": values}));
        prop_assert_eq!(accepts(&allowed, &format!("<r><v>{text}</v></r>")), values.contains(&text));
    }

    #[test]
    fn a_list_is_accepted_exactly_when_it_is_as_long_as_it_may_be(count in 1..6_usize, min in 0..4_usize, more in 0..3_usize) {
        let converter = with(&json!({"repeated": true, "minItems": min, "maxItems": min + more}));
        let xml = format!("<r>{}</r>", "<v>a</v>".repeat(count));
        prop_assert_eq!(accepts(&converter, &xml), count >= min && count <= min + more);
    }
}

/// The same object has the same verdict whenever it is read: `now` is when it landed.
#[test]
fn a_date_is_held_against_when_its_object_landed() {
    let converter =
        with(&json!({"type": "dateTime", "earliest": "2000-01-01T00:00:00Z", "latest": "now+7d"}));
    assert!(converter.depends_on_landing());
    let verdict = |day: &str, landed: Option<&str>| {
        let xml = format!("<r><v>{day}T00:00:00Z</v></r>");
        let landed = landed.map(|moment| moment.parse().unwrap());
        let mut documents =
            converter.documents(xml.as_bytes()).of_object(ObjectInfo { landed, ..ObjectInfo::default() });
        let verdict = documents.next().unwrap().unwrap();
        verdict.map_err(|refusal| (refusal.reason, refusal.faults[0].expected.clone())).err()
    };
    let (past, future) = (Some("2026-01-01T00:00:00Z"), Some("2030-01-01T00:00:00Z"));
    assert_eq!(verdict("2026-01-08", past), None);
    assert_eq!(verdict("2026-01-09", future), None);
    assert_eq!(verdict("9999-12-31", None), None, "nobody knows when it landed");
    let expected = "a date that is not after now+7d (2026-01-08T00:00:00Z)";
    assert_eq!(verdict("2026-01-09", past), Some((Reason::OutOfRange, expected.to_owned())));
    let expected = "a date that is not before 2000-01-01T00:00:00Z";
    assert_eq!(verdict("0001-01-01", None), Some((Reason::OutOfRange, expected.to_owned())));
    assert!(!with(&json!({"type": "date", "latest": "2026-01-01"})).depends_on_landing());
}
