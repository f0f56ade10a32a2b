//! When a resource is requeued. Pure.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use docmill_crds::error_class::ErrorClass;
use k8s_openapi::jiff::Timestamp;

/// The first pause after a fault.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// A resource that the user has to fix works within seconds of the fix.
const LONGEST_FOR_USER: Duration = Duration::from_secs(10);
/// Checks for the end of an outage must not make the outage worse.
const LONGEST_FOR_OUTAGE: Duration = Duration::from_secs(30);
/// The same for faults that have lasted for hours, for which nobody waits from second to second.
const LONGEST: Duration = Duration::from_mins(5);
/// What part of the time that a fault has lasted such a pause is: a minute after an hour.
const OF_OLD_FAULTS: u32 = 60;

/// How long to wait before a resource that has not been ready since `since` is requeued: a quarter of the
/// time that the fault has lasted, so the pauses grow exponentially without a stored counter; first up to seconds,
/// and after hours up to minutes. A change of the resource itself requeues it at once.
pub fn retry_after(since: Option<Timestamp>, now: Timestamp, class: ErrorClass, uid: &str) -> Duration {
    let lasted = since.map(|since| elapsed(since, now)).unwrap_or_default();
    let longest = match class {
        ErrorClass::Transient => LONGEST_FOR_OUTAGE,
        ErrorClass::User | ErrorClass::Permanent => LONGEST_FOR_USER,
    };
    let longest = longest.max((lasted / OF_OLD_FAULTS).min(LONGEST));
    jitter((lasted / 4).clamp(FIRST_PAUSE, longest), uid, now)
}

/// The time since then; zero if that is still to come, by another clock.
pub fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

/// A pause that varies by up to a tenth from resource to resource and from time to time, so that many
/// resources are not requeued at once.
pub fn jitter(pause: Duration, uid: &str, now: Timestamp) -> Duration {
    let mut hasher = DefaultHasher::new();
    (uid, now.as_second()).hash(&mut hasher);
    let permille = u32::try_from(hasher.finish() % 201).unwrap_or(100);
    pause * (900 + permille) / 1000
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use docmill_crds::error_class::ErrorClass;
    use k8s_openapi::jiff::Timestamp;
    use proptest::prelude::{any, proptest};

    use super::{jitter, retry_after};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn pauses_grow_with_the_fault_up_to_a_limit_that_depends_on_who_has_to_act() {
        let pause =
            |lasted: i64, class| retry_after(Some(at(1000)), at(1000 + lasted), class, "u").as_secs_f64();
        assert!(pause(0, ErrorClass::Transient) <= 2.2);
        assert!((18.0..=22.0).contains(&pause(80, ErrorClass::Transient)));
        assert!((27.0..=33.0).contains(&pause(1_200, ErrorClass::Transient)));
        assert!((9.0..=11.0).contains(&pause(600, ErrorClass::User)));
    }

    #[test]
    fn after_hours_the_pauses_are_minutes_whoever_has_to_act() {
        for class in [ErrorClass::Transient, ErrorClass::User] {
            let pause =
                |lasted: i64| retry_after(Some(at(1000)), at(1000 + lasted), class, "u").as_secs_f64();
            assert!((54.0..=66.0).contains(&pause(3_600)));
            assert!((270.0..=330.0).contains(&pause(86_400)));
        }
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_tenth(uid in any::<String>(), second in 0_i64..4_000_000_000) {
            let pause = jitter(Duration::from_secs(10), &uid, at(second));
            assert!((Duration::from_secs(9)..=Duration::from_secs(11)).contains(&pause), "{pause:?}");
        }
    }
}
