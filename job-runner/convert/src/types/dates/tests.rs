use docmill_crds::conversion::Field;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use proptest::prelude::*;
use serde_json::json;

use super::{DateRules, Resolution};

/// Rules with this zone and these forms.
fn rules(zone: Option<&str>, formats: &[&str]) -> DateRules {
    let field = json!({"name": "a", "path": ["a"], "type": "dateTime", "formats": formats});
    DateRules::of(&serde_json::from_value::<Field>(field).unwrap(), zone)
}

fn check(rules: &DateRules, good: &[(&str, &str)], bad: &[&str]) {
    for (text, expected) in good {
        assert_eq!(rules.date_time(text).as_deref(), Some(*expected), "{text}");
    }
    for text in bad {
        assert_eq!(rules.date_time(text), None, "{text}");
    }
}

#[test]
fn the_forms_that_feeds_use_are_one_moment() {
    let forms = [
        "2026-01-02T09:11:12Z",
        "2026-01-02t09:11:12z",
        "2026-01-02 09:11:12Z",
        "2026-01-02 09:11:12 UTC",
        "2026-01-02 10:11:12 +0100",
        "2026-01-02T10:11:12+01",
        "20260102T101112+0100",
        "20260102T091112Z",
        "2026-01-02T091112Z",
        "Fri, 2 Jan 2026 09:11:12 GMT",
        "fri, 02 jan 2026 09:11:12 gmt",
        "Fri 02 Jan 2026 09:11:12 UT",
        "Mon, 02 Jan 2026 09:11:12 Z",
        "02 Jan 26 04:11:12 EST",
        "2 January 2026 10:11:12 CET",
        "Fri, 02 Jan 126 09:11:12 -0000",
        "Fri, 02 Jan 2026 10:11:12 +0100 (CET)",
        "Friday, 02-Jan-26 09:11:12 GMT",
        "Fri Jan  2 09:11:12 UTC 2026",
        "Fri Jan 2 09:11:12 2026 GMT",
        "Fri Jan 02 2026 10:11:12 GMT+0100 (CET)",
        "Jan 2, 2026 09:11:12 GMT",
        "Friday, January 2, 2026 - 09:11:12 GMT",
        "2 de enero de 2026 09:11:12 GMT",
        "Fri, 02 Jan 2026 18:11:12 JST",
        "Fri, 02 Jan 2026 20:11:12 AEDT",
        "Fr, 02 Jan 2026 10:11:12 MEZ",
    ];
    check(&rules(None, &[]), &forms.map(|text| (text, "2026-01-02T09:11:12Z")), &[]);
    for (zone, hour) in [
        ("EST", 14),
        ("EDT", 13),
        ("CST", 15),
        ("CDT", 14),
        ("MST", 16),
        ("MDT", 15),
        ("PST", 17),
        ("PDT", 16),
    ] {
        let expected = format!("2026-01-02T{hour}:00:00Z");
        check(&rules(None, &[]), &[(&format!("2 Jan 2026 09:00 {zone}"), &expected)], &[]);
    }
}

#[test]
fn seconds_may_be_missing_and_fractions_stay_as_written() {
    let good = [
        ("2026-01-02T10:11Z", "2026-01-02T10:11:00Z"),
        ("20260102T1011Z", "2026-01-02T10:11:00Z"),
        ("Fri, 02 Jan 2026 10:11 +0000", "2026-01-02T10:11:00Z"),
        ("2026-01-02T10:11:12.500Z", "2026-01-02T10:11:12.500Z"),
        ("2026-01-02T10:11:12,123456789Z", "2026-01-02T10:11:12.123456789Z"),
        ("1969-12-31T23:59:59.5-05:00", "1970-01-01T04:59:59.5Z"),
    ];
    check(&rules(None, &[]), &good, &["2026-01-02T10:11:12.1234567890Z", "2026-01-02T10:11:12.Z"]);
}

#[test]
fn years_of_two_digits_are_those_of_rfc_2822() {
    for (year, expected) in [("00", 2000), ("49", 2049), ("50", 1950), ("99", 1999), ("102", 2002)] {
        let text = format!("2 Jan {year} 00:00 GMT");
        check(&rules(None, &[]), &[(&text, &format!("{expected}-01-02T00:00:00Z"))], &[]);
    }
}

#[test]
fn the_ends_of_time_are_those_of_rfc_3339() {
    let good = [
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("9999-12-31T23:59:59.999+00:00", "9999-12-31T23:59:59.999Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
    ];
    let bad = [
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T24:00:00Z",
        "0000-01-01T00:00:00+00:01",
        "+12026-01-02T09:11:12Z",
        "-0001-01-02T09:11:12Z",
    ];
    check(&rules(None, &[]), &good, &bad);
    check(&rules(Some("Europe/Berlin"), &[]), &[("9999-12-31T23:59:59", "9999-12-31T22:59:59Z")], &[]);
}

#[test]
fn what_is_on_no_calendar_and_no_clock_is_refused() {
    let bad = [
        "2026-02-30T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-02T25:00:00Z",
        "2026-01-02T24:00:01Z",
        "2026-01-02T10:60:00Z",
        "2026-01-02T10:11:61Z",
        "2026-01-02T10:11:12+24:00",
        "2026-01-02T10:11:12+01:60",
        "2026-01-02T10Z",
        "2026-W01-5T10:11:12Z",
        "2026-002T10:11:12Z",
        "-0044-03-15T10:11:12Z",
        "30 Feb 2026 10:11:12 GMT",
        "2 Jam 2026 10:11:12 GMT",
        "Foo, 2 Jan 2026 10:11:12 GMT",
        "2 Jan 2026 10:11:12 IST",
        "2 Jan 2026 10:11:12 BST",
        "2 Jan 2026 10:11:12 MSK",
        "2 Jan 2026 10:11:12 A",
        "2 Jan 2026 10:11:12 GMT GMT",
        "2 Jan 2026 10:11:12 - 0500",
        "2 Jan 2026 10:11:12 GMT - 0500",
        "2 Jan 2026 10:00 - 11:00",
        "Jan 2 - 5, 2026 10:00 GMT",
        "2026-01-02T10:11:12Z Z",
        "2026-01-02T10:11:12Zé",
        "１２-01-2026",
        "",
    ];
    check(&rules(None, &[]), &[("2024-02-29T24:00:00Z", "2024-03-01T00:00:00Z")], &bad);
}

#[test]
fn a_leap_second_is_the_one_before_it_and_only_where_there_can_be_one() {
    let good = [
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("2017-01-01T00:59:60.5+01:00", "2016-12-31T23:59:59.5Z"),
        ("Tue, 30 Jun 2015 19:59:60 EDT", "2015-06-30T23:59:59Z"),
    ];
    check(
        &rules(None, &[]),
        &good,
        &["2016-12-31T22:59:60Z", "2016-11-30T23:59:60Z", "2016-12-31T10:11:60Z"],
    );
}

#[test]
fn a_moment_without_a_zone_needs_that_of_its_field() {
    let texts =
        ["2026-07-02T10:11:12", "20260702T101112", "Thu, 2 Jul 2026 10:11:12", "Thu Jul  2 10:11:12 2026"];
    check(&rules(None, &[]), &[], &texts);
    check(&rules(None, &[]), &[], &["2026-07-02", "20260702", "2 Jul 2026"]);
    let berlin = rules(Some("Europe/Berlin"), &[]);
    check(&berlin, &texts.map(|text| (text, "2026-07-02T08:11:12Z")), &[]);
    let good = [
        ("2026-07-02", "2026-07-01T22:00:00Z"),
        ("20260102", "2026-01-01T23:00:00Z"),
        ("2 Jul 2026", "2026-07-01T22:00:00Z"),
        ("2026-07-02Z", "2026-07-02T00:00:00Z"),
        ("2026-07-02-05:00", "2026-07-02T05:00:00Z"),
        ("2026-07-02T10:11:12Z", "2026-07-02T10:11:12Z"),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
    ];
    check(&berlin, &good, &["2026-07", "2026"]);
    assert!(!berlin.expected_date_time().contains("zone"));
}

#[test]
fn forms_of_ones_own_are_tried_first() {
    let own =
        rules(Some("+02:00"), &["%d.%m.%Y %H:%M", "%m/%d/%y %I:%M %p %Z", "%s", "%A, %e %B %Y", "%Y/%m%d"]);
    let good = [
        ("02.01.2026 10:11", "2026-01-02T08:11:00Z"),
        ("2.1.2026 10:11", "2026-01-02T08:11:00Z"),
        ("01/02/26 12:30 am EST", "2026-01-02T05:30:00Z"),
        ("01/02/26 12:30 PM GMT", "2026-01-02T12:30:00Z"),
        ("1767345072", "2026-01-02T09:11:12Z"),
        ("-1", "1969-12-31T23:59:59Z"),
        ("friday, 2 january 2026", "2026-01-01T22:00:00Z"),
        ("2026/0120", "2026-01-19T22:00:00Z"),
        ("2026-01-02T09:11:12Z", "2026-01-02T09:11:12Z"),
    ];
    check(&own, &good, &["31.02.2026 10:11", "02.01.2026 10:11 x", "01/02/26 13:30 PM GMT"]);
    assert_eq!(own.date("02.01.2026 23:59").as_deref(), Some("2026-01-02"));
    assert!(own.expected_date_time().contains("or %d.%m.%Y %H:%M"));
}

fn moments() -> impl Strategy<Value = DateTime> {
    (1950..=2049_i16, 1..=12_i8, 1..=28_i8, 0..24_i8, 0..60_i8, 0..60_i8)
        .prop_map(|(y, mo, d, h, mi, s)| DateTime::new(y, mo, d, h, mi, s, 0).unwrap())
}

proptest! {
    /// jiff prints, by code that has nothing in common with the reader.
    #[test]
    fn every_moment_is_read_back_from_every_form(utc in moments(), minutes in -14 * 60..=14 * 60) {
        let offset = Offset::from_seconds(minutes * 60).unwrap();
        let moment = Offset::UTC.to_timestamp(utc).unwrap();
        let local = moment.to_zoned(offset.to_time_zone());
        let expected = moment.to_string();
        for form in [
            "%Y-%m-%dT%H:%M:%S%:z",
            "%Y%m%dT%H%M%S%z",
            "%Y-%m-%d %H:%M:%S %z",
            "%a, %d %b %Y %H:%M:%S %z",
            "%A, %d-%b-%y %H:%M:%S %z",
            "%d %B %y %H:%M:%S %:z",
            "%a %b %e %H:%M:%S %z %Y",
            "%b %d, %Y %H:%M:%S GMT%z",
        ] {
            let text = local.strftime(form).to_string();
            prop_assert_eq!(rules(None, &[]).date_time(&text), Some(expected.clone()), "{}", text);
        }
        let own = local.strftime("%d.%m.%Y %I:%M:%S %p %z").to_string();
        prop_assert_eq!(rules(None, &["%d.%m.%Y %I:%M:%S %p %z"]).date_time(&own), Some(expected), "{}", own);
    }

    /// A fixed rule of its own: what Europe has done since 1996, on the last Sundays of March and October at 1:00 UTC.
    #[test]
    fn local_time_is_that_of_the_zone(utc in moments().prop_filter("rules of today", |utc| utc.year() >= 1997)) {
        let change = |month| {
            let last = jiff::civil::date(utc.year(), month, 31);
            let days = i32::from(last.weekday().to_sunday_zero_offset());
            last.checked_sub(jiff::Span::new().days(days)).unwrap().at(1, 0, 0, 0)
        };
        let hours = if change(3) <= utc && utc < change(10) { 2 } else { 1 };
        let local = utc.checked_add(jiff::Span::new().hours(hours)).unwrap();
        let first = local.checked_sub(jiff::Span::new().hours(2)).unwrap();
        let twice = first >= change(3) && first < change(10);
        let expected = if twice { first } else { utc };
        let found = rules(Some("Europe/Berlin"), &[]).date_time(&local.to_string());
        prop_assert_eq!(found, Some(format!("{expected}Z")));
    }

    #[test]
    fn nothing_that_is_read_is_outside_of_the_form(text in "[0-9TtZz:+., -]{0,30}|[A-Za-z0-9 ,:+-]{0,40}|.{0,20}") {
        if let Some(moment) = rules(Some("Europe/Berlin"), &["%d.%m.%y"]).date_time(&text) {
            prop_assert!(moment.parse::<jiff::Timestamp>().is_ok() || moment.starts_with("9999-12-3"), "{}", moment);
            prop_assert!(moment.ends_with('Z') && moment.as_bytes()[10] == b'T');
        }
    }
}

#[test]
fn counts_since_1970_are_moments() {
    let seconds_or_millis = rules(None, &["epochSeconds", "epochMillis"]);
    let good = [
        ("1700000000", "2023-11-14T22:13:20Z"),
        ("1700000000000", "2023-11-14T22:13:20Z"),
        ("1700000000250", "2023-11-14T22:13:20.250Z"),
        ("-1", "1969-12-31T23:59:59Z"),
        ("0", "1970-01-01T00:00:00Z"),
    ];
    check(&seconds_or_millis, &good, &["", "1.5", "1e9", "17000000000000000"]);
    let micros = rules(None, &["epochMicros"]);
    check(&micros, &[("1700000000000001", "2023-11-14T22:13:20.000001Z")], &["-1700000000000001", "x"]);
    assert!(micros.takes_numbers() && !rules(None, &["%F"]).takes_numbers());
    assert!(rules(None, &["%s.%f"]).takes_numbers() && !rules(None, &["%s,%f"]).takes_numbers());
    let in_text = rules(None, &["/Date(%Q)/", "%s.%f", "%s"]);
    let good = [
        ("/Date(1700000000250)/", "2023-11-14T22:13:20.250Z"),
        ("1700000000.25", "2023-11-14T22:13:20.25Z"),
        ("-1", "1969-12-31T23:59:59Z"),
    ];
    check(&in_text, &good, &["/Date(x)/", "/Date(1700000000250)", "-1.25", "1700000000."]);
}

#[test]
fn counts_since_1970_reach_the_ends_of_the_calendar_and_no_further() {
    let seconds = rules(None, &["epochSeconds"]);
    let good = [("253402300799", "9999-12-31T23:59:59Z"), ("-62167219200", "0000-01-01T00:00:00Z")];
    check(&seconds, &good, &["253402300800", "-62167219201", "999999999999", "-999999999999"]);
    let millis = rules(None, &["epochMillis"]);
    check(&millis, &[("253402300799999", "9999-12-31T23:59:59.999Z")], &["253402300800000"]);
    assert_eq!(seconds.date("253402300799").as_deref(), Some("9999-12-31"));
    assert_eq!(seconds.date("-62167219201"), None);
}

#[test]
fn the_day_of_the_week_may_be_cut_off_anywhere() {
    let moment = "2026-01-06T10:00:00Z";
    let forms =
        ["Tues, 06 Jan 2026 10:00:00 GMT", "Thurs. 06 Jan 2026 10:00 GMT", "tuesd 6 Jan 2026 10:00 GMT"];
    check(&rules(None, &[]), &forms.map(|text| (text, moment)), &["Tu, 06 Jan 2026 10:00:00 GMT"]);
}

/// A clock of twelve hours, and names of other languages.
#[test]
fn dates_of_real_feeds_are_read() {
    let good = [
        ("Fri, Jan 02 2026 10:04:03 AM", "2026-01-02T10:04:03Z"),
        ("Jan 2, 2026 at 3:04 p.m. GMT", "2026-01-02T15:04:00Z"),
        ("2 Jan 2026 12:30AM", "2026-01-02T00:30:00Z"),
        ("2 Jan 2026 12:30 pm +0100", "2026-01-02T11:30:00Z"),
        ("mer, 07 gen 2026 00:38:15 +0100", "2026-01-06T23:38:15Z"),
        ("mar, 06 gen 2026 10:00:00 GMT", "2026-01-06T10:00:00Z"),
        ("Mar 6 2026 10:00:00 GMT", "2026-03-06T10:00:00Z"),
        ("Mi, 7 Mär. 2026 10:00 GMT", "2026-03-07T10:00:00Z"),
        ("1 août 2026", "2026-08-01T00:00:00Z"),
    ];
    let bad = [
        "2 Jan 2026 13:30 PM",
        "2 Jan 2026 0:30 AM",
        "2 Jan 2026 10:30 AM PM",
        "until 2 Jan 2026",
        "mer, 2026",
        "mer",
    ];
    check(&rules(Some("UTC"), &[]), &good, &bad);
}

#[test]
fn how_much_is_known_of_a_date_is_told_where_its_field_asks() {
    let field = json!({"name": "a", "path": ["a"], "type": "dateTime", "resolution": "b"});
    let rules = DateRules::of(&serde_json::from_value::<Field>(field).unwrap(), Some("UTC"));
    for (text, moment, resolution) in [
        ("2026", "2026-01-01T00:00:00Z", "year"),
        ("2026-02", "2026-02-01T00:00:00Z", "month"),
        ("02-2026", "2026-02-01T00:00:00Z", "month"),
        ("February 2026", "2026-02-01T00:00:00Z", "month"),
        ("2026 Feb.", "2026-02-01T00:00:00Z", "month"),
        ("2026-02-03", "2026-02-03T00:00:00Z", "day"),
        ("3 Feb 2026", "2026-02-03T00:00:00Z", "day"),
        ("2026-02-03T04:05Z", "2026-02-03T04:05:00Z", "second"),
    ] {
        assert_eq!(rules.date_time(text).as_deref(), Some(moment), "{text}");
        assert_eq!(rules.resolution(text).map(Resolution::as_str), Some(resolution), "{text}");
    }
    check(&rules, &[], &["26", "2026-13", "2026-1-", "13-26", "Spring 2026", "2026 2027", "20260"]);
}
