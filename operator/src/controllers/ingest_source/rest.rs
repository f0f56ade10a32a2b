//! When a suspended source is looked at: closely at first, and ever less often the longer it lasts, so that thousands
//! of sources at rest cost next to nothing. [`pace`] adds what many sources need.

pub mod pace;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use docmill_crds::IngestSource;
use k8s_openapi::jiff::Timestamp;

use crate::outcome::conditions::{self, condition_type};
use crate::outcome::requeue::elapsed;

/// The shortest interval, just after a source was suspended.
const SHORTEST: Duration = Duration::from_secs(10);
/// The longest interval, after ten hours, unless there are so many suspended sources that the pace is slower.
const LONGEST: Duration = Duration::from_hours(1);
/// How long it is remembered when a source was looked at.
const REMEMBERED: Duration = Duration::from_hours(24);
/// The interval is the time since the source was suspended, divided by this.
const FRACTION: u32 = 10;

/// The interval of a source that has been suspended since then, at least `pace`.
pub fn interval(since: Option<Timestamp>, now: Timestamp, pace: Duration) -> Duration {
    let lasted = since.map(|since| elapsed(since, now)).unwrap_or_default();
    (lasted / FRACTION).clamp(SHORTEST, LONGEST).max(pace)
}

/// When suspended sources were last looked at, by UID. Losing it costs nothing: a source that is not in here is taken
/// for one that was looked at some time within its interval, so that a restart does not look at all of them at once.
#[derive(Debug, Default)]
pub struct RestingSources(Mutex<HashMap<String, Timestamp>>);

impl RestingSources {
    /// How long a source may be left alone; `None` if it has to be looked at now: it is not suspended, its status is not
    /// that of its spec, or its interval, which is at least `pace`, is over.
    pub fn left_alone_for(&self, source: &IngestSource, now: Timestamp, pace: Duration) -> Option<Duration> {
        let status = source.status.as_ref()?;
        let is_known = status.observed_generation == source.metadata.generation;
        let is_at_rest = conditions::is_true(&status.conditions, condition_type::SUSPENDED);
        if !(source.spec.suspend && is_known && is_at_rest) {
            return None;
        }
        let since = conditions::last_change(&status.conditions, condition_type::SUSPENDED);
        let interval = interval(since, now, pace);
        let uid = source.metadata.uid.clone()?;
        let looked_at = *self.table().entry(uid).or_insert_with_key(|uid| now - part_of(interval, uid));
        interval.checked_sub(elapsed(looked_at, now)).filter(|left| !left.is_zero())
    }

    /// Records that a suspended source was looked at.
    pub fn looked_at(&self, uid: &str, now: Timestamp) {
        let mut table = self.table();
        // Deleted sources and those that were resumed drop out here.
        table.retain(|_, looked_at| elapsed(*looked_at, now) < REMEMBERED);
        table.insert(uid.to_owned(), now);
    }

    fn table(&self) -> MutexGuard<'_, HashMap<String, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part of an interval that differs from source to source.
pub fn part_of(interval: Duration, uid: &str) -> Duration {
    let mut hasher = DefaultHasher::new();
    uid.hash(&mut hasher);
    interval * u32::try_from(hasher.finish() % 1000).unwrap_or_default() / 1000
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use docmill_crds::IngestSource;
    use k8s_openapi::jiff::Timestamp;
    use serde_json::json;

    use super::{RestingSources, interval};
    use crate::controllers::ingest_source::tests::source;

    const HOUR: i64 = 3600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A source that is suspended since second 0.
    fn suspended(uid: &str) -> IngestSource {
        let mut source = source();
        source.metadata.uid = Some(uid.to_owned());
        source.spec.suspend = true;
        source.status = serde_json::from_value(json!({
            "observedGeneration": 3,
            "conditions": [{"type": "Suspended", "status": "True", "reason": "Suspended", "message": "",
                "lastTransitionTime": "1970-01-01T00:00:00Z"}],
        }))
        .unwrap();
        source
    }

    #[test]
    fn the_longer_it_lasts_the_less_often_it_is_looked_at() {
        let seconds = |lasted| interval(Some(at(0)), at(lasted), Duration::ZERO).as_secs();
        assert_eq!([0, 60, 600, HOUR, 100 * HOUR].map(seconds), [10, 10, 60, 360, 3600]);
        assert_eq!(interval(None, at(HOUR), Duration::ZERO), Duration::from_secs(10));
        let pace = Duration::from_mins(150);
        assert_eq!(interval(Some(at(0)), at(60), pace), pace, "nine thousand are looked at one a second");
    }

    #[test]
    fn a_source_is_left_alone_until_its_interval_is_over_or_its_spec_changes() {
        let resting = RestingSources::default();
        let source = suspended("a");
        resting.looked_at("a", at(HOUR));
        let left = |source: &IngestSource, now| {
            resting.left_alone_for(source, at(now), Duration::ZERO).map(|left| left.as_secs())
        };
        assert_eq!(left(&source, HOUR), Some(360));
        assert_eq!(left(&source, HOUR + 300), Some(90), "the interval has grown to 390 s");
        assert_eq!(left(&source, HOUR + 400), None);
        let mut changed = suspended("a");
        changed.metadata.generation = Some(4);
        assert_eq!(left(&changed, HOUR), None);
        let mut resumed = suspended("a");
        resumed.spec.suspend = false;
        assert_eq!(left(&resumed, HOUR), None);
    }

    #[test]
    fn after_a_restart_the_looks_are_spread_over_the_interval() {
        let resting = RestingSources::default();
        let due = |second: i64| {
            let sources = (0..1000).map(|number| suspended(&number.to_string()));
            let now = at(100 * HOUR + second);
            sources.filter(|source| resting.left_alone_for(source, now, Duration::ZERO).is_none()).count()
        };
        assert!(due(0) <= 10, "all at once");
        assert!((300..=700).contains(&due(HOUR / 2)));
        assert_eq!(due(HOUR + 1), 1000);
    }
}
