use docmill_crds::conversion::FieldType;
use serde_json::{Value, json};

use super::DateRules;

fn parse(kind: FieldType, text: &str) -> Result<Value, String> {
    super::parse(kind, &DateRules::default(), text).map_err(String::from)
}

fn check(kind: FieldType, good: &[(&str, Value)], bad: &[&str]) {
    for (text, expected) in good {
        assert_eq!(parse(kind, text).as_ref(), Ok(expected), "{text}");
    }
    for text in bad {
        assert!(parse(kind, text).is_err(), "{text} became {:?}", parse(kind, text));
    }
}

#[test]
fn integers_are_exact_or_refused() {
    let good = [
        ("0", json!(0)),
        ("-0", json!(0)),
        ("+5", json!(5)),
        ("007", json!(7)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("18446744073709551615", json!(u64::MAX)),
    ];
    check(
        FieldType::Integer,
        &good,
        &["1.0", "1e3", "18446744073709551616", "0x10", "1 000", "1_000", "-", "١"],
    );
}

#[test]
fn numbers_are_exact_or_refused() {
    let good = [
        ("0", json!(0.0)),
        ("1.50", json!(1.5)),
        (".5", json!(0.5)),
        ("-12e-3", json!(-0.012)),
        ("0.1", json!(0.1)),
        ("+5", json!(5.0)),
        ("0010.0", json!(10.0)),
        ("9007199254740993.0", json!(null)),
    ];
    check(
        FieldType::Number,
        &good[..7],
        &[
            "NaN",
            "INF",
            "inf",
            "1e400",
            "-1e400",
            "0x10",
            "1_000",
            "1e-999",
            "1,5",
            "e",
            ".",
            "9007199254740993.0",
        ],
    );
    check(FieldType::Number, &[], &["3.14159265358979323846", "18446744073709551616"]);
}

#[test]
fn booleans_are_those_of_xml_schema() {
    let good = [("true", json!(true)), ("1", json!(true)), ("false", json!(false)), ("0", json!(false))];
    check(FieldType::Boolean, &good, &["TRUE", "yes", "2"]);
}

#[test]
fn moments_become_utc() {
    let moment = json!("2026-01-02T09:11:12Z");
    let good: Vec<_> = [
        "2026-01-02T09:11:12Z",
        "2026-01-02T10:11:12+01:00",
        "2026-01-02t10:11:12+01:00",
        "2026-01-02 10:11:12+01:00",
        "20260102T101112+0100",
        "20260102T091112Z",
        "20260102T041112-0500",
        "Fri, 02 Jan 2026 10:11:12 +0100",
        "Fri, 2 Jan 2026 09:11:12 GMT",
        "2 Jan 2026 04:11:12 EST",
        "Mon, 02 Jan 2026 09:11:12 UT",
        "02 Jan 26 09:11:12 GMT",
    ]
    .map(|text| (text, moment.clone()))
    .to_vec();
    let bad = [
        "2026-01-02T09:11:12",
        "2026-01-02",
        "20260102",
        "2026-02-30T00:00:00Z",
        "2026-01-02T25:00:00Z",
        "18/11/2025 at noon",
        "1767345072",
        "+012026-01-02T09:11:12Z",
    ];
    check(FieldType::DateTime, &good, &bad);
    check(FieldType::DateTime, &[("2026-01-02T09:11:12.250Z", json!("2026-01-02T09:11:12.250Z"))], &[]);
}

#[test]
fn days_stay_what_they_say() {
    let day = json!("2026-01-02");
    let good = [
        ("2026-01-02", day.clone()),
        ("20260102", day.clone()),
        ("2026-01-02Z", day.clone()),
        ("2026-01-02+01:00", day.clone()),
        ("2026-01-02T23:30:00-05:00", day),
    ];
    check(FieldType::Date, &good, &["2026-02-30", "2026-01", "02.01.2026", "2026-01-02x", "2026-01-0é"]);
}

#[test]
fn uris_are_absolute() {
    let good: Vec<_> =
        ["https://example.org/a?b=c&d#e", "urn:newsml:x:1", "tag:x,2016:y", "https://例え.jp/é"]
            .map(|text| (text, json!(text)))
            .to_vec();
    check(
        FieldType::Uri,
        &good,
        &["a.jpg", "/a", "//host/a", "http:", "1a:b", "https://a b", "https://a/<b>"],
    );
}

#[test]
fn languages_are_tags() {
    let good: Vec<_> = ["en", "pt-BR", "zh-Hant-TW", "x-klingon"].map(|text| (text, json!(text))).to_vec();
    check(FieldType::Language, &good, &["en_US", "", "e1", "mandarins-cn", "-en", "en-"]);
}
