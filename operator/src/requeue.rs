//! When a resource is looked at again. Pure.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use docmill_crds::error_class::ErrorClass;
use k8s_openapi::jiff::Timestamp;

/// The first pause after something was found wrong.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// A resource that the user has to mend is to work within seconds of being mended.
const LONGEST_FOR_USER: Duration = Duration::from_secs(10);
/// An outage is not to be made worse by those who look whether it is over.
const LONGEST_FOR_OUTAGE: Duration = Duration::from_secs(30);

/// How long to wait before a resource that has not been ready since `since` is looked at again: a quarter of the time
/// that it has lasted, so that the pauses grow exponentially without a counter to be kept.
pub fn retry_after(since: Option<Timestamp>, now: Timestamp, class: ErrorClass, uid: &str) -> Duration {
    let lasted =
        since.and_then(|since| Duration::try_from(now.duration_since(since)).ok()).unwrap_or_default();
    let longest = match class {
        ErrorClass::Transient => LONGEST_FOR_OUTAGE,
        ErrorClass::User | ErrorClass::Permanent => LONGEST_FOR_USER,
    };
    jitter((lasted / 4).clamp(FIRST_PAUSE, longest), uid, now)
}

/// A pause that differs by up to a tenth from resource to resource and from time to time, so that many of them do not
/// come at once.
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
        assert!(pause(86_400, ErrorClass::Transient) <= 33.0);
        assert!(pause(86_400, ErrorClass::User) <= 11.0);
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_tenth(uid in any::<String>(), second in 0_i64..4_000_000_000) {
            let pause = jitter(Duration::from_secs(10), &uid, at(second));
            assert!((Duration::from_secs(9)..=Duration::from_secs(11)).contains(&pause), "{pause:?}");
        }
    }
}
