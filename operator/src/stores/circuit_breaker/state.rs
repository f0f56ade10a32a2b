//! What is known about endpoints, and whose turn it is. Pure: the caller passes the time.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::outcome::not_ready::NotReady;

/// How many unknown or previously unresponsive endpoints are asked at a time, in total and per namespace, so
/// that no namespace takes all slots.
const DOUBTFUL: usize = 48;
const DOUBTFUL_OF_NAMESPACE: usize = 8;
/// The deadline of an unknown endpoint; it doubles after each failure, up to the limit of the request.
const FIRST_DEADLINE: Duration = Duration::from_secs(3);
/// Bounds of the pause before an unresponsive endpoint is retried: a quarter of the time it has been
/// unresponsive.
const SHORTEST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(2);
/// An endpoint that was not asked for this long is forgotten.
const FORGOTTEN: Duration = Duration::from_mins(15);
/// The maximum number of endpoints that are remembered.
const MOST: usize = 20_000;

/// An endpoint as one namespace names it. One tenant's experience with an endpoint does not affect others:
/// its own path or credentials may be the slow part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BreakerKey {
    /// Namespace of the resource.
    pub namespace: String,
    /// One URL or several.
    pub endpoint: String,
}

#[derive(Clone, Debug, Default)]
enum EndpointState {
    #[default]
    Unknown,
    /// It answered, or failed fast.
    Quick,
    Unresponsive {
        since: Instant,
        failures: u32,
        retry_at: Instant,
        fault: NotReady,
    },
}

#[derive(Clone, Debug)]
struct BreakerEntry {
    state: EndpointState,
    /// Requests in flight.
    in_flight: usize,
    last_used: Instant,
}

/// What is known about all endpoints.
#[derive(Debug, Default)]
pub struct BreakerTable {
    entries: HashMap<BreakerKey, BreakerEntry>,
    /// Requests in flight to unknown or unresponsive endpoints: in total, and by namespace.
    doubtful: usize,
    doubtful_of_namespace: HashMap<String, usize>,
    last_sweep: Option<Instant>,
}

/// Whether an endpoint may be asked now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointTurn {
    /// Yes, with a deadline.
    Now {
        /// When to give up.
        deadline: Duration,
        /// Whether it takes one of the slots for unknown and unresponsive endpoints.
        doubtful: bool,
    },
    /// No: it was unresponsive a moment ago, and has not been asked since.
    Held(NotReady),
    /// Not yet: others come first.
    Later,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With an answer, or with a fast failure.
    Quick,
    /// With a slow failure.
    Slow(NotReady),
}

impl BreakerTable {
    /// Begins a request. Each request that may begin has to be ended with [`Self::end`].
    pub fn begin(
        &mut self,
        key: &BreakerKey,
        trusted: bool,
        longest: Duration,
        now: Instant,
    ) -> EndpointTurn {
        self.sweep(now);
        let has_slot = self.doubtful < DOUBTFUL
            && self.doubtful_of_namespace.get(&key.namespace).copied().unwrap_or(0) < DOUBTFUL_OF_NAMESPACE;
        let new_entry = || BreakerEntry { state: EndpointState::Unknown, in_flight: 0, last_used: now };
        let entry = self.entries.entry(key.clone()).or_insert_with(new_entry);
        entry.last_used = now;
        let turn = match &entry.state {
            EndpointState::Quick => EndpointTurn::Now { deadline: longest, doubtful: false },
            EndpointState::Unknown if trusted => EndpointTurn::Now { deadline: longest, doubtful: false },
            EndpointState::Unknown if entry.in_flight == 0 && has_slot => {
                EndpointTurn::Now { deadline: FIRST_DEADLINE.min(longest), doubtful: true }
            }
            EndpointState::Unknown => EndpointTurn::Later,
            EndpointState::Unresponsive { retry_at, failures, .. }
                if entry.in_flight == 0 && now >= *retry_at && has_slot =>
            {
                let deadline = FIRST_DEADLINE.saturating_mul(2_u32.saturating_pow(*failures));
                EndpointTurn::Now { deadline: deadline.min(longest), doubtful: true }
            }
            EndpointState::Unresponsive { fault, .. } => EndpointTurn::Held(fault.clone()),
        };
        if let EndpointTurn::Now { doubtful, .. } = turn {
            entry.in_flight += 1;
            if doubtful {
                self.doubtful += 1;
                *self.doubtful_of_namespace.entry(key.namespace.clone()).or_default() += 1;
            }
        }
        turn
    }

    /// Ends a request.
    pub fn end(&mut self, key: &BreakerKey, doubtful: bool, outcome: Outcome, now: Instant) {
        if doubtful {
            self.doubtful = self.doubtful.saturating_sub(1);
            if let Some(count) = self.doubtful_of_namespace.get_mut(&key.namespace) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.doubtful_of_namespace.remove(&key.namespace);
                }
            }
        }
        let Some(entry) = self.entries.get_mut(key) else { return };
        entry.in_flight = entry.in_flight.saturating_sub(1);
        entry.state = match outcome {
            Outcome::Quick => EndpointState::Quick,
            Outcome::Slow(fault) => entry.state.failed(fault, now),
        };
    }

    fn sweep(&mut self, now: Instant) {
        let is_full = self.entries.len() >= MOST;
        if !is_full && self.last_sweep.is_some_and(|last| now.duration_since(last) < FORGOTTEN / 15) {
            return;
        }
        self.last_sweep = Some(now);
        let keep_for = if is_full { Duration::from_mins(1) } else { FORGOTTEN };
        self.entries.retain(|_, entry| entry.in_flight > 0 || now.duration_since(entry.last_used) < keep_for);
        if self.entries.len() >= MOST {
            self.entries.retain(|_, entry| entry.in_flight > 0);
        }
    }
}

impl EndpointState {
    fn failed(&self, fault: NotReady, now: Instant) -> Self {
        let (since, failures) = match self {
            Self::Unresponsive { since, failures, .. } => (*since, failures.saturating_add(1)),
            Self::Unknown | Self::Quick => (now, 1),
        };
        let pause = (now.duration_since(since) / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        Self::Unresponsive { since, failures, retry_at: now + pause, fault }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{
        BreakerKey, BreakerTable, DOUBTFUL, DOUBTFUL_OF_NAMESPACE, EndpointTurn, FORGOTTEN, LONGEST_PAUSE,
        MOST, Outcome,
    };
    use crate::outcome::not_ready::NotReady;

    const LONGEST: Duration = Duration::from_secs(10);

    fn key(namespace: &str, number: usize) -> BreakerKey {
        BreakerKey { namespace: namespace.into(), endpoint: format!("http://{number}") }
    }

    fn fault() -> NotReady {
        NotReady::transient("IndexUnreachable", "no answer")
    }

    fn begins(table: &mut BreakerTable, key: &BreakerKey, now: Instant) -> bool {
        matches!(table.begin(key, false, LONGEST, now), EndpointTurn::Now { .. })
    }

    #[test]
    fn a_namespace_has_few_places_for_strangers_and_leaves_the_rest_to_others() {
        let (mut table, now) = (BreakerTable::default(), Instant::now());
        let begun = (0..100).filter(|number| begins(&mut table, &key("hostile", *number), now)).count();
        assert_eq!(begun, DOUBTFUL_OF_NAMESPACE);
        assert!(begins(&mut table, &key("news", 0), now));
        let begun =
            (0..100).filter(|number| begins(&mut table, &key(&format!("n-{number}"), 0), now)).count();
        assert_eq!(begun, DOUBTFUL - DOUBTFUL_OF_NAMESPACE - 1);
        assert_eq!(table.begin(&key("late", 0), false, LONGEST, now), EndpointTurn::Later);
        let trusted = table.begin(&key("late", 0), true, LONGEST, now);
        assert_eq!(
            trusted,
            EndpointTurn::Now { deadline: LONGEST, doubtful: false },
            "who was ready needs no place"
        );
        table.end(&key("news", 0), true, Outcome::Quick, now);
        assert!(begins(&mut table, &key("later", 0), now));
    }

    #[test]
    fn a_silent_endpoint_is_asked_by_one_at_a_time_with_growing_pauses() {
        let (mut table, start) = (BreakerTable::default(), Instant::now());
        let (hole, mut now, mut deadlines) = (key("news", 1), start, Vec::new());
        while now < start + Duration::from_hours(1) {
            if let EndpointTurn::Now { deadline, doubtful } = table.begin(&hole, false, LONGEST, now) {
                let other = table.begin(&hole, false, LONGEST, now);
                assert_eq!(
                    other,
                    if deadlines.is_empty() { EndpointTurn::Later } else { EndpointTurn::Held(fault()) }
                );
                deadlines.push(deadline);
                now += deadline;
                table.end(&hole, doubtful, Outcome::Slow(fault()), now);
            }
            now += Duration::from_secs(1);
        }
        let seconds: Vec<u64> = deadlines.iter().map(Duration::as_secs).collect();
        assert_eq!(&seconds[..3], &[3, 6, 10]);
        assert!((30..60).contains(&deadlines.len()), "asked {} times in an hour", deadlines.len());
        let busy: u64 = seconds.iter().sum();
        assert!(busy < 600, "a pass was held for {busy} of 3600 s");
        assert!(begins(&mut table, &hole, now + LONGEST_PAUSE));
        table.end(&hole, true, Outcome::Quick, now);
        assert!(begins(&mut table, &hole, now) && begins(&mut table, &hole, now), "it is back");
    }

    #[test]
    fn what_is_not_asked_any_more_is_forgotten_and_there_is_a_most() {
        let (mut table, start) = (BreakerTable::default(), Instant::now());
        for number in 0..MOST + 10 {
            let key = key(&format!("n-{number}"), 0);
            let turn = table.begin(&key, true, LONGEST, start);
            assert!(matches!(turn, EndpointTurn::Now { doubtful: false, .. }));
            table.end(&key, false, Outcome::Quick, start);
        }
        assert!(table.entries.len() <= MOST);
        let later = start + FORGOTTEN * 2;
        assert!(begins(&mut table, &key("news", 1), later));
        assert_eq!(table.entries.len(), 1);
        table.end(&key("news", 1), true, Outcome::Quick, later);
        assert!(table.doubtful == 0 && table.doubtful_of_namespace.is_empty());
    }
}
