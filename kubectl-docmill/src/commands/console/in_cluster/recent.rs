//! What was asked for lately: so much of it at most, and none that nobody has asked for in a while. Pure.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Values by key, and when each was asked for last.
#[derive(Debug)]
pub struct Recent<K, V> {
    entries: HashMap<K, (Instant, V)>,
    most: usize,
    idle: Duration,
}

impl<K: Clone + Eq + Hash, V: Clone> Recent<K, V> {
    /// At most so many values, each until it is idle for so long.
    pub fn new(most: usize, idle: Duration) -> Self {
        Self { entries: HashMap::new(), most, idle }
    }

    /// A value that is asked for.
    pub fn get(&mut self, key: &K, now: Instant) -> Option<V> {
        let (asked, value) = self.entries.get_mut(key)?;
        *asked = now;
        Some(value.clone())
    }

    /// Adds a value, in the place of the one that was asked for least recently if there are too many.
    pub fn insert(&mut self, key: K, value: V, now: Instant) {
        if !self.entries.contains_key(&key) && self.entries.len() >= self.most {
            let oldest = self.entries.iter().min_by_key(|(_, (asked, _))| *asked);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.entries.remove(&oldest);
            }
        }
        self.entries.insert(key, (now, value));
    }

    /// Removes a value, if it is the one that is meant.
    pub fn remove(&mut self, key: &K, is_meant: impl FnOnce(&V) -> bool) {
        if self.entries.get(key).is_some_and(|(_, value)| is_meant(value)) {
            self.entries.remove(key);
        }
    }

    /// Removes what nobody has asked for in a while.
    pub fn forget_idle(&mut self, now: Instant) {
        let idle = self.idle;
        self.entries.retain(|_, (asked, _)| now.saturating_duration_since(*asked) < idle);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Recent;

    const IDLE: Duration = Duration::from_mins(1);

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn the_least_recently_asked_for_makes_room() {
        let (mut recent, start) = (Recent::new(2, IDLE), Instant::now());
        recent.insert("a", 1, start);
        recent.insert("b", 2, after(start, 1));
        assert_eq!(recent.get(&"a", after(start, 2)), Some(1));
        recent.insert("c", 3, after(start, 3));
        let now = after(start, 4);
        assert_eq!(["a", "b", "c"].map(|key| recent.get(&key, now)), [Some(1), None, Some(3)]);
        recent.insert("a", 4, now);
        assert_eq!(["a", "c"].map(|key| recent.get(&key, now)), [Some(4), Some(3)]);
    }

    #[test]
    fn what_is_idle_goes_and_what_is_asked_for_stays() {
        let (mut recent, start) = (Recent::new(2, IDLE), Instant::now());
        recent.insert("a", 1, start);
        recent.insert("b", 2, start);
        assert_eq!(recent.get(&"a", after(start, 30)), Some(1));
        recent.forget_idle(after(start, 60));
        assert_eq!(["a", "b"].map(|key| recent.get(&key, after(start, 61))), [Some(1), None]);
    }

    #[test]
    fn only_the_value_that_is_meant_is_removed() {
        let (mut recent, now) = (Recent::new(2, IDLE), Instant::now());
        recent.insert("a", 2, now);
        recent.remove(&"a", |value| *value == 1);
        assert_eq!(recent.get(&"a", now), Some(2));
        recent.remove(&"a", |value| *value == 2);
        assert_eq!(recent.get(&"a", now), None);
    }
}
