//! How often sources at rest are looked at when there are many of them. The more there are, the longer the intervals,
//! so that all of them together cost a few requests a second. A few sources are looked at as often as each needs.
//!
//! Idle sources share a number of requests to their queues. Those whose last article arrived long ago wait longest, and
//! a source that had one lately is not held up by others. Pure, but for the clock of [`Pacing`].

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::k8s::view::View;
use docmill_crds::{IngestSource, IngestSourceStatus};
use k8s_openapi::jiff::Timestamp;
use kube::core::DeserializeGuard;

use crate::outcome::conditions::{self, condition_type};
use crate::outcome::requeue::elapsed;

/// How long a pace is kept.
const KEPT: Duration = Duration::from_secs(10);
/// Seconds between two requests to the queue of an idle source: the time since its last article divided by
/// [`UNHURRIED`], within these bounds. A queue does not notify, so this determines how soon the first article after a
/// quiet time is noticed.
const SHORTEST: f64 = 2.0;
const USUAL: f64 = 5.0;
const UNHURRIED: f64 = 60.0;
/// The same among many sources at most.
const LONGEST: f64 = 600.0;
/// Steps of the search for the factor: enough for sources that have been idle for years.
const STEPS: usize = 40;
/// What each suspended source adds to the interval between two looks at one.
const FOR_EACH_SUSPENDED: Duration = Duration::from_secs(1);
/// What each other source adds to the interval between two checks of its stores, and the longest such interval.
const CHECK_FOR_EACH: Duration = Duration::from_secs(5);
const LONGEST_WITHOUT_CHECK: Duration = Duration::from_hours(2);
/// The same for its ledger.
const COUNT_FOR_EACH: Duration = Duration::from_secs(1);
const LONGEST_WITHOUT_COUNT: Duration = Duration::from_hours(1);

/// What each source that is not ready adds to the interval between two looks at one.
const FOR_EACH_NOT_READY: Duration = Duration::from_millis(50);

/// How often sources at rest are looked at now. The default is that of a single source.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    /// At most 1: no source waits longer than it has been idle.
    idle_factor: f64,
    /// The shortest interval between two looks at a suspended source.
    pub suspended: Duration,
    /// The shortest interval between two looks at a source that is not ready.
    pub not_ready: Duration,
    /// The shortest interval between two checks of the stores of a source.
    pub check: Duration,
    /// The shortest interval between two searches in the ledger of an idle source.
    pub ledger: Duration,
}

impl Pace {
    /// The pace for these sources, whose idle queues are asked at most so many times a second in total, as far as
    /// [`LONGEST`] allows.
    pub fn of(
        sources: &[Arc<DeserializeGuard<IngestSource>>],
        polls_per_second: u32,
        now: Timestamp,
    ) -> Self {
        let readable = sources.iter().filter_map(|guard| guard.0.as_ref().ok());
        let (suspended, others): (Vec<_>, Vec<_>) = readable.partition(|source| source.spec.suspend);
        let idle: Vec<f64> = others.iter().filter_map(|source| idle_queue(source, now)).collect();
        let not_ready = others.iter().filter(|source| is_not_ready(source)).count();
        let of_others = |each: Duration| each.saturating_mul(whole(others.len()));
        Self {
            idle_factor: factor(&idle, f64::from(polls_per_second)),
            suspended: FOR_EACH_SUSPENDED.saturating_mul(whole(suspended.len())),
            not_ready: FOR_EACH_NOT_READY.saturating_mul(whole(not_ready)),
            check: of_others(CHECK_FOR_EACH).min(LONGEST_WITHOUT_CHECK),
            ledger: of_others(COUNT_FOR_EACH).min(LONGEST_WITHOUT_COUNT),
        }
    }

    /// The interval between two looks at a source that has been idle for this long.
    pub fn poll_interval(&self, idle_for: Duration) -> Duration {
        Duration::from_secs_f64(poll_seconds(idle_for.as_secs_f64(), self.idle_factor))
    }
}

/// Since when a source has been idle: since its last article or backlog, or since it became ready. `None` while there
/// is work, and before the first look.
pub fn idle_since(status: &IngestSourceStatus) -> Option<Timestamp> {
    let conditions = &status.conditions;
    if conditions::is_true(conditions, condition_type::PROGRESSING) {
        return None;
    }
    let changes = [condition_type::PROGRESSING, condition_type::READY]
        .into_iter()
        .filter_map(|condition_type| conditions::last_change(conditions, condition_type));
    changes.chain(status.last_ingest_time.as_ref().map(|time| time.0)).max()
}

/// How many seconds a source that is ready and has a queue has been idle.
fn idle_queue(source: &IngestSource, now: Timestamp) -> Option<f64> {
    let status = source.status.as_ref().filter(|_| source.spec.trigger.sqs.is_some())?;
    let is_ready = conditions::is_true(&status.conditions, condition_type::READY);
    let since = idle_since(status).filter(|_| is_ready)?;
    Some(elapsed(since, now).as_secs_f64())
}

fn is_not_ready(source: &IngestSource) -> bool {
    let conditions = source.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    conditions::find(conditions, condition_type::READY).is_some_and(|ready| ready.status == "False")
}

/// The smallest factor, at most 1, with which queues that have been idle for these seconds are asked at most `most`
/// times a second.
fn factor(idle: &[f64], most: f64) -> f64 {
    let polls = |factor: f64| idle.iter().map(|idle| poll_seconds(*idle, factor).recip()).sum::<f64>();
    let (mut low, mut high) = (0.0, 1.0);
    if polls(low) <= most {
        return low;
    }
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        if polls(middle) > most {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

fn poll_seconds(idle: f64, factor: f64) -> f64 {
    (idle / UNHURRIED).clamp(SHORTEST, USUAL).max((idle * factor).min(LONGEST))
}

fn whole(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The pace, computed anew every few seconds.
#[derive(Debug)]
pub struct Pacing {
    polls_per_second: u32,
    last: Mutex<Option<(Instant, Pace)>>,
}

impl Pacing {
    /// At most so many requests a second to the queues of all idle sources together.
    pub fn new(polls_per_second: u32) -> Self {
        Self { polls_per_second, last: Mutex::default() }
    }

    /// The pace for the sources of this view.
    pub fn pace(&self, sources: &View<DeserializeGuard<IngestSource>>) -> Pace {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some((at, pace)) = *last
            && now.duration_since(at) < KEPT
        {
            return pace;
        }
        let sources = sources.state();
        let pace = Pace::of(&sources, self.polls_per_second, Timestamp::now());
        // A view that is still being filled is empty.
        *last = (!sources.is_empty()).then_some((now, pace));
        pace
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use docmill_crds::IngestSource;
    use k8s_openapi::jiff::Timestamp;
    use kube::core::DeserializeGuard;
    use proptest::prelude::{prop, proptest};
    use serde_json::json;

    use super::{LONGEST, Pace, factor, idle_since, poll_seconds};
    use crate::controllers::ingest_source::tests::source;

    const NOW: i64 = 10_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn idle(seconds: i64) -> IngestSource {
        let since = at(NOW - seconds).to_string();
        let condition = |kind: &str, status: &str| json!({"type": kind, "status": status, "reason": "A", "message": "", "lastTransitionTime": since});
        let mut source = source();
        source.status = serde_json::from_value(json!({
            "conditions": [condition("Ready", "True"), condition("Progressing", "False")],
        }))
        .unwrap();
        source
    }

    fn pace(sources: Vec<IngestSource>) -> Pace {
        let sources: Vec<_> =
            sources.into_iter().map(|source| Arc::new(DeserializeGuard(Ok(source)))).collect();
        Pace::of(&sources, 4, at(NOW))
    }

    fn poll(pace: &Pace, idle_seconds: u64) -> Duration {
        pace.poll_interval(Duration::from_secs(idle_seconds))
    }

    #[test]
    fn a_few_idle_sources_are_looked_at_every_two_to_five_seconds_however_long_they_are_idle() {
        let few = pace((0..19).map(|_| idle(1_000_000)).collect());
        assert_eq!([0, 180, 1_000_000].map(|idle| poll(&few, idle).as_secs()), [2, 3, 5]);
        assert_eq!([0, 1_000_000].map(|idle| poll(&Pace::default(), idle).as_secs()), [2, 5]);
    }

    #[test]
    fn of_a_thousand_those_that_are_idle_for_long_wait_and_one_that_had_an_article_lately_does_not() {
        let mut sources: Vec<_> = (0..1000).map(|number| idle(400_000 + number)).collect();
        sources.push(idle(60));
        let many = pace(sources);
        let long = poll(&many, 400_000).as_secs();
        assert!((280..292).contains(&long), "{long}");
        assert_eq!(poll(&many, 60).as_secs(), 2);
        assert_eq!(poll(&many, 4_000_000), Duration::from_secs_f64(LONGEST));
    }

    #[test]
    fn work_and_suspension_take_nothing_from_idle_sources() {
        let mut sources: Vec<_> = (0..1000).map(|_| idle(100_000)).collect();
        for source in &mut sources[..500] {
            source.spec.suspend = true;
        }
        for source in &mut sources[500..] {
            source.status.as_mut().unwrap().conditions[1].status = "True".into();
        }
        let pace = pace(sources);
        assert_eq!(poll(&pace, 100_000), Duration::from_secs(5));
        assert_eq!(pace.suspended, Duration::from_secs(500));
        assert_eq!((pace.check, pace.ledger), (Duration::from_secs(2500), Duration::from_secs(500)));
    }

    #[test]
    fn the_more_sources_are_not_ready_the_less_often_each_is_looked_at() {
        let mut sources: Vec<_> = (0..1200).map(|_| idle(100)).collect();
        for source in &mut sources[..1000] {
            source.status.as_mut().unwrap().conditions[0].status = "False".into();
        }
        assert_eq!(pace(sources).not_ready, Duration::from_secs(50));
        assert_eq!(Pace::default().not_ready, Duration::ZERO);
    }

    #[test]
    fn a_source_is_idle_since_its_last_article_or_backlog() {
        let mut status = idle(500).status.unwrap();
        assert_eq!(idle_since(&status), Some(at(NOW - 500)));
        status.last_ingest_time = serde_json::from_value(json!(at(NOW - 3).to_string())).unwrap();
        assert_eq!(idle_since(&status), Some(at(NOW - 3)));
        status.conditions[1].status = "True".into();
        assert_eq!(idle_since(&status), None);
    }

    proptest! {
        #[test]
        fn all_ask_no_more_than_they_may_and_nobody_waits_longer_than_it_was_idle(
            idle in prop::collection::vec(0.0..10_000_000_f64, 0..300),
            most in 1..20_u32,
        ) {
            let most = f64::from(most);
            let factor = factor(&idle, most);
            let polls: f64 = idle.iter().map(|idle| poll_seconds(*idle, factor).recip()).sum();
            assert!(polls <= most * 1.001 || factor >= 1.0, "{polls} of {most}, factor {factor}");
            for idle in idle {
                let seconds = poll_seconds(idle, factor);
                assert!((2.0..=LONGEST).contains(&seconds) && seconds <= idle.max(5.0), "{seconds} of {idle}");
            }
        }
    }
}
