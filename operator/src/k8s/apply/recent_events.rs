//! Keeps Events rare: each reason of a resource is published once in ten minutes. The conditions keep showing
//! the state. Losing this memory only costs superfluous Events.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After this, the same reason is published again.
const PAUSE: Duration = Duration::from_mins(10);

/// The recent Events: UID and reason, and when.
#[derive(Debug, Default)]
pub(super) struct RecentEvents(Mutex<HashMap<(String, String), Instant>>);

impl RecentEvents {
    /// Whether this reason was not published recently. Records it as published.
    pub(super) fn is_news(&self, uid: &str, reason: &str, now: Instant) -> bool {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|_, at| now.duration_since(*at) < PAUSE);
        let key = (uid.to_owned(), reason.to_owned());
        if recent.contains_key(&key) {
            return false;
        }
        recent.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::RecentEvents;

    #[test]
    fn the_same_reason_of_the_same_resource_is_told_once_in_ten_minutes() {
        let (recent, start) = (RecentEvents::default(), Instant::now());
        let minute = |minute: u64| start + Duration::from_mins(minute);
        assert!(recent.is_news("a", "WorkersStarted", minute(0)));
        assert!(!recent.is_news("a", "WorkersStarted", minute(9)));
        assert!(recent.is_news("b", "WorkersStarted", minute(9)), "another resource");
        assert!(recent.is_news("a", "WorkersFail", minute(9)), "another reason");
        assert!(recent.is_news("a", "WorkersStarted", minute(10)));
    }
}
